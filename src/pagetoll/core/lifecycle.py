# SPDX-License-Identifier: Apache-2.0
"""The life of an attempt to print, as a table: what happened, and what is to be done next. Performs nothing.

The daemon drives it: it performs the command of a transition, and what comes of that is the next event. Up to
STARTING nothing has been handed to the device, so whatever goes wrong voids; from then on whatever goes wrong is
measured and settled. Cancel and loss of the client are events like any other; the diagram in
docs/concepts/life-of-a-job.md is drawn from this table.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where an attempt stands in the daemon; docs/concepts/life-of-a-job.md says what each waits for."""

    RECEIVED = "received"
    CLOSING_PRIOR = "closing_prior"  # earlier attempts of the same job are waited for or closed
    SPOOLING = "spooling"
    COUNTING = "counting"
    IDENTIFYING = "identifying"  # who the job's user is by the books; the site's ticket command may say
    DECIDING = "deciding"  # price, limits that need no account
    RESERVING = "reserving"
    CONFIRMING = "confirming"  # the user is asked, everything is set aside
    AWAITING_DEVICE = "awaiting_device"
    PREPARING = "preparing"  # what comes before the document: the site's prehook, a banner
    STARTING = "starting"
    PRINTING = "printing"
    MEASURING = "measuring"
    SETTLING = "settling"
    VOIDING = "voiding"
    RECORDING = "recording"  # an attempt that reserved nothing goes to history
    ROUNDING_OFF = "rounding_off"  # the books are closed: banner, posthook, notices
    FINISHED = "finished"


class Event(StrEnum):
    """What happened to an attempt."""

    ARRIVED = "arrived"
    ADOPTED = "adopted"  # a client whose daemon was lost comes back with a backend that runs or ran
    BOOKS_CLOSED = "books_closed"  # such a client, but its attempt was closed meanwhile or is not known
    PRIOR_PRINTED = "prior_printed"
    PRIOR_CLOSED = "prior_closed"
    SPOOLED = "spooled"
    EMPTY = "empty"
    COUNTED = "counted"
    UNCOUNTABLE = "uncountable"
    IDENTIFIED = "identified"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    RESERVED = "reserved"
    OVER_LIMIT = "over_limit"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"  # the user's answer, or the site's command, cancels the job
    DEVICE_FREE = "device_free"
    PREPARED = "prepared"
    STARTED = "started"
    NEVER_STARTED = "never_started"
    BACKEND_ENDED = "backend_ended"
    MEASURED = "measured"
    SETTLED = "settled"
    VOIDED = "voided"
    RECORDED = "recorded"
    ROUNDED_OFF = "rounded_off"
    CANCELED = "canceled"
    CLIENT_LOST = "client_lost"
    FAILED = "failed"  # our own failure: database, spool, configuration


class Command(StrEnum):
    """What the driver is to perform; what comes of it is the next event."""

    CLOSE_PRIOR = "close_prior"
    SPOOL = "spool"
    COUNT = "count"
    IDENTIFY = "identify"
    DECIDE = "decide"
    RESERVE = "reserve"
    CONFIRM = "confirm"
    AWAIT_DEVICE = "await_device"
    PREPARE = "prepare"
    START_BACKEND = "start_backend"
    WATCH_BACKEND = "watch_backend"
    MEASURE = "measure"
    SETTLE = "settle"
    VOID = "void"
    RECORD_REFUSAL = "record_refusal"
    RECORD_WITHDRAWAL = "record_withdrawal"
    RECORD_CANCEL = "record_cancel"
    RECORD_EMPTY = "record_empty"
    ROUND_OFF = "round_off"
    CONCLUDE = "conclude"  # tell the client how to exit
    CONCLUDE_PRINTED_BEFORE = "conclude_printed_before"
    CONCLUDE_CLOSED = "conclude_closed"  # follow the backend to its end, the exit is the backend's
    CONCLUDE_FAILURE = "conclude_failure"  # the client follows on_failure of its queue
    LEAVE_FOR_UPKEEP = "leave_for_upkeep"  # what is known goes to the journal


@dataclass(frozen=True, slots=True)
class Transition:
    """The state to be in, and the one command to perform there."""

    state: State
    command: Command


_GIVEN_UP_UNRESERVED = {
    Event.CANCELED: Transition(State.RECORDING, Command.RECORD_CANCEL),
    Event.CLIENT_LOST: Transition(State.RECORDING, Command.RECORD_CANCEL),
    Event.FAILED: Transition(State.FINISHED, Command.CONCLUDE_FAILURE),
}
_GIVEN_UP_RESERVED = {
    Event.CANCELED: Transition(State.VOIDING, Command.VOID),
    Event.CLIENT_LOST: Transition(State.VOIDING, Command.VOID),
    Event.FAILED: Transition(State.VOIDING, Command.VOID),
}

TRANSITIONS: dict[tuple[State, Event], Transition] = {
    (State.RECEIVED, Event.ARRIVED): Transition(State.CLOSING_PRIOR, Command.CLOSE_PRIOR),
    (State.RECEIVED, Event.ADOPTED): Transition(State.PRINTING, Command.WATCH_BACKEND),
    (State.RECEIVED, Event.BOOKS_CLOSED): Transition(State.FINISHED, Command.CONCLUDE_CLOSED),
    (State.RECEIVED, Event.FAILED): Transition(State.FINISHED, Command.CONCLUDE_FAILURE),
    (State.CLOSING_PRIOR, Event.PRIOR_PRINTED): Transition(State.FINISHED, Command.CONCLUDE_PRINTED_BEFORE),
    (State.CLOSING_PRIOR, Event.PRIOR_CLOSED): Transition(State.SPOOLING, Command.SPOOL),
    (State.SPOOLING, Event.SPOOLED): Transition(State.COUNTING, Command.COUNT),
    (State.SPOOLING, Event.EMPTY): Transition(State.RECORDING, Command.RECORD_EMPTY),
    (State.COUNTING, Event.COUNTED): Transition(State.IDENTIFYING, Command.IDENTIFY),
    # what cannot be counted is decided by unknown_size, with the finding on record
    (State.COUNTING, Event.UNCOUNTABLE): Transition(State.IDENTIFYING, Command.IDENTIFY),
    (State.IDENTIFYING, Event.IDENTIFIED): Transition(State.DECIDING, Command.DECIDE),
    (State.IDENTIFYING, Event.REFUSED): Transition(State.RECORDING, Command.RECORD_REFUSAL),
    (State.IDENTIFYING, Event.WITHDRAWN): Transition(State.RECORDING, Command.RECORD_WITHDRAWAL),
    (State.DECIDING, Event.ACCEPTED): Transition(State.RESERVING, Command.RESERVE),
    (State.DECIDING, Event.REFUSED): Transition(State.RECORDING, Command.RECORD_REFUSAL),
    (State.RESERVING, Event.RESERVED): Transition(State.CONFIRMING, Command.CONFIRM),
    (State.RESERVING, Event.OVER_LIMIT): Transition(State.RECORDING, Command.RECORD_REFUSAL),
    (State.CONFIRMING, Event.CONFIRMED): Transition(State.AWAITING_DEVICE, Command.AWAIT_DEVICE),
    (State.CONFIRMING, Event.WITHDRAWN): Transition(State.VOIDING, Command.VOID),
    (State.AWAITING_DEVICE, Event.DEVICE_FREE): Transition(State.PREPARING, Command.PREPARE),
    (State.PREPARING, Event.PREPARED): Transition(State.STARTING, Command.START_BACKEND),
    (State.STARTING, Event.STARTED): Transition(State.PRINTING, Command.WATCH_BACKEND),
    (State.STARTING, Event.NEVER_STARTED): Transition(State.VOIDING, Command.VOID),
    # a queue without a device: what its hooks did is all
    (State.STARTING, Event.BACKEND_ENDED): Transition(State.MEASURING, Command.MEASURE),
    (State.PRINTING, Event.BACKEND_ENDED): Transition(State.MEASURING, Command.MEASURE),
    (State.PRINTING, Event.NEVER_STARTED): Transition(State.VOIDING, Command.VOID),
    # no more can be found out here: the client writes the end down, and upkeep settles by it
    (State.PRINTING, Event.FAILED): Transition(State.FINISHED, Command.LEAVE_FOR_UPKEEP),
    (State.MEASURING, Event.FAILED): Transition(State.FINISHED, Command.LEAVE_FOR_UPKEEP),
    (State.MEASURING, Event.MEASURED): Transition(State.SETTLING, Command.SETTLE),
    (State.SETTLING, Event.SETTLED): Transition(State.ROUNDING_OFF, Command.ROUND_OFF),
    # the database went away after printing: nothing is lost, upkeep books it
    (State.SETTLING, Event.FAILED): Transition(State.FINISHED, Command.LEAVE_FOR_UPKEEP),
    (State.VOIDING, Event.VOIDED): Transition(State.ROUNDING_OFF, Command.ROUND_OFF),
    (State.VOIDING, Event.FAILED): Transition(State.FINISHED, Command.LEAVE_FOR_UPKEEP),
    (State.RECORDING, Event.RECORDED): Transition(State.ROUNDING_OFF, Command.ROUND_OFF),
    # a refusal that cannot be written to history is still a refusal
    (State.RECORDING, Event.FAILED): Transition(State.FINISHED, Command.CONCLUDE),
    (State.ROUNDING_OFF, Event.ROUNDED_OFF): Transition(State.FINISHED, Command.CONCLUDE),
    (State.ROUNDING_OFF, Event.FAILED): Transition(State.FINISHED, Command.CONCLUDE),
    **{
        (state, event): transition
        for state in (
            State.CLOSING_PRIOR,
            State.SPOOLING,
            State.COUNTING,
            State.IDENTIFYING,
            State.DECIDING,
            State.RESERVING,
        )
        for event, transition in _GIVEN_UP_UNRESERVED.items()
    },
    **{
        (state, event): transition
        for state in (State.CONFIRMING, State.AWAITING_DEVICE, State.PREPARING, State.STARTING)
        for event, transition in _GIVEN_UP_RESERVED.items()
    },
}


def next_step(state: State, event: Event) -> Transition:
    """The transition for an event in a state. Raises KeyError where the table has none: a fault of the driver."""
    return TRANSITIONS[state, event]
