# SPDX-License-Identifier: Apache-2.0
"""The table of print jobs covers what it promises to cover."""

import itertools
from dataclasses import astuple
from pathlib import Path

from lab.cellprinters import CellPrinters
from lab.independent_count import Printed
from pagetoll.integrations.printlab.cupsd import PrivateCups
from system.cells import (
    CELLS,
    DIMENSIONS,
    SEEDS,
    Cell,
    Document,
    Queue,
    Sides,
    all_cells,
    covering_cells,
    possible_cells,
    why_impossible,
)


def pairs(cell: Cell) -> set[tuple[tuple[int, object], ...]]:
    return set(itertools.combinations(enumerate(astuple(cell)), 2))


def test_every_pair_that_can_occur_does() -> None:
    possible = set().union(*(pairs(cell) for cell in all_cells() if why_impossible(cell) is None))
    assert set().union(*(pairs(cell) for cell in CELLS)) == possible


def test_only_stated_pairs_are_missing() -> None:
    every = {
        pair
        for (i, first), (j, second) in itertools.combinations(enumerate(DIMENSIONS.values()), 2)
        for pair in (((i, a), (j, b)) for a in first for b in second)
    }
    missing = every.difference(*(pairs(cell) for cell in CELLS))
    assert missing == {
        *(((0, queue), (4, "2-3")) for queue in (Queue.RAW_SOCKET, Queue.RAW_IPP)),
        *(((0, queue), (5, 2)) for queue in (Queue.RAW_SOCKET, Queue.RAW_IPP)),
    }


def test_every_queue_and_document_meets_each_copies_and_sides() -> None:
    met = set(itertools.product(Queue, Document))
    assert {(cell.queue, cell.document, cell.copies) for cell in CELLS} == {(*one, n) for one in met for n in (1, 3)}
    assert {(cell.queue, cell.document, cell.sides) for cell in CELLS} == {(*one, s) for one in met for s in Sides}


def test_the_table_has_a_fit_size_and_no_cell_twice() -> None:
    assert 40 <= len(CELLS) <= 60
    assert len(set(CELLS)) == len(CELLS)
    assert len({cell.name for cell in CELLS}) == len(CELLS)


def test_the_rows_where_the_copies_argument_counts_are_in() -> None:
    assert {(cell.queue, cell.copies) for cell in SEEDS} >= {(Queue.RAW_IPP, 3), (Queue.DRIVERLESS_PDF, 3)}
    assert set(SEEDS) <= set(CELLS)


# Five pages, three copies: one-sided, then two-sided with the blank side that filters put behind each copy
PLAIN_QUEUES = {
    Queue.RAW_IPP: (Printed(impressions=15, media_sheets=15), Printed(impressions=15, media_sheets=9)),
    Queue.DRIVERLESS_PDF: (Printed(impressions=15, media_sheets=15), Printed(impressions=18, media_sheets=9)),
    Queue.DRIVERLESS_RASTER: (Printed(impressions=15, media_sheets=15), Printed(impressions=18, media_sheets=9)),
}


def test_plain_queues_print_what_was_measured_by_hand(lab_folder: Path, cups: PrivateCups) -> None:
    with CellPrinters(lab_folder, cups) as printers:
        for cell in SEEDS:
            wanted = PLAIN_QUEUES[cell.queue][cell.sides is Sides.TWO]
            assert printers.print_cell(cell).printed == wanted, cell.name


def test_the_table_is_the_same_each_time() -> None:
    assert tuple(covering_cells(possible_cells(), SEEDS)) == CELLS
