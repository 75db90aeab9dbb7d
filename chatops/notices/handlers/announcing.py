"""Announcements from clients (XEP-0133 section 4.23): notices, as the browser sends them."""

from chatops.audit.services import Actor
from chatops.core.commands import ADMIN, Call, Done, command
from chatops.core.database import in_db
from chatops.notices import services
from chatops.notices.models import Audience, Notice
from chatops.xmpp.forms import FormField

WORDS = (
    FormField("subject", label="Subject"),
    FormField("announcement", "text-multi", "Announcement", required=True),
)


@command(
    f"{ADMIN}#announce",
    "Send an announcement to people who are online",
    permission="notices.send_notice",
    fields=WORDS,
)
async def announce(call: Call) -> Done:
    """To those who are online now."""
    return await in_db(_send, call, Audience.ONLINE)


@command(
    f"{ADMIN}#announce-all",
    "Send an announcement to everybody",
    permission="notices.send_notice",
    fields=WORDS,
)
async def announce_to_all(call: Call) -> Done:
    """To everybody; the absent get it when they come."""
    return await in_db(_send, call, Audience.ALL)


def _send(call: Call, audience: Audience) -> Done:
    session = call.session
    by = Actor.client(session.bare, session.user_id, session.address or None)
    notice: Notice = services.compose(
        by=by,
        subject=call.text("subject"),
        body="\n".join(call.form.values.get("announcement", [])),
        wants_receipt=True,
        audience=audience,
    )
    services.start(notice, by=by)
    people = services.progress(notice)["total"]
    return Done(f"On its way to {people} people as notice {notice.pk}.")
