# SPDX-License-Identifier: Apache-2.0
"""What holds on every path through the table of core/lifecycle.py; it has no circle, so all paths are walked."""

from collections.abc import Iterator

import pytest

from pagetoll.core.lifecycle import TRANSITIONS, Command, Event, State, Transition

Path = tuple[tuple[State, Event, Transition], ...]

BEFORE_START = (
    State.CLOSING_PRIOR,
    State.SPOOLING,
    State.COUNTING,
    State.IDENTIFYING,
    State.DECIDING,
    State.RESERVING,
    State.CONFIRMING,
    State.AWAITING_DEVICE,
    State.PREPARING,
    State.STARTING,
)
CLOSES_A_RESERVATION = {Command.SETTLE, Command.VOID, Command.LEAVE_FOR_UPKEEP}
CONCLUSIONS = {command for command in Command if command.startswith("conclude")} | {Command.LEAVE_FOR_UPKEEP}


def ways_from(state: State, so_far: Path = ()) -> Iterator[Path]:
    """Every path from `state` to where no row leads on. Fails on a circle."""
    assert state not in [step[0] for step in so_far], f"a circle through {state}"
    rows = [(event, step) for (start, event), step in TRANSITIONS.items() if start is state]
    if not rows:
        yield so_far
    for event, step in rows:
        yield from ways_from(step.state, (*so_far, (state, event, step)))


def lives() -> list[Path]:
    return list(ways_from(State.RECEIVED))


def test_every_way_ends_in_finished_and_only_there() -> None:
    assert {way[-1][2].state for way in lives()} == {State.FINISHED}


def test_every_state_event_and_command_is_of_use() -> None:
    steps = [step for way in lives() for step in way]
    assert {state for state, _, _ in steps} | {State.FINISHED} == set(State)
    assert {event for _, event, _ in steps} == set(Event)
    assert {transition.command for _, _, transition in steps} == set(Command)


@pytest.mark.parametrize("state", BEFORE_START)
@pytest.mark.parametrize("event", [Event.CANCELED, Event.CLIENT_LOST, Event.FAILED])
def test_before_the_start_one_can_always_give_up(state: State, event: Event) -> None:
    assert (state, event) in TRANSITIONS


@pytest.mark.parametrize("state", sorted(set(State) - {State.FINISHED}))
def test_wherever_a_command_can_fail_there_is_a_row_for_it(state: State) -> None:
    assert (state, Event.FAILED) in TRANSITIONS


def test_nothing_is_settled_that_was_neither_started_nor_adopted() -> None:
    for way in lives():
        commands = [step.command for _, _, step in way]
        if Command.SETTLE in commands:
            before = way[: commands.index(Command.SETTLE)]
            assert any(state is State.STARTING or event is Event.ADOPTED for state, event, _ in before)


def test_nothing_is_started_that_was_not_reserved() -> None:
    for way in lives():
        commands = [step.command for _, _, step in way]
        if Command.START_BACKEND in commands:
            before = way[: commands.index(Command.START_BACKEND)]
            assert any(event is Event.RESERVED for _, event, _ in before)


def test_no_reservation_is_left_behind() -> None:
    for way in lives():
        for place, (_, event, _) in enumerate(way):
            if event in (Event.RESERVED, Event.ADOPTED):
                assert CLOSES_A_RESERVATION & {step.command for _, _, step in way[place:]}


def test_nothing_is_voided_after_the_backend_was_seen_to_end() -> None:
    for way in lives():
        events = [event for _, event, _ in way]
        if Event.BACKEND_ENDED in events:
            after = way[events.index(Event.BACKEND_ENDED) :]
            assert Command.VOID not in {step.command for _, _, step in after}


def test_nothing_is_both_settled_and_voided() -> None:
    for way in lives():
        assert not {Command.SETTLE, Command.VOID} <= {step.command for _, _, step in way}


def test_the_client_is_told_how_to_end_once_and_last() -> None:
    for way in lives():
        commands = [step.command for _, _, step in way]
        assert commands[-1] in CONCLUSIONS
        assert not CONCLUSIONS & set(commands[:-1])
