# SPDX-License-Identifier: Apache-2.0
"""Instants as the tables keep them: whole microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_S = 1_000_000


def to_micros(instant: datetime) -> int:
    """Exact, by integer arithmetic; `instant` carries its zone."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def maybe_micros(instant: datetime | None) -> int | None:
    return None if instant is None else to_micros(instant)


def maybe_instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
