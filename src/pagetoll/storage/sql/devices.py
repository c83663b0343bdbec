# SPDX-License-Identifier: Apache-2.0
"""Devices in the ledger: what their counters said, which attempt measures them now, and how far counts and reports
are apart.

A device is held by a row with the attempt's nonce. Nobody has to give it back: an attempt that is closed holds
nothing, so that whatever died is repaired by the rule for dead attempts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, case, delete, exists, func, insert, or_, select, update

from pagetoll.core.jobs import AttemptKey, AttemptState, HistoryFilter
from pagetoll.core.readings import Reading
from pagetoll.ports import Drift, KeptReading, Phase
from pagetoll.storage.sql.attempts import clean, get_attempt
from pagetoll.storage.sql.instants import from_micros, to_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, attempts, device_leases, readings

TROUBLE_LENGTH = 300


def keep_reading(connection: Connection, key: AttemptKey, phase: Phase, kept: KeptReading) -> None:
    """See `ports.Ledger.keep_reading`."""
    attempt_id = get_attempt(connection, key).id
    mine = and_(readings.c.attempt_id == attempt_id, readings.c.phase == phase)
    if connection.execute(select(readings.c.phase).where(mine)).first() is not None:
        return
    reading = kept.reading
    row = {
        "attempt_id": attempt_id,
        "phase": phase,
        "at": to_micros(reading.at),
        "device": clean(kept.device)[:NAME_LENGTH],
        "source": reading.source,
        "serial": clean(reading.serial)[:NAME_LENGTH],
        "impressions": reading.impressions,
        "media_sheets": reading.media_sheets,
        "state": clean(reading.state)[:TROUBLE_LENGTH],
        "trouble": clean(kept.trouble)[:TROUBLE_LENGTH],
    }
    connection.execute(insert(readings), row)


def read_readings(connection: Connection, attempt_id: int) -> dict[Phase, KeptReading]:
    """See `ports.Ledger.readings`."""
    found: dict[Phase, KeptReading] = {}
    for row in connection.execute(select(readings).where(readings.c.attempt_id == attempt_id)):
        phase: Phase = "before" if row.phase == "before" else "after"
        reading = Reading(
            at=from_micros(row.at),
            impressions=row.impressions,
            media_sheets=row.media_sheets,
            source=row.source,
            serial=row.serial,
            state=row.state,
        )
        found[phase] = KeptReading(row.device, reading, row.trouble)
    return found


def hold(connection: Connection, device: str, key: AttemptKey, *, by_force: bool) -> bool:
    """See `ports.Ledger.hold_device`."""
    name = clean(device)[:NAME_LENGTH]
    alive = exists().where(attempts.c.nonce == device_leases.c.nonce, attempts.c.state != AttemptState.CLOSED.value)
    due = device_leases.c.device == name
    if not by_force:
        due = and_(due, or_(device_leases.c.nonce == key.nonce, ~alive))
    if connection.execute(update(device_leases).where(due).values(nonce=key.nonce)).rowcount:
        return True
    if connection.execute(select(device_leases.c.device).where(device_leases.c.device == name)).first() is not None:
        return False
    # Two that insert at once: the second one's transaction is run again, and finds the row.
    connection.execute(insert(device_leases), {"device": name, "nonce": key.nonce})
    return True


def leave(connection: Connection, device: str, key: AttemptKey) -> bool:
    """See `ports.Ledger.leave_device`."""
    mine = and_(device_leases.c.device == clean(device)[:NAME_LENGTH], device_leases.c.nonce == key.nonce)
    return bool(connection.execute(delete(device_leases).where(mine)).rowcount)


def drift(connection: Connection, wanted: HistoryFilter) -> Sequence[Drift]:
    """See `ports.Ledger.drift`."""
    both = and_(
        attempts.c.parsed_impressions.is_not(None),
        attempts.c.reported_impressions.is_not(None),
        attempts.c.state == AttemptState.CLOSED.value,
    )
    set_aside = exists().where(readings.c.attempt_id == attempts.c.id, readings.c.trouble != "")
    where: list[Any] = [or_(both, set_aside)]
    if wanted.printer_name is not None:
        where.append(attempts.c.printer_name == clean(wanted.printer_name))
    if wanted.start is not None:
        where.append(attempts.c.closed_at >= to_micros(wanted.start))
    if wanted.end is not None:
        where.append(attempts.c.closed_at <= to_micros(wanted.end))

    def total(column: Any, condition: Any = both) -> Any:
        return func.coalesce(func.sum(case((condition, column), else_=0)), 0).cast(BigInteger)

    apart = and_(both, attempts.c.parsed_impressions != attempts.c.reported_impressions)
    rows = connection.execute(
        select(
            attempts.c.printer_name,
            total(1),
            total(attempts.c.parsed_impressions),
            total(attempts.c.reported_impressions),
            total(attempts.c.charged_impressions),
            total(1, apart),
            total(1, set_aside),
        )
        .where(*where)
        .group_by(attempts.c.printer_name)
        .order_by(attempts.c.printer_name)
    )
    return [Drift(row[0], *(int(number) for number in row[1:])) for row in rows]
