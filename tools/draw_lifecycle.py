# SPDX-License-Identifier: Apache-2.0
"""Draws the life of an attempt from the table in pagetoll.core.lifecycle, as the Markdown that its page holds.

python tools/draw_lifecycle.py           prints it
python tools/draw_lifecycle.py --write   puts it into docs/concepts/life-of-a-job.md, between the two marks
"""

import sys
from collections.abc import Iterable

from drawn_page import DrawnPage

from pagetoll.core.lifecycle import TRANSITIONS, Event, State, Transition


def diagram_and_table() -> str:
    """The diagram and the table below it."""
    return f"{diagram()}\n{table()}"


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


PAGE = DrawnPage(
    "concepts/life-of-a-job.md", "<!-- drawn by tools/draw_lifecycle.py from core/lifecycle.py -->", diagram_and_table
)

if __name__ == "__main__":
    sys.exit(PAGE.main(sys.argv[1:]))
