# SPDX-License-Identifier: Apache-2.0
"""The rows of Brother's laser printers: blocks of PCL raster in method 1030.

    block   rows (16 bit) | row | row ...
    row     255: white    or    number of edits | edit | edit ...
    edit    0oooosss [o ..] [s ..] octets       o octets further on, s + 1 octets as they are
            1oorrrrr [o ..] [r ..] octet        o octets further on, one octet r + 2 times

An edit changes a copy of the row before (white at the start of a block). Offsets and counts with all bits set go on
in further octets, up to one that is not 255. Source: the samples.
"""

from pagetoll.languages.pcl.compression import LONGEST_ROW, more

BLOCKS = 1030
_WHITE = 255
_MOST_ROWS = 4096
_MOST_OCTETS = 1 << 25
"""Of all rows together; on A3 paper, 4096 rows of 2400 dots an inch have 15 million."""


def block_rows(octets: bytes) -> list[bytes] | None:
    """The rows of a block, without white octets at their ends, or None where the block does not hold together."""
    wanted = int.from_bytes(octets[:2], "big")
    if len(octets) < 2 or wanted > _MOST_ROWS:
        return None
    rows: list[bytes] = []
    row = b""
    position, octets_of_rows = 2, 0
    for _row in range(wanted):
        if position >= len(octets):
            return None
        edits = octets[position]
        position += 1
        if edits == _WHITE:
            row = b""
        elif edits:
            changed = _edited(octets, position, edits, row)
            if changed is None:
                return None
            row, position = changed
        rows.append(row)
        octets_of_rows += len(row)
        if octets_of_rows > _MOST_OCTETS:
            return None
    return rows if position == len(octets) else None


def _edited(octets: bytes, position: int, edits: int, row: bytes) -> tuple[bytes, int] | None:
    """The row after its edits, and the position behind them."""
    found, at = bytearray(row), 0
    for _edit in range(edits):
        if position >= len(octets):
            return None
        head = octets[position]
        offset_limit, count_limit, shift = (3, 31, 5) if head & 0x80 else (15, 7, 3)
        offset, count = head >> shift & offset_limit, head & count_limit
        position += 1
        if offset == offset_limit:
            further, position = more(octets, position)
            offset += further
        if count == count_limit:
            further, position = more(octets, position)
            count += further
        length = count + (2 if head & 0x80 else 1)
        taken = 1 if head & 0x80 else length
        piece = octets[position : position + taken]
        position += taken
        at += offset
        if len(piece) < taken or at + length > LONGEST_ROW:
            return None
        found.extend(bytes(max(0, at + length - len(found))))
        found[at : at + length] = piece * length if head & 0x80 else piece
        at += length
    return bytes(found), position
