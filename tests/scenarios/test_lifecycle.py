# SPDX-License-Identifier: Apache-2.0
"""The life of an attempt as stories: events in, commands out (core/lifecycle.py; docs/concepts/life-of-a-job.md)."""

import pytest

from pagetoll.core.lifecycle import Command, Event, State, next_step

C, E = Command, Event

RECEIVED = [(E.ARRIVED, C.CLOSE_PRIOR)]
SPOOLING = [*RECEIVED, (E.PRIOR_CLOSED, C.SPOOL)]
COUNTING = [*SPOOLING, (E.SPOOLED, C.COUNT)]
IDENTIFYING = [*COUNTING, (E.COUNTED, C.IDENTIFY)]
DECIDING = [*IDENTIFYING, (E.IDENTIFIED, C.DECIDE)]
RESERVING = [*DECIDING, (E.ACCEPTED, C.RESERVE)]
CONFIRMING = [*RESERVING, (E.RESERVED, C.CONFIRM)]
WAITING = [*CONFIRMING, (E.CONFIRMED, C.AWAIT_DEVICE)]
PREPARING = [*WAITING, (E.DEVICE_FREE, C.PREPARE)]
STARTING = [*PREPARING, (E.PREPARED, C.START_BACKEND)]
PRINTING = [*STARTING, (E.STARTED, C.WATCH_BACKEND)]
MEASURING = [*PRINTING, (E.BACKEND_ENDED, C.MEASURE)]
SETTLING = [*MEASURING, (E.MEASURED, C.SETTLE)]
ADOPTED = [(E.ADOPTED, C.WATCH_BACKEND)]

END = [(E.ROUNDED_OFF, C.CONCLUDE)]
RECORDED = [(E.RECORDED, C.ROUND_OFF), *END]
VOIDED = [(E.VOIDED, C.ROUND_OFF), *END]
SETTLED = [(E.SETTLED, C.ROUND_OFF), *END]
CANCEL_RECORDED = [(E.CANCELED, C.RECORD_CANCEL), *RECORDED]
LOSS_RECORDED = [(E.CLIENT_LOST, C.RECORD_CANCEL), *RECORDED]
OUR_FAILURE = [(E.FAILED, C.CONCLUDE_FAILURE)]
LEFT = [(E.FAILED, C.LEAVE_FOR_UPKEEP)]

STORIES = {
    "printed and charged": [*SETTLING, *SETTLED],
    "refused: noprint, unknown user, too large": [*DECIDING, (E.REFUSED, C.RECORD_REFUSAL), *RECORDED],
    "over the limit": [*RESERVING, (E.OVER_LIMIT, C.RECORD_REFUSAL), *RECORDED],
    "empty": [*SPOOLING, (E.EMPTY, C.RECORD_EMPTY), *RECORDED],
    "uncountable and held": [
        *COUNTING, (E.UNCOUNTABLE, C.IDENTIFY), (E.IDENTIFIED, C.DECIDE), (E.REFUSED, C.RECORD_REFUSAL), *RECORDED
    ],
    "uncountable and allowed": [
        *COUNTING, (E.UNCOUNTABLE, C.IDENTIFY), *SETTLING[4:], *SETTLED
    ],
    "refused by the ticket command": [*IDENTIFYING, (E.REFUSED, C.RECORD_REFUSAL), *RECORDED],
    "canceled by the ticket command": [*IDENTIFYING, (E.WITHDRAWN, C.RECORD_WITHDRAWAL), *RECORDED],
    "the user says no": [*CONFIRMING, (E.WITHDRAWN, C.VOID), *VOIDED],
    "printed by an earlier run": [*RECEIVED, (E.PRIOR_PRINTED, C.CONCLUDE_PRINTED_BEFORE)],
    # canceled
    "canceled while waiting for an earlier run": [*RECEIVED, *CANCEL_RECORDED],
    "canceled while spooling": [*SPOOLING, *CANCEL_RECORDED],
    "canceled while counting": [*COUNTING, *CANCEL_RECORDED],
    "canceled while the ticket command runs": [*IDENTIFYING, *CANCEL_RECORDED],
    "canceled while the user is asked": [*CONFIRMING, (E.CANCELED, C.VOID), *VOIDED],
    "canceled while the prehook runs": [*PREPARING, (E.CANCELED, C.VOID), *VOIDED],
    "canceled while deciding": [*DECIDING, *CANCEL_RECORDED],
    "canceled while reserving": [*RESERVING, *CANCEL_RECORDED],
    "canceled while waiting for the device": [*WAITING, (E.CANCELED, C.VOID), *VOIDED],
    "canceled before the start": [*STARTING, (E.CANCELED, C.VOID), *VOIDED],
    "canceled while printing: measured like any end": [*SETTLING, *SETTLED],
    # the client is lost
    "client lost while waiting for an earlier run": [*RECEIVED, *LOSS_RECORDED],
    "client lost while spooling": [*SPOOLING, *LOSS_RECORDED],
    "client lost while counting": [*COUNTING, *LOSS_RECORDED],
    "client lost while the ticket command runs": [*IDENTIFYING, *LOSS_RECORDED],
    "client lost while the user is asked": [*CONFIRMING, (E.CLIENT_LOST, C.VOID), *VOIDED],
    "client lost while the prehook runs": [*PREPARING, (E.CLIENT_LOST, C.VOID), *VOIDED],
    "client lost while deciding": [*DECIDING, *LOSS_RECORDED],
    "client lost while reserving": [*RESERVING, *LOSS_RECORDED],
    "client lost while waiting for the device": [*WAITING, (E.CLIENT_LOST, C.VOID), *VOIDED],
    "client lost before the start": [*STARTING, (E.CLIENT_LOST, C.VOID), *VOIDED],
    "client lost at the start, the life pipe says never": [*STARTING, (E.NEVER_STARTED, C.VOID), *VOIDED],
    "client lost after the start, the life pipe says never": [*PRINTING, (E.NEVER_STARTED, C.VOID), *VOIDED],
    "client lost while printing: followed by the life pipe": [*SETTLING, *SETTLED],
    # the database, spool or configuration is lost
    "database lost while looking for an earlier run": [*RECEIVED, *OUR_FAILURE],
    "spool full": [*SPOOLING, *OUR_FAILURE],
    "counting broke": [*COUNTING, *OUR_FAILURE],
    "database lost while deciding": [*DECIDING, *OUR_FAILURE],
    "database lost while reserving": [*RESERVING, *OUR_FAILURE],
    "database lost while waiting for the device": [*WAITING, (E.FAILED, C.VOID), *VOIDED],
    "database lost before the start": [*STARTING, (E.FAILED, C.VOID), *LEFT],
    "our failure while printing": [*PRINTING, *LEFT],
    "our failure while measuring": [*MEASURING, *LEFT],
    "database lost before the settle": [*SETTLING, *LEFT],
    "database lost when all is booked": [*SETTLING, (E.SETTLED, C.ROUND_OFF), (E.FAILED, C.CONCLUDE)],
    "database lost while the user is asked": [*CONFIRMING, (E.FAILED, C.VOID), *VOIDED],
    "a refusal stays one when history cannot be written": [
        *RESERVING, (E.OVER_LIMIT, C.RECORD_REFUSAL), (E.FAILED, C.CONCLUDE)
    ],
    # the daemon was lost
    "adopted while it prints": [
        *ADOPTED, (E.BACKEND_ENDED, C.MEASURE), (E.MEASURED, C.SETTLE), *SETTLED
    ],
    "adopted, yet never started": [*ADOPTED, (E.NEVER_STARTED, C.VOID), *VOIDED],
    "adopted after it was closed": [(E.BOOKS_CLOSED, C.CONCLUDE_CLOSED)],
    "adopted without a database": OUR_FAILURE,
    "adopted, database lost before the settle": [
        *ADOPTED, (E.BACKEND_ENDED, C.MEASURE), (E.MEASURED, C.SETTLE), *LEFT
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_each_event_leads_to_its_command_and_the_last_to_the_end(story: list[tuple[Event, Command]]) -> None:
    state = State.RECEIVED
    for event, command in story:
        assert state is not State.FINISHED
        step = next_step(state, event)
        assert step.command is command
        state = step.state
    assert state is State.FINISHED


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.RECEIVED, E.SETTLED),
        (State.SPOOLING, E.RESERVED),
        (State.DECIDING, E.STARTED),
        (State.RESERVING, E.STARTED),
        (State.AWAITING_DEVICE, E.MEASURED),
        (State.FINISHED, E.ARRIVED),
    ],
)
def test_a_step_that_the_table_does_not_have_is_a_fault(state: State, event: Event) -> None:
    with pytest.raises(KeyError):
        next_step(state, event)
