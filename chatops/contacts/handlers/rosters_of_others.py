"""What administrators ask about contacts from their clients (XEP-0133 section 4.10)."""

from chatops.accounts import services as accounts
from chatops.contacts import services
from chatops.core.commands import ADMIN, Call, Done, command
from chatops.core.database import in_db
from chatops.core.wire import wire
from chatops.xmpp.forms import FormField

ONE = FormField("accountjid", "jid-single", "The person's address", required=True)


@command(
    f"{ADMIN}#user-stats",
    "Figures of a person",
    permission="accounts.view_user",
    fields=(ONE,),
)
async def tell_figures(call: Call) -> Done:
    """Section 4.10."""
    user = await in_db(accounts.find, call.text("accountjid"))
    snapshot = await in_db(services.roster_of, username=user.username)
    sessions = list(wire().sessions_of(user.jid))
    return Done(
        fields=(
            FormField("ipaddresses", "text-multi", values=sorted({s.address for s in sessions})),
            FormField("rostersize", values=[str(len(snapshot.items) if snapshot else 0)]),
            FormField(
                "onlineresources",
                "text-multi",
                values=sorted(session.jid.resource for session in sessions),
            ),
        )
    )
