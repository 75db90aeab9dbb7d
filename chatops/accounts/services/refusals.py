"""What cannot be done with accounts, each with its sentence."""

from chatops.xmpp.errors import BadRequest, Conflict, Forbidden, NotAcceptable, NotAllowed, NotFound


class AlreadyThere(Conflict):
    """There is an account of that name already."""


class NoSuchAccount(NotFound):
    """There is no such account."""


class ForeignDomain(NotAllowed):
    """Accounts are made in this service's own domain only."""


class BadPassword(NotAcceptable):
    """This password cannot be used."""


class BadDetails(NotAcceptable):
    """These details cannot be used."""


class Suspended(NotAllowed):
    """This account is suspended."""


class LastAdministrator(NotAllowed):
    """This is the last administrator; make another one first."""


class NotOneself(NotAllowed):
    """Nobody suspends himself."""


class Outranked(Forbidden):
    """Only an administrator may do this to somebody who uses the console."""


class NoReason(BadRequest):
    """Say why, for the audit trail."""
