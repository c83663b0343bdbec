# SPDX-License-Identifier: Apache-2.0
"""Where one PDF of a stream ends and the next document starts.

Several documents may follow each other on a print stream. A PDF ends at an end-of-file mark behind which a
universal exit, another document or nothing follows; a mark inside an embedded file is none, because there
the file before it is not whole: its cross-reference offset does not fit or a stream is still open.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_NEXT = re.compile(
    rb"%%EOF[\x00\x04\t\n\x0c\r ]*+(?=%PDF-[0-9]|%!PS|\x1b%-12345X|\x1bE|RaS2PwgRaster|UNIRAST\x00|[()] HP-PCL XL;)"
)
_START_REFERENCE = re.compile(rb"startxref[\x00\t\n\x0c\r ]++(\d{1,12})[\x00\t\n\x0c\r ]*+\Z")
_REFERENCE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)")


def document_end(data: "Buffer", start: int, end: int) -> int:
    """The octet behind the PDF that starts at `start`, padding included; `end` when nothing follows it."""
    position = start
    while True:
        mark = _NEXT.search(data, position, end)
        if mark is None:
            return end
        position = mark.start() + 5
        if _is_whole(data, start, mark.start()):
            return mark.end()


def _is_whole(data: "Buffer", start: int, mark: int) -> bool:
    """Whether the octets before an end-of-file mark are a PDF of their own."""
    reference = _START_REFERENCE.search(bytes(data[max(start, mark - 64) : mark]))
    if reference is not None:
        offset = start + int(reference[1])
        if offset < mark and _REFERENCE.match(data, offset, mark):
            return True
    return _streams_closed(data, start, mark)


def _streams_closed(data: "Buffer", start: int, mark: int) -> bool:
    last_open = data.rfind(b"stream", start, mark)
    return last_open < 0 or bytes(data[max(start, last_open - 3) : last_open]) == b"end"
