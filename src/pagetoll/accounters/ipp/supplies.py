# SPDX-License-Identifier: Apache-2.0
"""What a printer says of its supplies, in words: printer-supply with printer-supply-description (PWG 5100.13), or
marker-names with marker-levels (CUPS). A level is a percentage; below 0 the printer knows none.

printer-supply   type=toner;maxcapacity=100;level=30;colorantname=black;
"""

from collections.abc import Mapping, Sequence

from pagetoll.core.plain_text import plain
from pagetoll.wire.ipp import Content

ATTRIBUTES = ("printer-supply", "printer-supply-description", "marker-names", "marker-levels")
#: More than any printer has; the rest is not told.
SUPPLIES_MOST = 12
NAME_MOST = 40


def supplies_in_words(attributes: Mapping[str, Sequence[Content]]) -> str:
    """`black 30 %, cyan 5 %`; "" where the printer tells of no level. In English: the ledger keeps it."""
    found = _of_supplies(attributes) or _of_markers(attributes)
    return ", ".join(f"{name} {level} %" for name, level in found[:SUPPLIES_MOST])


def _of_supplies(attributes: Mapping[str, Sequence[Content]]) -> list[tuple[str, int]]:
    names = [_name(value) for value in attributes.get("printer-supply-description", ())]
    found = []
    for place, value in enumerate(attributes.get("printer-supply", ())):
        fields = _fields(value)
        level, most = _whole(fields.get("level", "")), _whole(fields.get("maxcapacity", ""))
        told = names[place] if place < len(names) else ""
        name = told or fields.get("colorantname", "") or fields.get("type", "")
        if level is not None and name:
            found.append((_name(name), min(100 * level // most, 100) if most else min(level, 100)))
    return found


def _of_markers(attributes: Mapping[str, Sequence[Content]]) -> list[tuple[str, int]]:
    pairs = zip(attributes.get("marker-names", ()), attributes.get("marker-levels", ()), strict=False)
    return [(_name(name), level) for name, level in pairs if isinstance(level, int) and 0 <= level <= 100]


def _fields(value: Content) -> dict[str, str]:
    """The `name=value;` pairs of a supply."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    pairs = (part.partition("=") for part in text[:1023].split(";"))
    return {name.strip().lower(): given.strip() for name, equals, given in pairs if equals}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _name(value: Content) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return plain(text)[:NAME_MOST].strip()
