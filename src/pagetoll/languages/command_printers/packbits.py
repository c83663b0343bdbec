# SPDX-License-Identifier: Apache-2.0
"""The run-length code of most raster commands: a counter below 128 copies counter + 1 octets, one above repeats
the octet behind it 257 - counter times. 128 is a repeat of 129 for Epson and nothing for Canon and HP.
"""

from typing import TYPE_CHECKING

from pagetoll.core.errors import TruncatedDocument

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer


def unpack(data: "Buffer", position: int, end: int, octets: int) -> tuple[bytes, int]:
    """The next `octets` octets of image (or a few more) and the position behind their code.

    Raises TruncatedDocument when the data ends before.
    """
    pieces = []
    while octets > 0:
        if position + 1 >= end:
            raise TruncatedDocument("the data ends within an image; send the job again", end)
        counter = data[position]
        if counter < 128:
            stop = position + counter + 2
            if stop > end:
                raise TruncatedDocument("the data ends within an image; send the job again", end)
            pieces.append(data[position + 1 : stop])
            octets -= counter + 1
            position = stop
        else:
            repeats = 257 - counter
            pieces.append(data[position + 1 : position + 2] * repeats)
            octets -= repeats
            position += 2
    return b"".join(pieces), position


def unpack_piece(piece: bytes, *, repeats_129: bool = False) -> bytes:
    """The image that a whole piece of code holds, as far as it goes. 128 does nothing, or `repeats_129` times."""
    pieces = []
    position, end = 0, len(piece)
    while position + 1 < end:
        counter = piece[position]
        if counter < 128:
            pieces.append(piece[position + 1 : position + counter + 2])
            position += counter + 2
        elif counter > 128 or repeats_129:
            pieces.append(piece[position + 1 : position + 2] * (257 - counter))
            position += 2
        else:
            position += 1
    return b"".join(pieces)
