"""A moderated room where somebody acts on somebody else, and an owner puts all back as it was."""

from dataclasses import dataclass, field

from tests.conversation import Client, Element
from tests.protocol.xep_0045.talk import MUC, USER, admin, condition, enter, item, seen, settled

Standing = tuple[str, str]  # affiliation and role
TYPES = {"forbidden": "auth", "not-allowed": "cancel", "conflict": "cancel"}
FIRST = {
    "outcast": "none",
    "none": "visitor",
    "member": "participant",
    "admin": "moderator",
    "owner": "moderator",
}


@dataclass
class Stage:
    """The owner is inside as alice, the others as actor and target."""

    owner: Client
    room: str
    people: dict[str, Client]
    now: dict[str, Standing] = field(default_factory=dict)

    async def put(self, nick: str, standing: Standing) -> None:
        """Have somebody stand like that, whatever happened before."""
        rank, role = standing
        client, (had_rank, had_role) = self.people[nick], self.now.get(nick, ("none", "none"))
        if rank != had_rank:
            await self._set(f"<item jid='{client.bare}' affiliation='{rank}'/>")
            if had_role != "none":
                had_role = FIRST[rank]
        if role != "none" and had_role == "none":
            await enter(client, self.room, nick)
            had_role = await self._role_of(nick)
        if role != had_role:
            await self._set(f"<item nick='{nick}' role='{role}'/>")
        self.now[nick] = standing

    async def _set(self, item_text: str) -> None:
        answer = await admin(self.owner, self.room, item_text)
        assert answer.get("type") == "result", item_text

    async def _role_of(self, nick: str) -> str:
        """Voice outlasts a visit, so that entering need not give the first role."""
        for role in ("visitor", "participant", "moderator"):
            answer = await self.owner.ask(
                f"<iq type='get' id='role' to='{self.room}'><query xmlns='{MUC}#admin'>"
                f"<item role='{role}'/></query></iq>"
            )
            if any(each.get("nick") == nick for each in answer.iter(f"{{{MUC}#admin}}item")):
                return role
        raise AssertionError(nick)

    async def acts(self, item_text: str) -> str:
        """The actor's request: "" where it is granted, else the condition, of the right type."""
        await settled(self.owner)
        answer = await admin(self.people["actor"], self.room, item_text)
        refusal = condition(answer)
        if refusal:
            error = answer.find("{*}error")
            assert error is not None
            assert error.get("type") == TYPES[refusal]
            assert answer.find(f"{{{MUC}#admin}}query/{{{MUC}#admin}}item") is not None
        return refusal

    async def shows(self, rank: str, role: str, *codes: int) -> Element:
        """The owner sees that the target stands like this now."""
        self.now["target"] = rank, role
        type_ = "unavailable" if role == "none" else "-"
        shown = seen(self.room, "target", item(rank, role), *codes, type_=type_)
        found = await self.owner.wait_for(shown)
        assert len(found.findall(f"{{{USER}}}x")) == 1
        return found
