"""Blocking command reports, XEP-0377: kept for administrators to judge, passed on to nobody."""

from dataclasses import dataclass

from chatops.core.features import DOMAIN, Feature
from chatops.xmpp.elements import Element, text_of
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.names import REPORTING, STANZA_ID

_REPORT, _STANZA_ID = f"{{{REPORTING}}}report", f"{{{STANZA_ID}}}stanza-id"

reporting = Feature("XEP-0377", (REPORTING,), at=(DOMAIN,))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody says of an address that he blocks."""

    jid: str
    reason: str
    text: str
    stanza_ids: tuple[str, ...]


def read_complaint(item: Element) -> Complaint | None:
    """The report in an item of a block command, if there is one."""
    report = item.find(_REPORT)
    if report is None:
        return None
    reason = report.get("reason")
    if not reason:
        raise BadRequest("A report has a reason.")
    return Complaint(
        item.get("jid", ""),
        reason,
        (text_of(report, "text", REPORTING) or "").strip(),
        tuple(each.get("id", "") for each in report.iterchildren(_STANZA_ID)),
    )
