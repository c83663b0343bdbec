# SPDX-License-Identifier: Apache-2.0
"""Draws the life of an attempt from the table in pagetoll.core.lifecycle, as the Markdown that its page holds.

python tools/draw_lifecycle.py           prints it
python tools/draw_lifecycle.py --write   puts it into docs/concepts/life-of-a-job.md, between the two marks
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from pagetoll.core.lifecycle import TRANSITIONS, Event, State, Transition

PAGE = Path(__file__).resolve().parents[1] / "docs" / "concepts" / "life-of-a-job.md"
BEGIN = "<!-- drawn by tools/draw_lifecycle.py from core/lifecycle.py -->"
END = "<!-- end of the drawing -->"


def drawing() -> str:
    """The diagram and the table, with the marks around them."""
    return f"{BEGIN}\n\n{diagram()}\n{table()}\n{END}\n"


def diagram() -> str:
    """A Mermaid state diagram: one arrow for all events that lead from a state to the same other one."""
    arrows: dict[tuple[State, State], list[Event]] = {}
    for (state, event), transition in TRANSITIONS.items():
        arrows.setdefault((state, transition.state), []).append(event)
    lines = [f"    [*] --> {State.RECEIVED}"]
    lines += [
        f"    {state} --> {following}: {', '.join(map(str, arrows[state, following]))}"
        for state, following in sorted(arrows, key=_in_order)
    ]
    lines.append(f"    {State.FINISHED} --> [*]")
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def table() -> str:
    """Every row of the table: events of a state that do the same stand together."""
    together: dict[tuple[State, Transition], list[Event]] = {}
    for (state, event), transition in TRANSITIONS.items():
        together.setdefault((state, transition), []).append(event)
    rows = sorted(together.items(), key=lambda item: _in_order((item[0][0], item[0][1].state)))
    lines = ["| in state | event | command | then in state |", "|---|---|---|---|"]
    lines += [
        f"| {state} | {_listed(events)} | `{transition.command}` | {transition.state} |"
        for (state, transition), events in rows
    ]
    return "\n".join([*lines, ""])


def _listed(events: Iterable[Event]) -> str:
    return ", ".join(f"`{event}`" for event in events)


def _in_order(states: tuple[State, State]) -> tuple[int, int]:
    """States stand in the order in which the table's module names them: the way of a job that prints."""
    order = list(State)
    return order.index(states[0]), order.index(states[1])


def with_drawing(page: str) -> str:
    """The page with the drawing of today. Raises ValueError where the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(f"{END}\n")
    if not begin or not end:
        raise ValueError(f"{PAGE} has no marks around the drawing: {BEGIN} and {END}")
    return f"{before}{drawing()}{after}"


def main(arguments: list[str]) -> int:
    """Print the drawing, or write it into its page."""
    if arguments == ["--write"]:
        PAGE.write_text(with_drawing(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    if arguments:
        sys.stderr.write(f"usage: {sys.argv[0]} [--write]\n")
        return 2
    sys.stdout.write(drawing())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
