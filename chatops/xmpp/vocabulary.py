"""A bounded set of the names that clients use in XML.

libxml2 keeps every element name, attribute name and namespace that it has ever parsed, for the life
of the process. What real clients say is a few thousand names; beyond a bound, new ones are refused.
"""

from chatops.xmpp.errors import StreamFault

LONGEST_NAME = 1_024
MOST_CHARACTERS = 8_000_000


class Vocabulary:
    """The names seen so far; `learn` is called for those that are not in `known`."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self.known: set[str] = set()
        self._left = most_characters

    def learn(self, name: str) -> None:
        """Raises StreamFault for a name that is too long, or one too many."""
        if len(name) > LONGEST_NAME:
            raise StreamFault("policy-violation", "A name in the XML is too long.")
        if len(name) > self._left:
            raise StreamFault("policy-violation", "Too many different names in the XML.")
        self._left -= len(name)
        self.known.add(name)


VOCABULARY = Vocabulary()
