# SPDX-License-Identifier: Apache-2.0
"""Raster rows of PCL uncompressed: methods 0 (none), 1 (run length), 2 (TIFF packbits), 3 (delta row) and 9.

    method 3    cccooooo [oooooooo ..] octets       replace c + 1 octets, o further on in the row before
    method 9    0oooo ccc [o ..] [c ..] octets      c + 1 octets as they are
                1oo ccccc [o ..] [c ..] octet       one octet c + 2 times

Offsets and counts with all bits set go on in further octets, up to one that is not 255.
Sources: HP PCL 5 Technical Reference; method 9 by what drivers write.
"""

from collections.abc import Callable

Decoder = Callable[[bytes, bytes], bytes]
LONGEST_ROW = 1 << 18


def _as_it_is(row: bytes, _seed: bytes) -> bytes:
    return row


def _run_length(row: bytes, _seed: bytes) -> bytes:
    return b"".join(bytes([row[at + 1]]) * (row[at] + 1) for at in range(0, min(len(row) - 1, LONGEST_ROW), 2))


def _packbits(row: bytes, _seed: bytes) -> bytes:
    found = bytearray()
    position, end = 0, len(row)
    while position < end and len(found) < LONGEST_ROW:
        control = row[position]
        position += 1
        if control < 128:
            found += row[position : position + control + 1]
            position += control + 1
        elif control > 128:
            found += row[position : position + 1] * (257 - control)
            position += 1
    return bytes(found)


def more(row: bytes, position: int) -> tuple[int, int]:
    """The sum of octets up to and with the first that is not 255, and the position behind it."""
    total = 0
    while position < len(row):
        octet = row[position]
        total += octet
        position += 1
        if octet != 255:
            break
    return total, position


def _replace(found: bytearray, at: int, octets: bytes) -> None:
    if at > len(found):
        found.extend(bytes(at - len(found)))
    found[at : at + len(octets)] = octets


def _delta_row(row: bytes, seed: bytes) -> bytes:
    found = bytearray(seed)
    position, end, at = 0, len(row), 0
    while position < end and at < LONGEST_ROW:
        control = row[position]
        position += 1
        at += control & 31
        if control & 31 == 31:
            extra, position = more(row, position)
            at += extra
        octets = row[position : position + (control >> 5) + 1]
        _replace(found, min(at, LONGEST_ROW), octets)
        position += len(octets) or 1
        at += len(octets)
    return bytes(found)


def _compressed_delta_row(row: bytes, seed: bytes) -> bytes:
    found = bytearray(seed)
    position, end, at = 0, len(row), 0
    while position < end and at < LONGEST_ROW:
        control = row[position]
        position += 1
        runs = control >= 128
        offset, longest_offset = (control >> 5 & 3, 3) if runs else (control >> 3 & 15, 15)
        count, longest_count = (control & 31, 31) if runs else (control & 7, 7)
        if offset == longest_offset:
            extra, position = more(row, position)
            offset += extra
        if count == longest_count:
            extra, position = more(row, position)
            count += extra
        at += offset
        if runs:
            octets = row[position : position + 1] * min(count + 2, LONGEST_ROW)
            position += 1
        else:
            octets = row[position : position + count + 1]
            position += count + 1
        _replace(found, min(at, LONGEST_ROW), octets)
        at += len(octets)
    return bytes(found)


DECODERS: dict[int, Decoder] = {
    0: _as_it_is,
    1: _run_length,
    2: _packbits,
    3: _delta_row,
    9: _compressed_delta_row,
}
BY_SEED = frozenset([3, 9])
"""Methods whose rows change the row before; with them an empty row is that row again."""


def adaptive_rows(block: bytes, seed: bytes) -> list[bytes]:
    """Method 5: a block of rows, each with its own method and length. Empty and repeated rows add nothing new."""
    found: list[bytes] = []
    position = 0
    while position + 3 <= len(block):
        method = block[position]
        length = int.from_bytes(block[position + 1 : position + 3], "big")
        position += 3
        if method == 4:
            seed = b""
        elif method in DECODERS:
            seed = DECODERS[method](block[position : position + length], seed)
            found.append(seed)
            position += length
        elif method != 5:
            break
    return found
