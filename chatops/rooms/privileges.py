"""Who may do what to whom: XEP-0045's tables of roles and affiliations. Pure."""

from chatops.rooms.occupants import Occupant, Role
from chatops.xmpp.errors import Conflict, Forbidden, NotAllowed

RANKS = ("outcast", "none", "member", "admin", "owner")  # affiliations, from low to high
STAFF = ("admin", "owner")


class NotEnoughRank(NotAllowed):
    """That person's affiliation is as high as yours, or higher."""


class AlwaysModerators(NotAllowed):
    """Admins and owners always are moderators."""


class NeedsModerator(Forbidden):
    """Only moderators may do this."""


class NeedsAdmin(Forbidden):
    """Only the room's admins and owners may do this."""


class NeedsOwner(Forbidden):
    """Only the room's owners may do this."""


class LastOwner(Conflict):
    """A room needs an owner; make somebody else one first."""


class OwnBan(Conflict):
    """Nobody can ban themselves."""


def is_higher(rank: str, other: str) -> bool:
    return RANKS.index(rank) > RANKS.index(other)


def first_role(rank: str, *, moderated: bool) -> Role:
    """The role on entering, section 5.1.2."""
    if rank in STAFF:
        return Role.MODERATOR
    if rank == "member" or not moderated:
        return Role.PARTICIPANT
    return Role.VISITOR


def role_after(role: Role, before: str, after: str, *, moderated: bool) -> Role:
    """The role of somebody inside whose affiliation changes (section 5.1.3).

    Only staff lose being moderators with their rank; to others it was given.
    """
    if role == Role.MODERATOR and before not in STAFF and after != "outcast":
        return role
    return first_role(after, moderated=moderated)


def may_change_role(actor: Occupant, target: Occupant, role: Role) -> None:
    """Sections 8.2 to 8.4, 9.6 and 9.7. Raises a refusal."""
    if actor.role != Role.MODERATOR:
        raise NeedsModerator
    if role == Role.NONE and is_higher(target.rank, actor.rank):
        raise NotEnoughRank
    if role in (Role.VISITOR, Role.PARTICIPANT) and target.rank in STAFF:
        raise AlwaysModerators
    if Role.MODERATOR in (role, target.role) and actor.rank not in STAFF:
        raise NeedsAdmin
    if role == Role.VISITOR and target.rank != "none" and not is_higher(actor.rank, target.rank):
        raise NotEnoughRank


def may_change_rank(actor: str, actor_rank: str, target: str, target_rank: str, rank: str) -> None:
    """Sections 9.1 to 9.5 and 10.3 to 10.8; `actor` and `target` are bare JIDs. Raises a refusal.

    Whether an owner is left is for who makes the change to see.
    """
    if actor_rank not in STAFF:
        raise NeedsAdmin
    if rank == "outcast" and actor == target:
        raise OwnBan
    if actor_rank == "owner":
        return
    if target_rank in STAFF:
        raise NotEnoughRank
    if rank in STAFF:
        raise NeedsOwner


def may_see_ranks(asked: str, rank: str, *, inside: bool, open_names: bool) -> bool:
    """Who gets a list of affiliations (sections 9.2, 9.5, 10.5, 10.8 and the note to 5.2.1).

    `inside`: in a role that may see the members, and their addresses anyway. `open_names`: so may
    everybody there, and then members may from outside, too.
    """
    if asked == "outcast":
        return rank in STAFF
    if inside and (open_names or asked == "member"):
        return True
    if open_names and rank == "member":
        return True
    if asked in STAFF:
        return rank == "owner" or (open_names and rank == "admin")
    return rank in STAFF
