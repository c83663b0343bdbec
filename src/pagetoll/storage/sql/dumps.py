# SPDX-License-Identifier: Apache-2.0
"""The rows of the old programs' dumps, chosen, ordered and summed by the database and read in flat memory.

The history in its own order is read in pages by number, each a short transaction, so that a slow reader holds nothing
up. Everything else is one statement, whose rows the database sorts and keeps (SQLite in a file of its own) and which
are fetched as they are wanted: all of them of one state.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
)

from pagetoll.core.dumps import (
    ACTIONS,
    COLUMNS,
    DATED,
    PRINTED,
    PRINTED_WITH_WARNING,
    REFUNDED,
    SUMMED,
    DumpQuery,
    DumpType,
    Kind,
    OrderField,
)
from pagetoll.core.jobs import UNVERIFIED
from pagetoll.core.money import Unit
from pagetoll.core.policy import OwnerKind, Verdict
from pagetoll.storage.sql.catalogue_reads import OPEN_CREDIT
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.instants import MICROSECONDS_PER_S, to_micros
from pagetoll.storage.sql.names import name_like
from pagetoll.storage.sql.schema import (
    PAID_ENTRIES,
    accounts,
    attempts,
    cost_centers,
    entries,
    group_members,
    groups,
    printer_members,
    printers,
    users,
)
from pagetoll.storage.sql.texts import clean

PAGE_ROWS = 2_000
_TEXTS = (Kind.TEXT, Kind.MAYBE_TEXT)
#: By dialect, the collation that compares octets: so an order is the same everywhere. SQLite's own does, and
#: MariaDB's, which the tables and connections are set to.
_OCTETS = {"postgresql": "C"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a kind of data comes from: its columns by their old names, and the order of the rows unless told."""

    rows: FromClause
    columns: Mapping[str, ColumnElement[Any]]
    order: tuple[str, ...] = ("id",)
    condition: ColumnElement[bool] | None = None


def dumped(database: Database, query: DumpQuery) -> Iterator[Sequence[Any]]:
    """The rows that fit, a stored figure for each of the kind's columns."""
    if _in_pages(query):
        yield from _paged(database, query)
        return
    statement = _statement(query, database.durable.dialect.name)
    with database.reading() as connection:
        yield from connection.execution_options(yield_per=PAGE_ROWS).execute(statement)


def counted(database: Database, query: DumpQuery) -> int:
    """How many rows `dumped` gives."""
    statement = _statement(query, database.durable.dialect.name).order_by(None)
    counting = select(func.count()).select_from(statement.subquery())
    return database.read(lambda connection: int(connection.execute(counting).scalar_one()))


def _in_pages(query: DumpQuery) -> bool:
    """Whether the rows come by number and none are jumped over by an index, where each page would sort anew."""
    narrowed = query.names or query.job_id is not None
    return query.data is DumpType.HISTORY and not (narrowed or query.order or query.sums_by is not None)


def _paged(database: Database, query: DumpQuery) -> Iterator[Sequence[Any]]:
    found = _chosen(query).order_by(attempts.c.id).limit(PAGE_ROWS)
    place = list(COLUMNS[query.data]).index("id")
    page = database.read(partial(_all, statement=found))
    while page:
        yield from page
        page = database.read(partial(_all, statement=found.where(attempts.c.id > page[-1][place])))


def _all(connection: Connection, statement: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(statement).all()


def _statement(query: DumpQuery, dialect: str) -> Select[Any]:
    columns = source(query.data).columns
    statement = _chosen(query)
    order = query.order
    if query.sums_by is not None:
        keys = [columns[name] for name in query.sums_by]
        statement = statement.group_by(*keys).having(func.count() > 0)
        known = {*query.sums_by, *SUMMED[query.data]}
        order = tuple(field for field in order if field.column in known)
        order += tuple(OrderField(name) for name in query.sums_by)
        columns = {name: _sum(columns[name]) if name in SUMMED[query.data] else columns[name] for name in known}
    else:
        order += tuple(OrderField(name) for name in source(query.data).order)
    for field in order:
        column = columns[field.column]
        # What is nothing comes before everything, in every database.
        is_something, sortable = column.is_not(None), _octets(column, query.data, field.column, dialect)
        if field.descending:
            statement = statement.order_by(is_something.desc(), sortable.desc())
        else:
            statement = statement.order_by(is_something, sortable)
    return statement


def _octets(column: ColumnElement[Any], data: DumpType, name: str, dialect: str) -> ColumnElement[Any]:
    collation = _OCTETS.get(dialect)
    return column.collate(collation) if collation and COLUMNS[data][name] in _TEXTS else column


def _sum(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)


def _chosen(query: DumpQuery) -> Select[Any]:
    """The columns in their order, of the rows that the filters let through."""
    data = source(query.data)
    shown: list[ColumnElement[Any]] = []
    for name in COLUMNS[query.data]:
        column = data.columns[name]
        if query.sums_by is not None and name not in query.sums_by:
            column = _sum(column) if name in SUMMED[query.data] else null()
        shown.append(column.label(name))
    conditions = [_named(query.data, name, clean(pattern)) for name, pattern in query.names.items()]
    if data.condition is not None:
        conditions.append(data.condition)
    if query.job_id is not None:
        conditions.append(data.columns["jobid"] == query.job_id)
    if query.unverified is not None:
        from_log = attempts.c.charge_rule.in_([rule.value for rule in UNVERIFIED])
        conditions.append(from_log if query.unverified else ~from_log)
    if query.start is not None:
        conditions.append(data.columns[DATED[query.data]] >= to_micros(query.start))
    if query.end is not None:
        conditions.append(data.columns[DATED[query.data]] < to_micros(query.end) + MICROSECONDS_PER_S)
    return select(*shown).select_from(data.rows).where(*conditions)


def _named(data: DumpType, name: str, pattern: str) -> ColumnElement[bool]:
    if data is DumpType.HISTORY and name in ("username", "printername"):
        # By number, for which there is an index.
        table, number = (users, attempts.c.user_id) if name == "username" else (printers, attempts.c.printer_id)
        return number.in_(select(table.c.id).where(name_like(table.c.name, pattern)))
    return name_like(source(data).columns[name], pattern)


# --- where the columns come from ----------------------------------------------------------------------------------

_CREDIT = accounts.alias("credit")
_MEMBERS = printers.alias("members")


@cache
def source(data: DumpType) -> Source:
    """Where a kind of data comes from."""
    return _SOURCES[data]()


def _printers() -> Source:
    c = printers.c
    columns: dict[str, ColumnElement[Any]] = {
        "id": c.id,
        "printername": c.name,
        "description": c.description,
        "priceperpage": c.price_per_impression,
        "priceperjob": c.price_per_job,
        "passthrough": c.passthrough,
        "maxjobsize": c.max_job_impressions,
    }
    return Source(printers, columns, condition=c.live_name.is_not(None))


def _pmembers() -> Source:
    joined = printer_members.join(printers, printers.c.id == printer_members.c.group_id).join(
        _MEMBERS, _MEMBERS.c.id == printer_members.c.printer_id
    )
    columns: dict[str, ColumnElement[Any]] = {
        "pgroupname": printers.c.name,
        "printername": _MEMBERS.c.name,
        "groupid": printer_members.c.group_id,
        "printerid": printer_members.c.printer_id,
    }
    return Source(joined, columns, order=("pgroupname", "printername"))


def _users() -> Source:
    columns: dict[str, ColumnElement[Any]] = {
        "id": users.c.id,
        "username": users.c.name,
        "email": users.c.email,
        "balance": func.coalesce(accounts.c.posted, 0),
        "lifetimepaid": func.coalesce(accounts.c.lifetime, 0),
        "limitby": users.c.limitby,
        "description": users.c.description,
        "overcharge": users.c.overcharge,
    }
    joined = users.outerjoin(accounts, and_(accounts.c.user_id == users.c.id, OPEN_CREDIT))
    return Source(joined, columns, condition=users.c.live_name.is_not(None))


def _groups() -> Source:
    columns: dict[str, ColumnElement[Any]] = {
        "id": groups.c.id,
        "groupname": groups.c.name,
        "description": groups.c.description,
        "limitby": groups.c.limitby,
        "balance": func.coalesce(accounts.c.posted, 0),
        "lifetimepaid": func.coalesce(accounts.c.lifetime, 0),
    }
    joined = groups.outerjoin(accounts, and_(accounts.c.group_id == groups.c.id, OPEN_CREDIT))
    return Source(joined, columns, condition=groups.c.live_name.is_not(None))


def _billingcodes() -> Source:
    def joined(unit: Unit, table: Any) -> ColumnElement[bool]:
        return and_(
            table.c.cost_center_id == cost_centers.c.id,
            table.c.unit == unit.value,
            table.c.closed_at.is_(None),
        )

    columns: dict[str, ColumnElement[Any]] = {
        "id": cost_centers.c.id,
        "billingcode": cost_centers.c.name,
        "description": cost_centers.c.description,
        "balance": func.coalesce(_CREDIT.c.posted, 0),
        "pagecounter": func.coalesce(accounts.c.posted, 0),
    }
    rows = cost_centers.outerjoin(accounts, joined(Unit.IMPRESSIONS, accounts)).outerjoin(
        _CREDIT, joined(Unit.CREDITS, _CREDIT)
    )
    return Source(rows, columns, condition=cost_centers.c.live_name.is_not(None))


def _umembers() -> Source:
    joined = group_members.join(groups, groups.c.id == group_members.c.group_id).join(
        users, users.c.id == group_members.c.user_id
    )
    columns: dict[str, ColumnElement[Any]] = {
        "groupname": groups.c.name,
        "username": users.c.name,
        "groupid": group_members.c.group_id,
        "userid": group_members.c.user_id,
    }
    return Source(joined, columns, order=("groupname", "username"))


def _quotas(kind: OwnerKind) -> Source:
    """All open entries: a group's too whose members have none there (the old dump left those out)."""
    of_group = kind is OwnerKind.GROUP
    owners, owner = (groups, accounts.c.group_id) if of_group else (users, accounts.c.user_id)
    columns: dict[str, ColumnElement[Any]] = {
        "groupname" if of_group else "username": owners.c.name,
        "printername": printers.c.name,
        "id": accounts.c.id,
        "groupid" if of_group else "userid": owner,
        "printerid": accounts.c.printer_id,
        "lifepagecounter": accounts.c.lifetime,
        "pagecounter": accounts.c.posted,
        "softlimit": accounts.c.soft_limit,
        "hardlimit": accounts.c.hard_limit,
        "datelimit": accounts.c.grace_until,
        "maxjobsize": accounts.c.max_job_impressions,
        "warncount": accounts.c.warn_banners,
    }
    condition = and_(
        accounts.c.owner_kind == kind.value,
        accounts.c.unit == Unit.IMPRESSIONS.value,
        accounts.c.closed_at.is_(None),
    )
    joined = accounts.join(owners, owners.c.id == owner).join(printers, printers.c.id == accounts.c.printer_id)
    return Source(joined, columns, condition=condition)


def _payments() -> Source:
    columns: dict[str, ColumnElement[Any]] = {
        "username": users.c.name,
        "id": entries.c.id,
        "userid": users.c.id,
        # What a refund gave back has a minus there, although it brought the balance up.
        "amount": case((entries.c.kind == "refund", -entries.c.amount), else_=entries.c.amount),
        "description": entries.c.reason,
        "date": entries.c.at,
    }
    joined = entries.join(_CREDIT, _CREDIT.c.id == entries.c.account_id).join(users, users.c.id == _CREDIT.c.user_id)
    condition = and_(
        text(PAID_ENTRIES.text),
        _CREDIT.c.unit == Unit.CREDITS.value,
        users.c.live_name.is_not(None),
    )
    return Source(joined, columns, condition=condition)


def _history() -> Source:
    c = attempts.c
    printed_nothing = or_(c.printer_counter_before.is_(None), c.charged_impressions == 0)
    printed = case((c.verdict == Verdict.WARN.value, PRINTED_WITH_WARNING), else_=PRINTED)
    refunded = and_(
        or_(c.charged_impressions != 0, c.charged_price != 0),
        c.refunded_impressions == c.charged_impressions,
        c.refunded_price == c.charged_price,
    )
    outcomes = [(c.outcome == outcome.value, literal(word)) for outcome, word in ACTIONS.items()]
    columns: dict[str, ColumnElement[Any]] = {
        "username": c.user_name,
        "printername": c.printer_name,
        "id": c.id,
        "jobid": c.job_id,
        "userid": c.user_id,
        "printerid": c.printer_id,
        "pagecounter": case((printed_nothing, 0), else_=c.printer_counter_before + c.charged_impressions),
        "jobsizebytes": c.document_octets,
        "jobsize": c.charged_impressions,
        "jobprice": c.charged_price,
        "action": case((refunded, literal(REFUNDED)), *outcomes, else_=printed),
        "filename": null(),
        "title": c.job_name,
        "copies": c.copies,
        "options": c.options,
        "hostname": c.host_name,
        "md5sum": c.document_md5,
        "pages": null(),
        "billingcode": c.billing_code,
        "precomputedjobsize": c.quoted_impressions,
        "precomputedjobprice": c.quoted_price,
        "jobdate": c.closed_at,
    }
    condition = and_(c.state == "closed", c.hidden.is_(False), c.user_id.is_not(None), c.printer_id.is_not(None))
    return Source(attempts, columns, condition=condition)


_SOURCES = {
    DumpType.PRINTERS: _printers,
    DumpType.PMEMBERS: _pmembers,
    DumpType.USERS: _users,
    DumpType.GROUPS: _groups,
    DumpType.BILLINGCODES: _billingcodes,
    DumpType.UMEMBERS: _umembers,
    DumpType.UPQUOTAS: lambda: _quotas(OwnerKind.USER),
    DumpType.GPQUOTAS: lambda: _quotas(OwnerKind.GROUP),
    DumpType.PAYMENTS: _payments,
    DumpType.HISTORY: _history,
}
