# SPDX-License-Identifier: Apache-2.0
"""Attempts as rows: written from facts, read as records; their notes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, bindparam, func, insert, select

from pagetoll.core.charging import Plan
from pagetoll.core.errors import ReservationExpired
from pagetoll.core.jobs import AttemptKey, AttemptState, Identified, JobKey, Outcome, Ticket
from pagetoll.core.policy import Decision
from pagetoll.core.pricing import tariff_to_json
from pagetoll.ports import AttemptFacts, AttemptRecord, Note
from pagetoll.storage.sql.accounts import new_id
from pagetoll.storage.sql.instants import from_micros, maybe_instant, to_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, attempt_notes, attempts, printers
from pagetoll.storage.sql.standings import rolling_from_json
from pagetoll.storage.sql.texts import clean


def fact_columns(facts: AttemptFacts) -> dict[str, Any]:
    """The columns that facts fill."""
    ticket, key = facts.ticket, facts.key
    return {
        "nonce": key.nonce,
        "spooler_host": clean(key.job.spooler_host, NAME_LENGTH),
        "job_id": key.job.job_id,
        "time_at_creation": key.job.time_at_creation,
        "job_uuid": clean(ticket.job_uuid, 64),
        "printer_name": clean(ticket.printer, NAME_LENGTH),
        "printer_id": facts.printer_id,
        "class_name": clean(ticket.class_name, NAME_LENGTH),
        "device_uri": clean(ticket.device_uri),
        "user_name": clean(facts.user_name),
        "user_id": facts.user_id,
        "original_user_name": clean(ticket.job_originating_user_name),
        "authenticated_user_name": clean(ticket.authenticated_user_name),
        "identified": facts.identified.value,
        "host_name": clean(ticket.job_originating_host_name),
        "job_name": clean(ticket.job_name),
        "options": clean(ticket.raw_options),
        "options_json": json.dumps(ticket.options, separators=(",", ":")) if ticket.options else "",
        "content_type": clean(ticket.content_type),
        "final_content_type": clean(ticket.final_content_type),
        "document_from_file": ticket.document_from_file,
        "billing_code": clean(ticket.billing_code),
        "copies": ticket.copies,
        "document_octets": facts.document_octets,
        "document_sha256": facts.document_sha256,
        "document_md5": facts.document_md5,
        "declared_impressions": facts.declared_impressions,
        "parsed_impressions": facts.parsed_impressions,
        "media_sheets": facts.media_sheets,
        "impressions_color": facts.impressions_color,
        "language": clean(facts.language, 24),
        "confidence": clean(facts.confidence, 12),
        "findings": clean("\n".join(facts.findings)),
        "usage_json": clean(facts.usage_json),
        "boot_id": clean(facts.boot_id, 64),
        "client_pid": facts.client_pid,
        "client_start_time_ticks": facts.client_start_time_ticks,
        "received_at": to_micros(facts.received_at),
    }


def plan_columns(plan: Plan) -> dict[str, Any]:
    return {
        "tariff_json": clean(tariff_to_json(plan.tariff)),
        "quoted_impressions": plan.impressions,
        "quoted_price": plan.price,
        "cost_center_id": plan.cost_center_id,
    }


def decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict.value,
        "reason": clean(decision.reason, 64),
        "decision_text": clean(decision.text),
    }


#: The counted impressions of the printer `counted_printer` now, as a value of a statement.
PRINTER_COUNTER = (
    select(printers.c.counted_impressions)
    .where(printers.c.id == bindparam("counted_printer", type_=BigInteger))
    .scalar_subquery()
)
_INSERT_OPEN = insert(attempts)
_INSERT_CLOSED = insert(attempts).values(printer_counter_before=PRINTER_COUNTER)


def insert_attempt(connection: Connection, columns: dict[str, Any], *, closed: bool = False) -> int:
    """Writes the attempt and returns its id; a closed one keeps the printer's counter of now."""
    if closed:
        columns = columns | {"counted_printer": columns["printer_id"]}
    return new_id(connection.execute(_INSERT_CLOSED if closed else _INSERT_OPEN, columns))


#: Statements of a job's way are built once: building costs more than running them.
_BY_NONCE: Select[Any] = (
    select(attempts.c.id, attempts.c.state, attempts.c.charge_rule, attempts.c.printer_id, attempts.c.user_id)
    .where(attempts.c.nonce == bindparam("nonce"))
    .with_for_update(key_share=True)
)


def find_attempt(connection: Connection, key: AttemptKey) -> Row[Any] | None:
    """The attempt's row, held until the end of a writing transaction."""
    return connection.execute(_BY_NONCE, {"nonce": key.nonce}).one_or_none()


def get_attempt(connection: Connection, key: AttemptKey) -> Row[Any]:
    """The same. Raises ReservationExpired for an attempt that the ledger does not know."""
    row = find_attempt(connection, key)
    if row is None:
        raise ReservationExpired(f"attempt {key} is not in the ledger; nothing was reserved for it")
    return row


_HIGHEST_NOTE = select(func.max(attempt_notes.c.number)).where(attempt_notes.c.attempt_id == bindparam("attempt"))
_INSERT_NOTES = insert(attempt_notes)


def insert_notes(connection: Connection, attempt_id: int, notes: Sequence[Note], *, first: bool = False) -> None:
    """Appends notes; `first` where the attempt is new and has none. The attempt's row is held by the caller."""
    if not notes:
        return
    number = 0
    if not first:
        number = connection.execute(_HIGHEST_NOTE, {"attempt": attempt_id}).scalar_one() or 0
    rows = [
        {
            "attempt_id": attempt_id,
            "number": number + place,
            "at": to_micros(note.at),
            "code": clean(note.code, 32),
            "text": clean(note.text),
        }
        for place, note in enumerate(notes, 1)
    ]
    connection.execute(_INSERT_NOTES, rows)


def read_notes(connection: Connection, attempt_id: int) -> list[Note]:
    found = select(attempt_notes).where(attempt_notes.c.attempt_id == attempt_id).order_by(attempt_notes.c.number)
    return [Note(at=from_micros(row.at), code=row.code, text=row.text) for row in connection.execute(found)]


def records(rows: Iterable[Row[Any]]) -> list[AttemptRecord]:
    return [record_of(row) for row in rows]


def record_of(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        attempt_id=row.id,
        facts=facts_of(row),
        state=AttemptState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        quoted_impressions=row.quoted_impressions,
        quoted_price=row.quoted_price,
        tariff_json=row.tariff_json,
        charged_impressions=row.charged_impressions,
        charged_media_sheets=row.charged_media_sheets,
        charged_price=row.charged_price,
        charge_rule=row.charge_rule,
        over_reserved=row.over_reserved,
        reported_impressions=row.reported_impressions,
        verdict=row.verdict,
        reason=row.reason,
        decision_text=row.decision_text,
        backend_pid=row.backend_pid,
        backend_start_time_ticks=row.backend_start_time_ticks,
        backend_status=row.backend_status,
        reserved_at=maybe_instant(row.reserved_at),
        started_at=maybe_instant(row.started_at),
        closed_at=maybe_instant(row.closed_at),
        lifetime_before=row.printer_counter_before,
        refunded_impressions=row.refunded_impressions,
        refunded_price=row.refunded_price,
        rolling=rolling_from_json(row.rolling_json),
    )


def facts_of(row: Row[Any]) -> AttemptFacts:
    ticket = Ticket(
        printer=row.printer_name,
        class_name=row.class_name,
        job_originating_user_name=row.original_user_name,
        authenticated_user_name=row.authenticated_user_name,
        job_name=row.job_name,
        copies=row.copies,
        options=json.loads(row.options_json) if row.options_json else {},
        document_from_file=row.document_from_file,
        device_uri=row.device_uri,
        content_type=row.content_type,
        final_content_type=row.final_content_type,
        job_uuid=row.job_uuid,
        job_originating_host_name=row.host_name,
        raw_options=row.options,
    )
    return AttemptFacts(
        key=AttemptKey(JobKey(row.spooler_host, row.job_id, row.time_at_creation), row.nonce),
        ticket=ticket,
        identified=Identified(row.identified),
        user_name=row.user_name,
        user_id=row.user_id,
        printer_id=row.printer_id,
        boot_id=row.boot_id,
        received_at=from_micros(row.received_at),
        client_pid=row.client_pid,
        client_start_time_ticks=row.client_start_time_ticks,
        document_octets=row.document_octets,
        document_sha256=row.document_sha256,
        document_md5=row.document_md5,
        declared_impressions=row.declared_impressions,
        parsed_impressions=row.parsed_impressions,
        media_sheets=row.media_sheets,
        impressions_color=row.impressions_color,
        language=row.language,
        confidence=row.confidence,
        findings=tuple(row.findings.split("\n")) if row.findings else (),
        usage_json=row.usage_json,
    )
