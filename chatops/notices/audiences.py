"""Who a notice is for."""

import re

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Left, Length

from chatops.accounts.models import User
from chatops.core import wire
from chatops.notices.models import Audience, Notice
from chatops.rooms.models import Affiliation
from chatops.rooms.snapshots import inside_of
from chatops.xmpp.errors import NotAcceptable

MOST_ON_LIST = 20_000
NAMED = 10  # of the unknown ones, in a sentence


class UnknownPeople(NotAcceptable):
    """Some of the addresses on the list are nobody's."""


class ListTooLong(NotAcceptable):
    """The list is longer than a list may be."""


class NoListGiven(NotAcceptable):
    """The list has no address on it yet."""


class NoRoomChosen(NotAcceptable):
    """The room whose people are meant has not been chosen, or is gone."""


class ServiceElsewhere(NotAcceptable):
    """Who is online is known to the running service alone."""


def audience_of(notice: Notice) -> "QuerySet[User]":
    """Those it is for, at this moment; suspended people are not.

    Raises UnknownPeople, ListTooLong, NoListGiven, NoRoomChosen, ServiceElsewhere.
    """
    people = User.objects.filter(is_active=True).order_by("pk")
    match notice.audience:
        case Audience.ONLINE:
            return people.filter(pk__in=_online())
        case Audience.ROOM:
            return people.filter(_in_room(notice))
        case Audience.LIST:
            return people.filter(username__in=_names_on_list(notice.addresses))
        case _:
            return people


def _online() -> set[int]:
    if not wire.running():
        raise ServiceElsewhere
    return {each.user_id for each in list(wire.wire().all_sessions()) if each.presence is not None}


def _in_room(notice: Notice) -> Q:
    """Those who have a standing with the room (a ban is none), and those who are inside."""
    if notice.room is None:
        raise NoRoomChosen
    host = f"@{settings.CHATOPS_DOMAIN}"
    ranked = (
        Affiliation.objects.filter(room=notice.room, jid__endswith=host)
        .exclude(rank=Affiliation.Rank.OUTCAST)
        .order_by()
        .values_list(Left("jid", Length("jid") - len(host)), flat=True)
    )
    inside = {each.jid for each in inside_of(notice.room.localpart)}
    return Q(username__in=ranked) | Q(username__in=[_local(jid) for jid in inside if _is_ours(jid)])


def _names_on_list(text: str) -> set[str]:
    wanted = {word.lower() for word in re.split(r"[\s,;]+", text) if word}
    if not wanted:
        raise NoListGiven
    if len(wanted) > MOST_ON_LIST:
        raise ListTooLong(f"A list may have {MOST_ON_LIST:,} addresses; this has {len(wanted):,}.")
    names = {_local(word) for word in wanted if "@" not in word or _is_ours(word)}
    known = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    unknown = sorted(
        word for word in wanted if _local(word) not in known or ("@" in word and not _is_ours(word))
    )
    if unknown:
        more = len(unknown) - NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        raise UnknownPeople(f"Nobody here has the address {', '.join(unknown[:NAMED])}{rest}.")
    return known


def _local(jid: str) -> str:
    return jid.partition("@")[0]


def _is_ours(jid: str) -> bool:
    return jid.partition("@")[2] == settings.CHATOPS_DOMAIN
