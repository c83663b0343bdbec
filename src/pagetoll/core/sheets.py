# SPDX-License-Identifier: Apache-2.0
"""A printed page of ours (invoice, receipt, banner) as data: what stands on it, and how large the paper is.

Paper is named as reportlab's users do (A4, letter) or by PWG 5101.1 self-describing names (iso_a4_210x297mm).
"""

import re
from dataclasses import dataclass
from decimal import Decimal

HUNDREDTHS_PER_INCH = 2540
SMALLEST_HUNDREDTHS_MM = (7000, 10000)
LARGEST_HUNDREDTHS_MM = 250_000


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line of a sheet: what it is, and its value. A strong one stands out."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page. `details` are small lines below the rows, as many as fit; the footer stands at the bottom."""

    title: str
    rows: tuple[SheetRow, ...]
    details: tuple[str, ...] = ()
    footer: str = ""


@dataclass(frozen=True, slots=True)
class PaperSize:
    """Width and height in hundredths of a millimetre, as PWG measures paper."""

    width_hundredths_mm: int
    height_hundredths_mm: int


def _inches(width: str, height: str) -> PaperSize:
    return PaperSize(*(int(Decimal(side) * HUNDREDTHS_PER_INCH) for side in (width, height)))


def _series(letter: str, *sizes_mm: tuple[int, int]) -> dict[str, PaperSize]:
    """ISO 216 and 269 from size 0 on."""
    return {
        f"{letter}{number}": PaperSize(width * 100, height * 100) for number, (width, height) in enumerate(sizes_mm)
    }


PAPER_SIZES: dict[str, PaperSize] = {
    **_series("a", (841, 1189), (594, 841), (420, 594), (297, 420), (210, 297), (148, 210), (105, 148), (74, 105)),
    **_series("b", (1000, 1414), (707, 1000), (500, 707), (353, 500), (250, 353), (176, 250), (125, 176), (88, 125)),
    **_series("c", (917, 1297), (648, 917), (458, 648), (324, 458), (229, 324), (162, 229), (114, 162), (81, 114)),
    "letter": _inches("8.5", "11"),
    "legal": _inches("8.5", "14"),
    "elevenseventeen": _inches("11", "17"),
    "tabloid": _inches("11", "17"),
    "ledger": _inches("17", "11"),
    "junior_legal": _inches("5", "8"),
    "half_letter": _inches("5.5", "8.5"),
    "gov_letter": _inches("8", "10.5"),
    "gov_legal": _inches("8.5", "13"),
    "executive": _inches("7.25", "10.5"),
}
A4 = PAPER_SIZES["a4"]

_PWG = re.compile(r"[a-z0-9_.-]{1,100}?_([0-9]{1,4}(?:\.[0-9]{1,3})?)x([0-9]{1,4}(?:\.[0-9]{1,3})?)(mm|in)", re.ASCII)


def paper_size(name: str) -> PaperSize | None:
    """The paper of that name in any case; None for an unknown one, and for one that no page of ours fits on."""
    word = name.strip().lower()
    found = PAPER_SIZES.get(word.replace("-", "_"))
    if found is None and (parts := _PWG.fullmatch(word)):
        per_unit = 100 if parts[3] == "mm" else HUNDREDTHS_PER_INCH
        found = PaperSize(int(Decimal(parts[1]) * per_unit), int(Decimal(parts[2]) * per_unit))
    return found if found is not None and _fits(found) else None


def _fits(size: PaperSize) -> bool:
    short, long = sorted((size.width_hundredths_mm, size.height_hundredths_mm))
    return short >= SMALLEST_HUNDREDTHS_MM[0] and SMALLEST_HUNDREDTHS_MM[1] <= long <= LARGEST_HUNDREDTHS_MM
