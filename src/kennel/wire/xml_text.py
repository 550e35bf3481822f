"""Text as XML 1.0 can hold it.

Control characters, lone surrogates, U+FFFE and U+FFFF have no place in an XML 1.0 document, not
even as references: a parser refuses the whole of it. Source: "Characters" in the XML 1.0
recommendation, section 2.2.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

__all__ = ["as_element_text", "readable"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"


def readable(document: str) -> str:
    """A document, or escaped text for one, that every parser reads: U+FFFD stands for each
    character that none may hold. A carriage return becomes a reference: bare, a parser takes it
    for a line feed."""
    return _FORBIDDEN.sub(_REPLACEMENT, document).replace("\r", "&#13;")


def as_element_text(text: str) -> str:
    """Any text as what stands between two tags."""
    return readable(escape(text))
