# SPDX-License-Identifier: Apache-2.0
"""The picture on top of a printed page: read from a file that may be anything, and never larger than a page needs.

Pillow reads it, from a short list of formats (none that starts a program), and only after the size that its head
declares was looked at.
"""

import warnings
from io import BytesIO

from PIL import Image

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP")
LOGO_PIXELS_MAX = 25_000_000
#: 8 cm at 400 dots an inch: more would only make the page slow.
DRAWN_PIXELS_MAX = (1260, 1260)


def read_logo(octets: bytes, name: str) -> Image.Image:
    """The picture on white paper, scaled down to what is drawn. `name` is for messages.

    Raises UsageError for what is no picture, is broken, or is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(BytesIO(octets), formats=FORMATS)
            if picture.width * picture.height > LOGO_PIXELS_MAX:
                raise _too_large(name)
            picture.draft("RGB", DRAWN_PIXELS_MAX)
            picture.load()
            return _on_white(picture)
    except UsageError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except Exception as error:  # Pillow's readers raise nearly every kind for broken files
        raise UsageError(
            _("the logo {name} cannot be read as a picture; give one as {formats}, or an empty --logo").format(
                name=name, formats=", ".join(FORMATS)
            )
        ) from error


def _too_large(name: str) -> UsageError:
    return UsageError(
        _("the logo {name} has too many pixels; scale it down to at most {most}").format(
            name=name, most=LOGO_PIXELS_MAX
        )
    )


def _on_white(picture: Image.Image) -> Image.Image:
    colored = picture.convert("RGBA")
    colored.thumbnail(DRAWN_PIXELS_MAX)
    paper = Image.new("RGB", colored.size, "white")
    paper.paste(colored, mask=colored.getchannel("A"))
    return paper
