# SPDX-License-Identifier: Apache-2.0
"""The table of print jobs that the system test charges and compares: which queue gets which document how.

Data and a small deterministic generator: every pair of values that can occur together does so in at least
one cell, and every queue and document meets each number of copies and each sidedness.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from enum import StrEnum


class Queue(StrEnum):
    """How the queue is made: what the backend gets, and over which real backend it goes out."""

    RAW_SOCKET = "raw-socket"
    RAW_IPP = "raw-ipp"
    PS = "ps"
    PDF = "pdf"
    PXL = "pxl"
    DRIVERLESS_PDF = "driverless-pdf"
    DRIVERLESS_RASTER = "driverless-raster"


class Document(StrEnum):
    PDF = "pdf"
    POSTSCRIPT = "postscript"
    TEXT = "text"
    PWG_RASTER = "pwg-raster"


class Sides(StrEnum):
    ONE = "one-sided"
    TWO = "two-sided-long-edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One print job. `page_ranges` is empty for all pages; the fields are the dimensions, in order."""

    queue: Queue
    document: Document
    copies: int
    sides: Sides
    page_ranges: str
    number_up: int
    user: str

    @property
    def options(self) -> dict[str, str]:
        """The words for `lp -o`; what is not asked for is not there."""
        options = {"sides": str(self.sides)}
        if self.page_ranges:
            options["page-ranges"] = self.page_ranges
        if self.number_up != 1:
            options["number-up"] = str(self.number_up)
        return options

    @property
    def name(self) -> str:
        words = [self.queue, self.document, f"x{self.copies}", self.sides.partition("-")[0]]
        words += ["some"] if self.page_ranges else []
        words += [f"{self.number_up}-up"] if self.number_up != 1 else []
        return " ".join([*words, self.user])


COPIES = (1, 3)
PAGE_RANGES = ("", "2-3")
NUMBER_UP = (1, 2)
USERS = ("anna", "ben")
DIMENSIONS: dict[str, tuple[object, ...]] = {
    "queue": tuple(Queue),
    "document": tuple(Document),
    "copies": COPIES,
    "sides": tuple(Sides),
    "page_ranges": PAGE_RANGES,
    "number_up": NUMBER_UP,
    "user": USERS,
}

RAW_QUEUES = frozenset({Queue.RAW_SOCKET, Queue.RAW_IPP})
# the rows of the copies table where argv[4] counts at the `ipp` backend and the one where it must not, and the
# same two-sided, where filters put a blank side behind each copy of an odd document
SEEDS = tuple(
    Cell(
        queue=queue,
        document=Document.PDF,
        copies=3,
        sides=sides,
        page_ranges="",
        number_up=1,
        user="anna",
    )
    for queue in (Queue.RAW_IPP, Queue.DRIVERLESS_PDF, Queue.DRIVERLESS_RASTER)
    for sides in Sides
)


def why_impossible(cell: Cell) -> str | None:
    """Why no such job is in the table; None for one that can be.

    Every document can go to every queue: CUPS's filters also read PWG raster, and a raw queue takes anything.
    """
    if cell.queue in RAW_QUEUES and (cell.page_ranges or cell.number_up != 1):
        return "page-ranges and number-up are done by a filter, and a raw queue has none"
    return None


Setting = tuple[tuple[str, object], ...]  # names and values, of two or three dimensions


def settings_of(cell: Cell) -> Iterator[Setting]:
    """What one cell covers: each pair of values, and each (queue, document, copies or sides)."""
    values = list(zip(DIMENSIONS, astuple(cell), strict=True))
    yield from itertools.combinations(values, 2)
    queue, document, *_ = values
    for third in values[2:4]:
        yield (queue, document, third)


def all_cells() -> list[Cell]:
    """The full product, in the order of the dimensions."""
    product = itertools.product(Queue, Document, COPIES, Sides, PAGE_RANGES, NUMBER_UP, USERS)
    return [
        Cell(
            queue=queue,
            document=document,
            copies=copies,
            sides=sides,
            page_ranges=page_ranges,
            number_up=number_up,
            user=user,
        )
        for queue, document, copies, sides, page_ranges, number_up, user in product
    ]


def possible_cells() -> list[Cell]:
    """Every cell that is not impossible."""
    return [cell for cell in all_cells() if why_impossible(cell) is None]


def covering_cells(possible: Iterable[Cell], seeds: Iterable[Cell] = ()) -> list[Cell]:
    """The seeds, then, greedily, whichever cell covers most of what is still open.

    Of equal ones the cell with the values used least so far is taken, then the first: so the later cells,
    which have little left to cover, still differ from each other.
    """
    candidates = list(possible)
    chosen: list[Cell] = []
    open_settings = {setting for cell in candidates for setting in settings_of(cell)}
    uses: Counter[tuple[str, object]] = Counter()

    def choose(cell: Cell) -> None:
        chosen.append(cell)
        open_settings.difference_update(settings_of(cell))
        uses.update(zip(DIMENSIONS, astuple(cell), strict=True))

    def worth(cell: Cell) -> tuple[int, int]:
        covered = len(open_settings.intersection(settings_of(cell)))
        return covered, -sum(uses[value] for value in zip(DIMENSIONS, astuple(cell), strict=True))

    for seed in seeds:
        choose(seed)
    while open_settings:
        choose(max(candidates, key=worth))
    return chosen


CELLS = tuple(covering_cells(possible_cells(), SEEDS))
