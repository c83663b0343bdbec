# SPDX-License-Identifier: Apache-2.0
"""JBIG1 (ITU-T T.82) as lasers take it: one plane of bits in one layer, decoded by the system's JBIG-KIT.

    header    layers 0, 0 | planes 1 | 0 | columns | rows | rows of a stripe (32 bits each) | 4 octets of options
    stripes   arithmetic codes, each stripe up to FF 02 or FF 03

The library is loaded with this module, so a process that can open no file later has it. It ends its process where
memory runs out, so a header is looked at before: MOST_DOTS take 20 MiB. Where the library is absent nothing is known.
"""

import ctypes
import re
from collections.abc import Iterable, Iterator

from pagetoll.languages.limits import Guard

HEADER_OCTETS = 20
MOST_DOTS = 160_000_000
"""Of a plane: Legal at 1200 dots an inch has 135 million."""
_MOST_STRIPE_DOTS = 80_000_000
"""Some drivers send a page as one stripe. It is decoded in one go, a second or two."""
_STATE_OCTETS = 16384
_COUNTED_OCTETS = 1 << 20
_OK, _MORE = 0, 2 << 4
_STRIPE_END = re.compile(rb"\xff[\x02\x03]")


def _loaded() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libjbig.so.0")
        library.jbg_dec_init.argtypes = library.jbg_dec_free.argtypes = (ctypes.c_void_p,)
        library.jbg_dec_maxsize.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
        library.jbg_dec_in.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
        library.jbg_dec_getimage.argtypes = (ctypes.c_void_p, ctypes.c_int)
        library.jbg_dec_getimage.restype = ctypes.c_void_p
        library.jbg_dec_getsize.argtypes = (ctypes.c_void_p,)
        library.jbg_dec_getsize.restype = ctypes.c_ulong
        library.jbg_dec_init.restype = library.jbg_dec_free.restype = library.jbg_dec_maxsize.restype = None
    except (OSError, AttributeError):
        return None
    return library


_library = _loaded()


def is_available() -> bool:
    """Whether the library is there."""
    return _library is not None


def plane_dots(header: bytes) -> int:
    """How many dots the plane of a header has, 0 where it is none that is read here."""
    if len(header) != HEADER_OCTETS or header[:4] != b"\0\0\1\0":
        return 0
    columns, rows, stripe = (int.from_bytes(header[at : at + 4], "big") for at in (4, 8, 12))
    fits = columns * rows <= MOST_DOTS and columns * min(rows, stripe) <= _MOST_STRIPE_DOTS
    return columns * rows if fits else 0


def marked_dots(header: bytes, chunks: Iterable[bytes], guard: Guard) -> int | None:
    """How many dots of a plane are marked; None where the data is damaged, incomplete or of another kind, where the
    library is absent or the time is over.

    `chunks`: what stands behind the 20 octets of the header, in order; what is behind the last stripe is left out.
    """
    if _library is None or not plane_dots(header):
        return None
    state = ctypes.create_string_buffer(_STATE_OCTETS)
    _library.jbg_dec_init(state)
    try:
        status = _library.jbg_dec_in(state, header, len(header), None)
        for chunk in chunks:
            for stripe in _stripes(chunk):
                if status != _MORE or guard.expired():
                    break
                status = _library.jbg_dec_in(state, stripe, len(stripe), None)
        return _marked(_library, state) if status == _OK else None
    finally:
        _library.jbg_dec_free(state)


def _stripes(chunk: bytes) -> Iterator[bytes]:
    """A chunk in pieces of one stripe at most, so that the time is looked at between them."""
    position = 0
    for stripe_end in _STRIPE_END.finditer(chunk):
        yield chunk[position : stripe_end.end()]
        position = stripe_end.end()
    if position < len(chunk):
        yield chunk[position:]


def _marked(library: ctypes.CDLL, state: ctypes.Array[ctypes.c_char]) -> int | None:
    image, octets = library.jbg_dec_getimage(state, 0), library.jbg_dec_getsize(state)
    if not image:
        return None
    marked = 0
    for position in range(0, octets, _COUNTED_OCTETS):
        piece = ctypes.string_at(image + position, min(_COUNTED_OCTETS, octets - position))
        marked += int.from_bytes(piece, "little").bit_count()
    return marked
