# SPDX-License-Identifier: Apache-2.0
"""The page about the life of a job holds exactly what is drawn from the table."""

from pagetoll.core.lifecycle import TRANSITIONS, Command, Event, State
from shape.tree import ROOT, drawn_by

PAGE = ROOT / "docs" / "concepts" / "life-of-a-job.md"


def drawn() -> str:
    return drawn_by("draw_lifecycle.py")


def test_the_page_holds_what_the_table_says() -> None:
    assert drawn() in PAGE.read_text(encoding="utf-8"), "run: python tools/draw_lifecycle.py --write"


def test_the_drawing_has_every_row_of_the_table() -> None:
    rows = [line.split(" | ") for line in drawn().splitlines() if line.startswith("| ")]
    seen = {(state.strip("| "), event.strip("`")) for state, events, *_ in rows for event in events.split(", ")}
    assert {(str(state), str(event)) for state, event in TRANSITIONS} <= seen


def test_the_page_explains_every_state_event_and_command() -> None:
    """Outside the drawing: what a word means stands in the text."""
    page = PAGE.read_text(encoding="utf-8").replace(drawn(), "")
    unexplained = [word for kind in (State, Event, Command) for word in kind if f"`{word}`" not in page]
    assert unexplained == []
