# SPDX-License-Identifier: Apache-2.0
"""Runs of jobs that are known from a spooler's log only: many in one transaction, each once.

What is known of the jobs is read, and what is to be booked is computed, inside the transaction. A run's nonce is made
of what it is: of two importers at once one finds it taken, and does the whole again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from pagetoll.core.jobs import UNVERIFIED, AttemptState
from pagetoll.core.logged_jobs import KnownRun
from pagetoll.core.policy import Decision, OwnerKind, Verdict
from pagetoll.ports import LoggedPosting, RunPlanner
from pagetoll.storage.sql.accounts import (
    Change,
    Posting,
    insert_entries,
    lock_accounts_with_sums,
    lock_owners,
    move_with_sums,
)
from pagetoll.storage.sql.attempts import decision_columns, fact_columns, plan_columns
from pagetoll.storage.sql.instants import from_micros, to_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, attempt_notes, attempts, printers, reservations
from pagetoll.storage.sql.settle import posting_of
from pagetoll.storage.sql.standings import unchecked_leg
from pagetoll.storage.sql.texts import clean

_UNVERIFIED = frozenset(rule.value for rule in UNVERIFIED)
_KNOWN: Select[Any] = select(
    attempts.c.job_id,
    attempts.c.printer_name,
    attempts.c.class_name,
    attempts.c.original_user_name,
    attempts.c.job_name,
    attempts.c.received_at,
    attempts.c.closed_at,
    attempts.c.charged_impressions,
    attempts.c.reported_impressions,
    attempts.c.time_at_creation,
    attempts.c.charge_rule,
).where(
    attempts.c.job_id.in_(bindparam("job_ids", expanding=True)),
    attempts.c.spooler_host == bindparam("server"),
)
_INSERT_ATTEMPTS = insert(attempts)
#: Asked for, and not returned by the insert, which MySQL cannot do.
_INSERTED = select(attempts.c.nonce, attempts.c.id).where(attempts.c.nonce.in_(bindparam("nonces", expanding=True)))
_COUNTERS = (
    select(printers.c.id, printers.c.counted_impressions)
    .where(printers.c.id.in_(bindparam("printer_ids", expanding=True)))
    .order_by(printers.c.id)
    .with_for_update(key_share=True)
)


def import_runs(
    connection: Connection, server: str, job_ids: Sequence[int], planner: RunPlanner, now: int
) -> Sequence[LoggedPosting]:
    """See `ports.Ledger.import_runs`; `now` in microseconds. Raises NoSuchAccount."""
    postings = planner(_known_runs(connection, server, job_ids, now))
    if not postings:
        return postings
    legs = {leg.account_id for posting in postings for leg in posting.plan.legs}
    lock_owners(connection, legs)
    accounts = {row.id: row for row in lock_accounts_with_sums(connection, legs)} if legs else {}
    columns = _attempt_rows(connection, postings)
    connection.execute(_INSERT_ATTEMPTS, columns)
    nonces = [row["nonce"] for row in columns]
    found = {row.nonce: row.id for row in connection.execute(_INSERTED, {"nonces": nonces})}
    ids = [found[nonce] for nonce in nonces]
    _insert_notes(connection, ids, postings)
    _post(connection, ids, postings, accounts, now)
    return postings


def _known_runs(
    connection: Connection, server: str, job_ids: Sequence[int], now: int
) -> Mapping[int, Sequence[KnownRun]]:
    known: dict[int, list[KnownRun]] = {}
    asked = {"job_ids": sorted(set(job_ids)), "server": clean(server, NAME_LENGTH)}
    for row in connection.execute(_KNOWN, asked) if job_ids else ():
        ours = row.charge_rule not in _UNVERIFIED
        run = KnownRun(
            printer=row.printer_name,
            user=row.original_user_name,
            job_name=row.job_name,
            first_at=from_micros(row.received_at),
            last_at=from_micros(now if row.closed_at is None else row.closed_at),
            impressions=row.charged_impressions if ours else row.reported_impressions or 0,
            created_s=row.time_at_creation,
            ours=ours,
            of_total=row.charge_rule == "logged_total",
        )
        known.setdefault(row.job_id, []).append(run)
        if ours and row.class_name:
            # The log calls a job after the class that it was sent to.
            known[row.job_id].append(replace(run, printer=row.class_name, impressions=0))
    return known


def _attempt_rows(connection: Connection, postings: Sequence[LoggedPosting]) -> list[dict[str, Any]]:
    """The attempts' columns. Each has the printer's counter before it; the counters are brought up here."""
    wanted = sorted({posting.facts.printer_id for posting in postings if posting.facts.printer_id is not None})
    before = {
        row.id: row.counted_impressions for row in connection.execute(_COUNTERS, {"printer_ids": wanted or [0]})
    }
    counters = dict(before)
    rows = []
    for posting in postings:
        settlement, printer_id = posting.settlement, posting.facts.printer_id
        counter = None if printer_id is None else counters[printer_id]
        if printer_id is not None:
            counters[printer_id] += settlement.impressions
        rows.append(
            fact_columns(posting.facts)
            | plan_columns(posting.plan)
            | decision_columns(Decision(Verdict.ALLOW, "", posting.remark))
            | {
                "state": AttemptState.CLOSED.value,
                "outcome": settlement.outcome.value,
                "charged_impressions": settlement.impressions,
                "charged_media_sheets": settlement.media_sheets,
                "charged_price": settlement.price,
                "charge_rule": settlement.rule.value,
                "reported_impressions": settlement.reported_impressions,
                "printer_counter_before": counter,
                "closed_at": to_micros(posting.ended_at),
            }
        )
    for printer_id, counter in sorted(counters.items()):
        if counter != before[printer_id]:
            counted = update(printers).where(printers.c.id == printer_id)
            connection.execute(counted.values(counted_impressions=counter))
    return rows


def _insert_notes(connection: Connection, ids: Sequence[int], postings: Sequence[LoggedPosting]) -> None:
    rows = [
        {
            "attempt_id": attempt_id,
            "number": number,
            "at": to_micros(note.at),
            "code": clean(note.code, 32),
            "text": clean(note.text),
        }
        for attempt_id, posting in zip(ids, postings, strict=True)
        for number, note in enumerate(posting.settlement.notes, 1)
    ]
    if rows:
        connection.execute(insert(attempt_notes), rows)


def _post(
    connection: Connection,
    ids: Sequence[int],
    postings: Sequence[LoggedPosting],
    accounts: Mapping[int, Row[Any]],
    now: int,
) -> None:
    """The legs' rows, entries, and what they add to the accounts and to the sums of groups."""
    rows: list[dict[str, Any]] = []
    entries: list[Posting] = []
    changes: dict[int, Change] = {}
    for attempt_id, posting in zip(ids, postings, strict=True):
        for leg in posting.plan.legs:
            account = accounts[leg.account_id]
            assert account.owner_kind != OwnerKind.GROUP
            earlier = changes.get(leg.account_id, Change()).posted
            row = unchecked_leg(attempt_id, account)
            rows.append(row | {"stood_posted": account.posted + earlier})
            entry = posting_of(attempt_id, leg.account_id, account, posting.settlement)
            if not entry.amount:
                continue
            entries.append(entry)
            change = Change(posted=entry.amount, lifetime=entry.lifetime_amount)
            changes[leg.account_id] = changes.get(leg.account_id, Change()) + change
    if rows:
        connection.execute(insert(reservations), rows)
    insert_entries(connection, entries, now)
    move_with_sums(connection, changes)
