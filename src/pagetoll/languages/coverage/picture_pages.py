# SPDX-License-Identifier: Apache-2.0
"""The pixels of picture files (TIFF, JPEG, PNG, GIF, BMP, WebP, PCX, Netpbm), decoded by Pillow under limits.

A picture is a page, so its coverage is the mean over its own pixels: what a printer leaves white around it is not
known here. CMYK pictures hold inks, which are taken as they are.
"""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy

from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.spaces import BAND_PIXELS, Pixels, PixelSums, grey_sums, rgb_sums
from pagetoll.languages.documents.images import colors
from pagetoll.languages.limits import Guard
from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LANGUAGES = frozenset(["image", "tiff", "pnm"])
_PCX = b"\x0a"
_SUBFILE_TYPE, _THUMBNAIL_OR_MASK = 254, 5
_FOUR_IMAGES_A_PAGE = b"device=pksm"
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of the picture file `data[start:parsed.end]`; those that cannot be decoded are unseen."""
    if parsed.language == "pnm":
        begin = start
        for end in parsed.page_ends:
            yield _first_frame(bytes(data[begin:end]).lstrip(), context.guard)
            begin = end
    elif parsed.language == "tiff":
        yield from frames(bytes(data[start : parsed.end]), context.guard)
    else:
        begin = start - 1 if data[start - 1 : start] == _PCX else start
        yield _first_frame(bytes(data[begin : parsed.end]), context.guard)


def _first_frame(octets: bytes, guard: Guard) -> Seen:
    opener = colors.opener(octets)
    if opener is None or _FOUR_IMAGES_A_PAGE in octets[:200]:
        return UNSEEN
    return next(_opened(opener, octets, guard, 1), UNSEEN)


def frames(octets: bytes, guard: Guard) -> Iterator[Seen]:
    """Every picture of a picture file that is no thumbnail."""
    opener = colors.opener(octets)
    return iter(()) if opener is None else _opened(opener, octets, guard, 1_000_000)


def _opened(opener: Callable[[Any], Any], octets: bytes, guard: Guard, most: int) -> Iterator[Seen]:
    try:
        with colors.quietly(), opener(io.BytesIO(octets)) as image:
            for number in range(min(most, getattr(image, "n_frames", 1))):
                if guard.expired():
                    return
                image.seek(number)
                if not int(getattr(image, "tag_v2", {}).get(_SUBFILE_TYPE, 0)) & _THUMBNAIL_OR_MASK:
                    yield _seen(image, guard)
    except colors.decoding_errors():
        return


def _seen(image: Any, guard: Guard) -> Seen:
    width, height = image.size
    if not 0 < width * height <= colors.MOST_PIXELS_BY_FORMAT.get(image.format or "", colors.MOST_PIXELS):
        return UNSEEN
    try:
        image.load()
    except colors.decoding_errors():
        return UNSEEN
    total = PixelSums(0, 0, 0, 0, 0, inks=(0, 0, 0, 0)) if image.mode == "CMYK" else PixelSums(0, 0, 0, 0, 0)
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        if guard.expired():
            return UNSEEN
        sums = _band(image.crop((0, top, width, min(height, top + rows))))
        if sums is None:
            return UNSEEN
        total += sums
    return Seen(total.colored, total)


def _band(band: Any) -> PixelSums | None:
    """The sums of some rows on white paper; None for pixels whose white is not known."""
    if band.mode in _DEEP_GREY:
        return grey_sums((numpy.asarray(band) >> 8).astype(numpy.uint8))
    if band.mode in ("I", "F"):
        return None
    if band.mode == "CMYK":
        return _inks(numpy.asarray(band), numpy.asarray(band.convert("RGB")))
    band = colors.on_white(band)
    if band.mode in ("1", "L"):
        return grey_sums(numpy.asarray(band.convert("L")))
    return rgb_sums(numpy.asarray(band.convert("RGB")))


def _inks(inks: Pixels, light: Pixels) -> PixelSums:
    sums = rgb_sums(light)
    cyan, magenta, yellow, black = (int(inks[..., ink].sum(dtype=numpy.uint64)) for ink in range(4))
    return PixelSums(
        sums.pixels, sums.red, sums.green, sums.blue, sums.brightest, sums.colored, (cyan, magenta, yellow, black)
    )
