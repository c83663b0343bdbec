# SPDX-License-Identifier: Apache-2.0
"""Commands that move a print head or say how far apart its dots are, as they are alike in many languages.

A move is looked at before the command's own rule takes its images.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.languages.command_printers.dialect import Dialect
from pagetoll.languages.coverage.dot_grid import UNITS

if TYPE_CHECKING:
    from pagetoll.languages.coverage.heads.pages import DotWalk


_LARGEST_PAPER = 200 * UNITS
Move = Callable[["DotWalk", int], None]
"""(walk, position behind the command's letter)."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is added to a dialect. `step`: what the short vertical movements are counted in, parts of an inch;
    `controls`: octets without ESC that draw nothing; `by_pixels`: rows are pixels of red, green and blue;
    `draws`: its own rules draw, and what the dialect's draw does not count."""

    dialect: Dialect
    text: re.Pattern[bytes]
    moves: Mapping[int, Move]
    step: int = 180
    controls: Mapping[int, Move] = field(default_factory=dict)
    by_pixels: bool = False
    draws: bool = False

    def begin(self, walk: "DotWalk") -> None:
        """Before the first command: the unit is a step."""
        walk.unit = UNITS // self.step


def dots(across: int, down: int) -> tuple[int, int]:
    """Dots per inch as distances."""
    return UNITS // across, UNITS // down


def fixed(across: int, down: int) -> Move:
    """Images whose dots are so many an inch."""

    def move(walk: "DotWalk", _position: int) -> None:
        walk.spacing, walk.bits = dots(across, down), 1

    return move


def line(parts: int) -> Move:
    """A line feed of n parts of an inch."""

    def move(walk: "DotWalk", position: int) -> None:
        walk.line = walk.octet(position) * UNITS // walk.number.get("step", parts)

    return move


def line_of(distance: int) -> Move:
    """A line feed of this distance, in units of the grid."""

    def move(walk: "DotWalk", _position: int) -> None:
        walk.line = distance

    return move


def advance(parts: int) -> Move:
    """The paper moves by n parts of an inch at once."""

    def move(walk: "DotWalk", position: int) -> None:
        walk.grid.y += walk.octet(position) * UNITS // walk.number.get("step", parts)

    return move


def paper_of(walk: "DotWalk", width: int | None, height: int) -> None:
    """What the job says of its paper; of a length alone, the width that goes with it. Larger than any paper is no
    paper: on it, all ink would be nothing."""
    if not 0 < height <= _LARGEST_PAPER or (width or 0) > _LARGEST_PAPER:
        return
    if not width:
        width = round(8.27 * UNITS) if abs(height - 11.69 * UNITS) < UNITS / 20 else 17 * UNITS // 2
    walk.paper = width, height


def page_length(walk: "DotWalk", position: int) -> None:
    """ESC C lines, or ESC C NUL inches."""
    lines = walk.octet(position)
    paper_of(walk, None, lines * walk.line if lines else walk.octet(position + 1) * UNITS)


def letters(letters: bytes, move: Move) -> dict[int, Move]:
    """Letters that share a move, as a table."""
    return dict.fromkeys(letters, move)


def decimal(walk: "DotWalk", position: int, digits: int) -> int:
    """The number that so many digits there spell; 0 where they are none."""
    number = walk.piece(position, digits)
    return int(number) if number.isdigit() else 0


def head(
    dialect: Dialect, moves: Mapping[int, Move], step: int = 180, controls: Mapping[int, Move] | None = None
) -> Head:
    """The head of a dialect, with what its `moves` and `controls` add."""
    return Head(dialect, dialect.text_pattern(), moves, step, controls or {})
