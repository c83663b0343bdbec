# SPDX-License-Identifier: Apache-2.0
"""What a job's commands, banners and checks read of its printer and user; asked for only where one is configured."""

from sqlalchemy import Connection, and_, or_, select, update

from pagetoll.core.catalogue import PrinterRow, UserRow
from pagetoll.core.job_figures import JobFigures
from pagetoll.core.jobs import AttemptKey, AttemptState, Outcome
from pagetoll.core.money import Unit
from pagetoll.ports import AttemptRecord
from pagetoll.storage.sql.accounts import accounts_named
from pagetoll.storage.sql.attempts import record_of
from pagetoll.storage.sql.catalogue_reads import entry_of, printer_of, users_where
from pagetoll.storage.sql.schema import accounts, attempts, printer_members, printers, users

FORGOTTEN = "hidden"
DAY_MICROS = 86_400_000_000


def job_figures(connection: Connection, printer_id: int | None, user_id: int | None) -> JobFigures:
    """See `ports.Ledger.job_figures`."""
    own_entry = and_(
        accounts.c.user_id == user_id,
        accounts.c.printer_id == printer_id,
        accounts.c.unit == Unit.IMPRESSIONS.value,
        accounts.c.closed_at.is_(None),
    )
    entry = None if user_id is None else connection.execute(accounts_named().where(own_entry)).first()
    return JobFigures(
        printer=_printer(connection, printer_id),
        printer_groups=_groups_above(connection, printer_id),
        user=_user(connection, user_id),
        entry=None if entry is None else entry_of(entry),
    )


def _printer(connection: Connection, printer_id: int | None) -> PrinterRow | None:
    row = connection.execute(select(printers).where(printers.c.id == printer_id)).first()
    return None if row is None else printer_of(row)


def _groups_above(connection: Connection, printer_id: int | None) -> tuple[str, ...]:
    above = select(printer_members.c.group_id.label("id")).where(printer_members.c.printer_id == printer_id)
    found = above.cte("above", recursive=True)
    found = found.union(
        select(printer_members.c.group_id).select_from(
            printer_members.join(found, printer_members.c.printer_id == found.c.id)
        )
    )
    names = select(printers.c.name).join(found, found.c.id == printers.c.id).where(printers.c.closed_at.is_(None))
    return tuple(sorted(str(row.name) for row in connection.execute(names)))


def _user(connection: Connection, user_id: int | None) -> UserRow | None:
    return next(iter(users_where(connection, users.c.id == user_id)), None)


def same_document(
    connection: Connection, key: AttemptKey, user_id: int, sha256: str, since_micros: int, beyond: int = 0
) -> AttemptRecord | None:
    """See `ports.Ledger.same_document`. Attempts up to number `beyond` are left out. The index on user and time
    of arrival bounds what is read: a job that took longer than a day to print is not looked for."""
    job = key.job
    printed = or_(
        attempts.c.state != AttemptState.CLOSED.value,
        and_(attempts.c.outcome == Outcome.COMPLETED.value, attempts.c.closed_at >= since_micros),
    )
    of_this_job = and_(
        attempts.c.job_id == job.job_id,
        attempts.c.spooler_host == job.spooler_host,
        attempts.c.time_at_creation == job.time_at_creation,
    )
    found = (
        select(attempts)
        .where(
            attempts.c.user_id == user_id,
            attempts.c.received_at >= since_micros - DAY_MICROS,
            attempts.c.document_sha256 == sha256,
            attempts.c.id > beyond,
            printed,
            ~of_this_job,
        )
        .order_by(attempts.c.received_at.desc(), attempts.c.id.desc())
        .limit(1)
    )
    row = connection.execute(found).first()
    return None if row is None else record_of(row)


def last_attempt_on(connection: Connection, printer_id: int, key: AttemptKey) -> AttemptRecord | None:
    """See `ports.Ledger.last_attempt_on`."""
    found = (
        select(attempts)
        .where(
            attempts.c.printer_id == printer_id,
            attempts.c.state == AttemptState.CLOSED.value,
            attempts.c.nonce != key.nonce,
        )
        .order_by(attempts.c.received_at.desc(), attempts.c.id.desc())
        .limit(1)
    )
    row = connection.execute(found).first()
    return None if row is None else record_of(row)


def hide_earlier(connection: Connection, printer_id: int, key: AttemptKey) -> None:
    """See `ports.Ledger.hide_earlier`."""
    own = connection.execute(select(attempts.c.id).where(attempts.c.nonce == key.nonce)).scalar_one_or_none()
    if own is None:
        return
    earlier = and_(
        attempts.c.printer_id == printer_id,
        attempts.c.id < own,
        attempts.c.state == AttemptState.CLOSED.value,
        attempts.c.hidden.is_(False),
    )
    forgotten = {"hidden": True, "job_name": FORGOTTEN, "options": FORGOTTEN, "options_json": ""}
    connection.execute(update(attempts).where(earlier).values(**forgotten))


def count_deny_banners(connection: Connection, account_id: int, added: int) -> None:
    """See `ports.Ledger.count_deny_banners`."""
    figure = accounts.c.warn_banners + added if added else 0
    due = accounts.c.id == account_id
    if not added:
        due = and_(due, accounts.c.warn_banners != 0)
    connection.execute(update(accounts).where(due).values(warn_banners=figure))
