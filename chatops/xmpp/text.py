"""Text that XML can carry."""

import re
from typing import Final

# What XML 1.0 section 2.2 leaves out of its characters.
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Word processors' own line breaks come with what is pasted from them.
_BREAKS: Final = re.compile("\r\n?|\x0b|\x0c")


def fit_for_xml(text: str) -> str:
    """The text with plain line breaks, and without the control characters that XML forbids."""
    return _UNFIT.sub("", _BREAKS.sub("\n", text))
