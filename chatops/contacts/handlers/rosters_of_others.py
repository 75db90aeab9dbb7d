"""What administrators ask about contacts from their clients (XEP-0133 sections 4.8 and 4.10)."""

from chatops.accounts import services as accounts
from chatops.contacts import services
from chatops.contacts.pushes import QUERY, add_item
from chatops.core.commands import ADMIN, Call, Done, command
from chatops.core.database import in_db
from chatops.core.wire import wire
from chatops.xmpp.elements import make
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.forms import FormField

ONE = FormField("accountjid", "jid-single", "The person's address", required=True)
WHOSE = FormField("accountjids", "jid-multi", "Whose roster", required=True)


@command(
    f"{ADMIN}#get-user-roster",
    "Contacts of a person",
    permission="contacts.view_rosteritem",
    fields=(WHOSE,),
)
async def show_roster(call: Call) -> Done:
    """Section 4.8; the result has room for one roster."""
    named = call.values("accountjids")
    if len(named) != 1:
        raise BadRequest("Name one person at a time.")
    user = await in_db(accounts.find, named[0])
    snapshot = await in_db(services.roster_of, username=user.username)
    query = make(QUERY)
    for item in snapshot.items if snapshot is not None else ():
        add_item(query, item)
    whose = FormField("accountjids", "jid-multi", values=[user.jid])
    return Done(fields=(whose,), payload=query)


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
