# SPDX-License-Identifier: Apache-2.0
"""A Xerox job ticket (XPIF) in front of PostScript or PDF: `<?xml …?> <xpif …> <copies>3</copies> … </xpif>`.

Copies and sides are read as the IPP attributes they are named after; nothing else of the ticket changes a count.
Source: Xerox Printing Instruction Format; values of sides: RFC 8011 §5.2.8.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.usage import Duplex

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

START = b"<"
_BEGIN = re.compile(rb"(?:<\?xml[^>]{0,200}>\s{0,64})?(?:<!DOCTYPE\s{1,8}xpif\b[^>\[]{0,300}>\s{0,64})?<xpif[\s>]")
_END = b"</xpif>"
_MOST_OCTETS = 1 << 16
_DOCUMENT = re.compile(rb"[\s\x00]{0,1024}(?:%!|%PDF-|(?P<exit>\x1b%-12345X))")
_COPIES = re.compile(rb"<copies(?:\s[^<>]{0,200})?>\s{0,64}([0-9]{1,9})\s{0,64}</copies>")
_ELEMENT = re.compile(rb"<(?:[^\s<>/]{1,64}:)?(copies|sides)(?=[\s/>])")
_REMARK = re.compile(rb"<!--[^<]*?-->|<\?[^<]*?\?>")
_SIDES = re.compile(rb"<sides(?:\s[^<>]{0,200})?>\s{0,64}([a-z-]{1,64})\s{0,64}</sides>")
_KEYWORDS = {
    b"one-sided": Duplex.NONE,
    b"two-sided-long-edge": Duplex.LONG,
    b"two-sided-short-edge": Duplex.SHORT,
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where the ticket ends, what it asks for, and whether a universal exit parts it from its document."""

    end: int
    parted: bool
    copies: int | None = None
    sides: Duplex = Duplex.UNSTATED


def ticket(data: "Buffer", start: int, end: int) -> Ticket | None:
    """The ticket at `start`; None where there is none, or no document behind it, and for one that may mean other
    copies to a reader of XML than are found here. Sides that may be others are none."""
    begun = _BEGIN.match(data, start, end)
    if begun is None:
        return None
    closed = data.find(_END, start, min(end, start + _MOST_OCTETS))
    behind = _DOCUMENT.match(data, closed + len(_END), end)
    if closed < 0 or behind is None:
        return None
    words = bytes(data[begun.end() - 1 : closed])
    copies, sides = _stated(words, b"copies", _COPIES), _stated(words, b"sides", _SIDES)
    if copies is None or _has_hidden(words):
        return None
    return Ticket(
        closed + len(_END),
        behind["exit"] is not None,
        max(1, int(copies[0])) if copies else None,
        _KEYWORDS.get(sides[0], Duplex.UNSTATED) if sides else Duplex.UNSTATED,
    )


def _has_hidden(words: bytes) -> bool:
    """Whether elements may be in a remark, or a remark may be open still at what seems to be the ticket's end."""
    return len(_REMARK.findall(words)) != words.count(b"<!") + words.count(b"<?")


def _stated(words: bytes, name: bytes, pattern: re.Pattern[bytes]) -> list[bytes] | None:
    """The value of an element, if it is there; None where a reader of XML may find another."""
    found, there = pattern.findall(words), [element for element in _ELEMENT.findall(words) if element == name]
    return found if len(found) == len(there) <= 1 else None
