# SPDX-License-Identifier: Apache-2.0
"""A settlement as a line of JSON: how the journal keeps what could not be booked."""

import json
from dataclasses import asdict
from datetime import datetime

from pagetoll.core.errors import LedgerError
from pagetoll.core.jobs import AttemptKey, ChargeRule, JobKey, Outcome
from pagetoll.ports import Note, Settlement


def settlement_to_json(key: AttemptKey, settlement: Settlement) -> str:
    """A settlement as the journal keeps it."""
    return json.dumps({"job": asdict(key.job), "nonce": key.nonce, **asdict(settlement)}, default=_plain)


def settlement_from_json(text: str) -> tuple[AttemptKey, Settlement]:
    """The reverse of `settlement_to_json`. Raises LedgerError for a text that is none."""
    try:
        kept = json.loads(text)
        key = AttemptKey(JobKey(**kept.pop("job")), kept.pop("nonce"))
        notes = tuple(Note(datetime.fromisoformat(n["at"]), n["code"], n["text"]) for n in kept.pop("notes"))
        rule, outcome = ChargeRule(kept.pop("rule")), Outcome(kept.pop("outcome"))
        return key, Settlement(rule=rule, outcome=outcome, notes=notes, **kept)
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"a settlement in the journal cannot be read ({error}); look at it by hand") from error


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} is not written to the journal")
