# SPDX-License-Identifier: Apache-2.0
"""The letters of printed pages: DejaVu where the machine has it, else the Vera that comes with reportlab.

The standard PDF fonts know Latin letters only. Both of these are embedded, and a character that the font lacks, or
that is none to be seen, becomes a replacement sign: names and titles come from whoever prints.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import reportlab
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from pagetoll.core.errors import PluginError
from pagetoll.core.messages import _

#: Where Debian, Fedora and Arch keep DejaVu.
FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
    Path("/usr/share/fonts/TTF"),
)
_DEJAVU = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_VERA = ("Vera.ttf", "VeraBd.ttf")
REPLACEMENTS = "\ufffd?"


@dataclass(frozen=True, slots=True)
class Face:
    """A font that reportlab knows under `name`."""

    name: str
    font: TTFont

    def safe(self, text: str) -> str:
        """The text with every character that this font cannot show replaced."""
        known = self.font.face.charToGlyph
        missing = next(sign for sign in REPLACEMENTS if ord(sign) in known)
        return "".join(sign if sign.isprintable() and ord(sign) in known else missing for sign in text)

    def width_pt(self, text: str, size_pt: float) -> float:
        """How wide a line of text is."""
        return float(self.font.stringWidth(text, size_pt))


@dataclass(frozen=True, slots=True)
class Faces:
    """A plain and a bold face of one family."""

    plain: Face
    bold: Face


@cache
def faces() -> Faces:
    """The faces that printed pages use on this machine."""
    return faces_from(FOLDERS)


def faces_from(folders: Sequence[Path]) -> Faces:
    """The faces of the first of these folders that has them, else those that come with reportlab."""
    for plain, bold in _candidates(folders):
        try:
            return Faces(_registered(plain), _registered(bold))
        except (OSError, TTFError):
            continue
    raise PluginError(_("reportlab came without its fonts; install reportlab again"))


def _candidates(folders: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for folder in folders:
        yield folder / _DEJAVU[0], folder / _DEJAVU[1]
    shipped = Path(reportlab.__file__).parent / "fonts"
    yield shipped / _VERA[0], shipped / _VERA[1]


def _registered(path: Path) -> Face:
    font = TTFont(path.stem, str(path))
    registerFont(font)
    return Face(path.stem, font)
