# SPDX-License-Identifier: Apache-2.0
"""What all walks over records have in common: how they end, and the sizes of paper that drivers number.

A page counts once its last record is there. A stream that is cut off is a lower bound when a page was
complete and an error when none was; the same holds for a length that cannot be.
"""

from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import Duplex
from pagetoll.languages.parsed import Context, Parsed, Run
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

RECORDS_BETWEEN_CHECKS = 256

DMPAPER_POINTS: dict[int, tuple[float, float]] = {
    1: (612.0, 792.0),
    5: (612.0, 1008.0),
    6: (396.0, 612.0),
    7: (522.0, 756.0),
    8: (842.0, 1191.0),
    9: (595.0, 842.0),
    11: (420.0, 595.0),
    13: (516.0, 729.0),
    20: (297.0, 684.0),
    27: (312.0, 624.0),
    28: (459.0, 649.0),
    34: (499.0, 709.0),
    37: (279.0, 540.0),
    43: (283.0, 420.0),
    70: (298.0, 420.0),
}
"""Windows paper numbers, which ZjStream, XQX and OAKT use, in points."""

NAMED_PAPER_POINTS: dict[bytes, tuple[float, float]] = {
    b"A4": (595.0, 842.0),
    b"A5": (420.0, 595.0),
    b"A6": (298.0, 420.0),
    b"B5": (516.0, 729.0),
    b"LETTER": (612.0, 792.0),
    b"LEGAL": (612.0, 1008.0),
    b"EXECUTIVE": (522.0, 756.0),
}
"""Names of paper in the PJL lines of DDST and SPL1, in points; B5 is JIS."""

SIDES_FROM_ONE = {1: Duplex.NONE, 2: Duplex.LONG, 3: Duplex.SHORT}
SIDES_FROM_ZERO = {0: Duplex.NONE, 1: Duplex.LONG, 2: Duplex.SHORT}


def keep(parsed: Parsed, run: Run, end: int, context: Context) -> bool:
    """Count a complete page that ends at `end`. False: the limit of pages is reached, stop here."""
    if parsed.input_pages >= context.limits.input_pages:
        parsed.at_least("limit", end)
        parsed.end = end
        return False
    context.guard.check(end)
    parsed.add(run)
    parsed.page_ends.append(end)
    return True


def cut_off(parsed: Parsed, end: int) -> Parsed:
    """The data ends too early: a lower bound. Raises TruncatedDocument when no page was complete."""
    if not parsed.input_pages:
        raise TruncatedDocument("the print data ends before its first page is complete; send the job again", end)
    parsed.at_least("truncated", end)
    parsed.end = end
    return parsed


def lost(parsed: Parsed, data: "Buffer", position: int, end: int) -> Parsed:
    """No record can start at `position`: a lower bound, and the stream goes on at the next universal exit.

    Raises MalformedDocument when no page was complete.
    """
    if not parsed.input_pages:
        raise MalformedDocument("the print data holds a record that cannot be; send the job again", position)
    parsed.at_least("desync", position)
    parsed.end = next_exit(data, position, end)
    return parsed


def number(octets: bytes, order: str = ">") -> int:
    """The unsigned number in `octets`, big-endian unless `order` is `<`."""
    return int.from_bytes(octets, "little" if order == "<" else "big")
