# SPDX-License-Identifier: Apache-2.0
"""Color class of a picture by its pixels, decoded by Pillow under limits.

Pillow's format classes are called by name: its own search would load plug-ins from disk while it counts.
"""

import io
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import TOLERANCE
from pagetoll.languages.window import as_file

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagetoll.languages.parsed import Buffer

MOST_PIXELS = 40_000_000
MOST_PIXELS_BY_FORMAT = {"JPEG2000": 8_000_000}
"""Formats that take more time to decode."""
_BAND_PIXELS = 1 << 20
_HEAD_OCTETS = 16
_DECODING_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    EOFError,
    struct.error,
)


def opener(octets: bytes) -> Callable[[Any], "Image"] | None:
    """The class of Pillow for a picture that starts like this."""
    from PIL import (
        BmpImagePlugin,
        GifImagePlugin,
        Jpeg2KImagePlugin,
        JpegImagePlugin,
        PcxImagePlugin,
        PngImagePlugin,
        PpmImagePlugin,
        PsdImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    if octets.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if octets.startswith(b"\x89PNG"):
        return PngImagePlugin.PngImageFile
    if octets.startswith((b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51")):
        return Jpeg2KImagePlugin.Jpeg2KImageFile
    if octets.startswith(b"GIF8"):
        return GifImagePlugin.GifImageFile
    if octets.startswith(b"BM"):
        return BmpImagePlugin.BmpImageFile
    if octets.startswith((b"II", b"MM")):
        return TiffImagePlugin.TiffImageFile
    if octets.startswith(b"\x0a"):
        return PcxImagePlugin.PcxImageFile
    if octets.startswith(b"8BPS"):
        return PsdImagePlugin.PsdImageFile
    if octets[:1] == b"P" and octets[1:2] in b"1234567":
        return PpmImagePlugin.PpmImageFile
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    return None


@contextmanager
def quietly() -> Iterator[None]:
    """Pillow's warnings about odd pictures say nothing that the class of color does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decoding_errors() -> tuple[type[Exception], ...]:
    """What Pillow raises on broken pictures and on those that it finds too large."""
    from PIL.Image import DecompressionBombError

    return (*_DECODING_ERRORS, DecompressionBombError)


def picture_color(data: "Buffer", start: int, end: int, guard: Guard | None) -> ColorClass:
    """Class of the first frame of the picture in `data[start:end]`; UNKNOWN where it cannot be decoded or is too
    large."""
    opened = opener(data[start : min(end, start + _HEAD_OCTETS)])
    if opened is None:
        return ColorClass.UNKNOWN
    try:
        with quietly(), opened(as_file(data, start, end)) as image:
            return frame_color(image, guard)
    except decoding_errors():
        return ColorClass.UNKNOWN


def tiff_colors(octets: bytes, frames: list[int], guard: Guard) -> dict[int, ColorClass]:
    """Classes of the given frames (numbers of directories) of a TIFF file, as far as they can be decoded."""
    from PIL import TiffImagePlugin

    found: dict[int, ColorClass] = {}
    try:
        with quietly(), TiffImagePlugin.TiffImageFile(io.BytesIO(octets)) as image:
            for frame in frames:
                if guard.expired():
                    break
                found[frame] = _one_frame(image, frame, guard)
    except decoding_errors():
        pass
    return found


def _one_frame(image: Any, frame: int, guard: Guard) -> ColorClass:
    try:
        image.seek(frame)
        return frame_color(image, guard)
    except decoding_errors():
        return ColorClass.UNKNOWN


def frame_color(image: "Image", guard: Guard | None) -> ColorClass:
    """Class of a decoded picture, on white paper where it is transparent."""
    if image.mode in ("1", "L", "I", "F", "I;16", "I;16B", "LA"):
        return ColorClass.MONO
    width, height = image.size
    if width * height > MOST_PIXELS_BY_FORMAT.get(image.format or "", MOST_PIXELS):
        return ColorClass.UNKNOWN
    step = max(1, _BAND_PIXELS // max(1, width))
    for top in range(0, height, step):
        if guard is not None and guard.expired():
            return ColorClass.UNKNOWN
        if _band_is_colored(image.crop((0, top, width, min(height, top + step)))):
            return ColorClass.COLOR
    return ColorClass.MONO


def on_white(band: "Image") -> "Image":
    """The same picture on white paper, RGB, where it is transparent."""
    from PIL import Image

    if band.mode not in ("RGBA", "LA", "PA") and "transparency" not in band.info:
        return band
    over = band.convert("RGBA")
    paper = Image.new("RGB", over.size, "white")
    paper.paste(over, mask=over.getchannel("A"))
    return paper


def _band_is_colored(band: "Image") -> bool:
    from PIL import ImageChops

    band = on_white(band)
    if band.mode != "RGB":
        # CMYK becomes RGB by full ink: black over unequal inks is black.
        band = band.convert("RGB")
    red, green, blue = band.split()
    pairs = ((red, green), (green, blue), (red, blue))
    histograms = (ImageChops.difference(one, other).histogram() for one, other in pairs)
    return any(any(histogram[TOLERANCE + 1 :]) for histogram in histograms)
