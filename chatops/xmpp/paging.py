"""Result set management, XEP-0059."""

from dataclasses import dataclass

from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.names import RSM

SET = f"{{{RSM}}}set"


@dataclass(frozen=True, slots=True)
class PageWanted:
    """What page the requester asks for; `before` of '' is the last one."""

    most: int | None = None
    after: str | None = None
    before: str | None = None
    index: int | None = None

    @classmethod
    def read(cls, parent: Element) -> "PageWanted":
        """From the ``<set/>`` below that element. Raises BadRequest."""
        element = parent.find(SET)
        if element is None:
            return cls()
        return cls(
            _number(element, "max"),
            _text(element, "after"),
            _text(element, "before"),
            _number(element, "index"),
        )


def page_info(
    first: str | None, last: str | None, *, count: int | None = None, index: int | None = None
) -> Element:
    """The ``<set/>`` of an answer."""
    element = make(SET)
    if first is not None and last is not None:
        add(element, f"{{{RSM}}}first", first, index=None if index is None else str(index))
        add(element, f"{{{RSM}}}last", last)
    if count is not None:
        add(element, f"{{{RSM}}}count", str(count))
    return element


def _text(element: Element, tag: str) -> str | None:
    found = element.find(f"{{{RSM}}}{tag}")
    return None if found is None else (found.text or "")


def _number(element: Element, tag: str) -> int | None:
    text = _text(element, tag)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequest(f"{tag} is a number.")
    return int(text)
