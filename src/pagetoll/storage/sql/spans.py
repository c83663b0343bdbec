# SPDX-License-Identifier: Apache-2.0
"""Which attempts lie between the same two readings of a device, across print servers.

`device_leases` has one row for a device that somebody measures: the span, named by its first attempt.
`device_members` has a row for each attempt of a span. Nobody has to give anything back: a span whose attempts are all
closed holds nothing, so that whatever died is repaired by the rule for dead attempts. Each device's lease is locked
first, so that joining and closing a span come one after the other.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, select, update

from pagetoll.core.jobs import AttemptState
from pagetoll.core.readings import Reading
from pagetoll.ports.devices import DeviceSpan, SpanMember
from pagetoll.storage.sql.devices import TROUBLE_LENGTH, reading_of
from pagetoll.storage.sql.schema import NAME_LENGTH, attempts, device_leases, device_members, readings
from pagetoll.storage.sql.texts import clean

_CLOSED = AttemptState.CLOSED.value
_OF_MEMBER = attempts.c.nonce == device_members.c.nonce


def hold(connection: Connection, device: str, nonce: str, impressions: int) -> bool:
    """See `ports.DeviceLedger.hold_device`."""
    name = clean(device)[:NAME_LENGTH]
    span = _leased(connection, name)
    if span is not None and _is_alive(connection, span):
        return span == nonce and len(_members(connection, span)) == 1
    _begin(connection, name, nonce, impressions, new=span is None)
    return True


def join(connection: Connection, device: str, nonce: str, impressions: int) -> DeviceSpan:
    """See `ports.DeviceLedger.join_device`. Whose part is known stays with it."""
    name = clean(device)[:NAME_LENGTH]
    span = _leased(connection, name)
    mine = _member(connection, nonce)
    if mine is not None and (mine.span == span or mine.marked_impressions is not None):
        return _span(connection, mine)
    if span is None or not _is_alive(connection, span):
        _begin(connection, name, nonce, impressions, new=span is None)
    else:
        _add(connection, span, name, nonce, impressions)
    member = _member(connection, nonce)
    assert member is not None
    return _span(connection, member)


def end(connection: Connection, nonce: str, impressions: int) -> DeviceSpan | None:
    """See `ports.DeviceLedger.device_span`."""
    due = and_(device_members.c.nonce == nonce, device_members.c.ended.is_(False))
    connection.execute(update(device_members).where(due).values(ended=True, parsed_impressions=impressions))
    return span_of(connection, nonce)


def span_of(connection: Connection, nonce: str) -> DeviceSpan | None:
    """The span of an attempt; None where it is in none."""
    mine = _member(connection, nonce)
    return None if mine is None else _span(connection, mine)


def close(connection: Connection, nonce: str, parts: Mapping[str, int], trouble: str) -> bool:
    """See `ports.DeviceLedger.close_span`."""
    mine = _member(connection, nonce)
    if mine is None or _leased(connection, mine.device) != mine.span:
        return False
    if {row.nonce for row in _members(connection, mine.span)} != set(parts):
        return False
    connection.execute(delete(device_leases).where(device_leases.c.device == mine.device))
    for member, part in parts.items():
        found = {"marked_impressions": part, "trouble": clean(trouble)[:TROUBLE_LENGTH]}
        connection.execute(update(device_members).where(device_members.c.nonce == member).values(**found))
    return True


def _leased(connection: Connection, device: str) -> str | None:
    """The span that has the device; its row is held until the end of a writing transaction."""
    asked = select(device_leases.c.nonce).where(device_leases.c.device == device).with_for_update()
    return connection.execute(asked).scalar_one_or_none()


def _is_alive(connection: Connection, span: str) -> bool:
    found = select(device_members.c.nonce).where(
        device_members.c.span == span, exists().where(_OF_MEMBER, attempts.c.state != _CLOSED)
    )
    return connection.execute(found.limit(1)).first() is not None


def _begin(connection: Connection, device: str, nonce: str, impressions: int, *, new: bool) -> None:
    """The device's next span. Two that insert at once: the second one's transaction is run again, and finds the row.
    Earlier spans go whose attempts are all closed."""
    if new:
        connection.execute(insert(device_leases), {"device": device, "nonce": nonce})
    else:
        connection.execute(update(device_leases).where(device_leases.c.device == device).values(nonce=nonce))
    # Distinct and in brackets of its own: only so MySQL reads a table that the same statement deletes from.
    beside = device_members.alias()
    waiting = (
        select(beside.c.span)
        .distinct()
        .join_from(beside, attempts, attempts.c.nonce == beside.c.nonce)
        .where(beside.c.device == device, attempts.c.state != _CLOSED)
        .subquery()
    )
    over = device_members.c.span.not_in(select(waiting.c.span))
    connection.execute(delete(device_members).where(device_members.c.device == device, over))
    _add(connection, nonce, device, nonce, impressions)


def _add(connection: Connection, span: str, device: str, nonce: str, impressions: int) -> None:
    connection.execute(delete(device_members).where(device_members.c.nonce == nonce))
    row = {"nonce": nonce, "span": span, "device": device, "parsed_impressions": impressions, "ended": False}
    connection.execute(insert(device_members), row)


def _member(connection: Connection, nonce: str) -> Row[Any] | None:
    return connection.execute(select(device_members).where(device_members.c.nonce == nonce)).one_or_none()


def _members(connection: Connection, span: str) -> list[Row[Any]]:
    """The attempts of a span, always in the same order."""
    closed = attempts.c.state == _CLOSED
    charged = func.coalesce(attempts.c.charged_impressions, 0)
    found = (
        select(device_members, closed.label("closed"), charged.label("charged"), attempts.c.spooler_host)
        .join_from(device_members, attempts, _OF_MEMBER)
        .where(device_members.c.span == span)
        .order_by(device_members.c.nonce)
    )
    return list(connection.execute(found))


def _span(connection: Connection, mine: Row[Any]) -> DeviceSpan:
    members = tuple(
        SpanMember(
            row.nonce,
            row.charged if row.closed and not row.ended else row.parsed_impressions,
            row.ended or bool(row.closed),
            row.spooler_host,
        )
        for row in _members(connection, mine.span)
    )
    return DeviceSpan(members, _first_reading(connection, mine.span), mine.marked_impressions, mine.trouble or "")


def _first_reading(connection: Connection, span: str) -> Reading | None:
    """The lowest that is kept: whoever read while another one printed already has read more."""
    found = (
        select(readings)
        .join_from(readings, attempts, attempts.c.id == readings.c.attempt_id)
        .join(device_members, _OF_MEMBER)
        .where(device_members.c.span == span, readings.c.phase == "before")
        .order_by(*_known_first(readings.c.impressions), *_known_first(readings.c.media_sheets), readings.c.at)
        .limit(1)
    )
    row = connection.execute(found).first()
    return None if row is None else reading_of(row)


def _known_first(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """NULLS LAST, which MariaDB does not know."""
    return column.is_(None), column
