# SPDX-License-Identifier: Apache-2.0
"""Two OKI lasers with commands of their own: the OKI 4w and the ML600.

    ESC %-98765X  FS 14 n + n octets  ESC & A nn + nn octets  ESC $ A  ESC * A mode nn + nn octets  ESC $ B (page end)

    ESC / F2  ESC | id nn + nn octets  ESC | A7 (16 bit, high octet first) + image  ...  FF  ESC / FE

Learned from what Ghostscript writes for them.
"""

from pagetoll.languages.command_printers.dialect import Dialect, Walk, reader, skip, table

_IMAGE = 0xA7


def _set_up(walk: Walk, position: int) -> int:
    """ESC & B, or ESC & A with counted octets."""
    if walk.octet(position) == 0x41:
        return position + 3 + walk.word(position + 1)
    return position + 1


def _page(walk: Walk, position: int) -> int:
    """ESC $ A begins a page, ESC $ B ends it."""
    walk.fed = True
    if walk.octet(position) == 0x42:
        walk.end_page(position + 1)
    return position + 1


def _rows(walk: Walk, position: int) -> int:
    """ESC * A mode nn image; ESC * B nn: rows left out."""
    if walk.octet(position) == 0x41:
        return walk.image(position + 4, walk.word(position + 2))
    return position + 3


def _fs(walk: Walk, position: int) -> int:
    if walk.octet(position) == 0x14:
        return position + 2 + walk.octet(position + 1)
    return position + 2


def _numbered(walk: Walk, position: int) -> int:
    if walk.octet(position) == _IMAGE:
        return walk.image(position + 3, walk.octet(position + 1) << 8 | walk.octet(position + 2))
    return position + 3 + walk.word(position + 1)


begins, parse = reader(
    Dialect(
        "okidata",
        table((b"%", skip(7)), (b"&", _set_up), (b"$", _page), (b"*", _rows), (b"\x7f", skip(1))),
        {0x1C: _fs},
    )
)
ml600_begins, parse_ml600 = reader(Dialect("okidata", table((b"/", skip(1)), (b"|", _numbered))))
