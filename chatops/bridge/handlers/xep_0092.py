"""Software version, XEP-0092, and entity time, XEP-0202."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from slixmpp.plugins.xep_0092.stanza import Version

from chatops.core.features import DOMAIN, Feature, IqRequest
from chatops.xmpp.elements import Element, add, make

VERSION = "jabber:iq:version"
TIME = "urn:xmpp:time"

software = Feature("XEP-0092", (VERSION,))
time = Feature("XEP-0202", (TIME,))


def own_version() -> str:
    try:
        return version("chatops")
    except PackageNotFoundError:  # run from a checkout
        return "0.1.0"


@software.iq("get", f"{{{VERSION}}}query", at=(DOMAIN,))
async def tell_version(request: IqRequest) -> Version:
    """The name and version; the operating system is nobody's business."""
    answer = Version()
    answer["name"] = "ChatOps"
    answer["version"] = own_version()
    return answer


@time.iq("get", f"{{{TIME}}}time")
async def tell_time(request: IqRequest) -> Element:
    """UTC, without an offset: the service stands everywhere (section 3)."""
    answer = make(f"{{{TIME}}}time")
    add(answer, f"{{{TIME}}}tzo", "+00:00")
    add(answer, f"{{{TIME}}}utc", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return answer
