# SPDX-License-Identifier: Apache-2.0
"""Devices in the ledger: what their counters said, and how far counts and reports are apart."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, and_, case, delete, exists, func, insert, or_, select

from pagetoll.core.jobs import AttemptKey, AttemptState, HistoryFilter
from pagetoll.core.readings import Reading
from pagetoll.ports import Drift, KeptReading, Phase
from pagetoll.ports.devices import DeviceIdentity
from pagetoll.storage.sql.attempts import get_attempt
from pagetoll.storage.sql.instants import from_micros, to_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, attempts, device_serials, readings
from pagetoll.storage.sql.texts import clean

TROUBLE_LENGTH = 300


def keep_reading(connection: Connection, key: AttemptKey, phase: Phase, kept: KeptReading) -> None:
    """See `ports.DeviceLedger.keep_reading`."""
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
        "last_job_id": reading.last_job_id,
    }
    connection.execute(insert(readings), row)


def read_readings(connection: Connection, attempt_id: int) -> dict[Phase, KeptReading]:
    """See `ports.DeviceLedger.readings`."""
    found: dict[Phase, KeptReading] = {}
    for row in connection.execute(select(readings).where(readings.c.attempt_id == attempt_id)):
        phase: Phase = "before" if row.phase == "before" else "after"
        found[phase] = KeptReading(row.device, reading_of(row), row.trouble)
    return found


def reading_of(row: Row[Any]) -> Reading:
    """A row of `readings` as a value."""
    return Reading(
        at=from_micros(row.at),
        impressions=row.impressions,
        media_sheets=row.media_sheets,
        source=row.source,
        serial=row.serial,
        state=row.state,
        last_job_id=row.last_job_id,
    )


def known_name(connection: Connection, identity: DeviceIdentity) -> str | None:
    """The name of a machine that tells nothing new; None for one that does."""
    address, serial = clean(identity.address)[:NAME_LENGTH], clean(identity.serial)[:NAME_LENGTH]
    rows = connection.execute(select(device_serials).where(device_serials.c.address == address)).all()
    if not serial:
        return rows[0].device if rows else f"address:{address}"
    return next((row.device for row in rows if (row.source, row.serial) == (identity.source, serial)), None)


def name_device(connection: Connection, identity: DeviceIdentity) -> str:
    """See `ports.DeviceLedger.name_device`. Two that insert at once: the second one's transaction is run again."""
    if (known := known_name(connection, identity)) is not None:
        return known
    address, serial = clean(identity.address)[:NAME_LENGTH], clean(identity.serial)[:NAME_LENGTH]
    here = device_serials.c.address == address
    rows = connection.execute(select(device_serials).where(here).order_by(device_serials.c.source)).all()
    if any(row.source == identity.source for row in rows):  # it was put in the place of another one
        connection.execute(delete(device_serials).where(here))
        rows = []
    elsewhere = and_(device_serials.c.source == identity.source, device_serials.c.serial == serial)
    known = connection.execute(select(device_serials.c.device).where(elsewhere).limit(1)).scalar_one_or_none()
    device = known or (rows[0].device if rows else f"serial:{serial}"[:NAME_LENGTH])
    row = {"address": address, "source": identity.source, "serial": serial, "device": device}
    connection.execute(insert(device_serials), row)
    return device


def drift(connection: Connection, wanted: HistoryFilter) -> Sequence[Drift]:
    """See `ports.DeviceLedger.drift`."""
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
