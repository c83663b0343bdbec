# SPDX-License-Identifier: Apache-2.0
"""Which rows a transaction changes: noted by temporary triggers of the connection, which the file never sees."""

from typing import Any

from sqlalchemy import Column, Connection, MetaData, Select, Table, and_, select
from sqlalchemy.types import NullType

from pagetoll.storage.ldap.commits import Change
from pagetoll.storage.sql.engine import begin_sqlite
from pagetoll.storage.sql.schema import metadata

#: The most columns that a primary key has.
_KEY_COLUMNS = 2
_KEYS = tuple(f"key_{number}" for number in range(_KEY_COLUMNS))

_captured = Table("captured", MetaData(), Column("name", NullType()), *(Column(key, NullType()) for key in _KEYS))
_EVENTS = (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",)))


def begin(connection: Connection) -> None:
    """Begins a transaction, which notes what it changes where the engine has the option `watched`."""
    # Before the transaction begins: what is made in one goes with it when it is rolled back.
    if connection.get_execution_options().get("watched", False):
        _watch(connection)
    begin_sqlite(connection)


def taken(connection: Connection) -> tuple[Change, ...]:
    """The rows that the transaction has changed so far, as they are now, and the keys of those that are gone."""
    names = connection.exec_driver_sql("SELECT DISTINCT name FROM captured ORDER BY name").scalars().all()
    return tuple(change for name in names for change in _rows_now(connection, str(name)))


def _rows_now(connection: Connection, name: str) -> list[Change]:
    table = metadata.tables[name]
    width = len(table.primary_key.columns)
    columns = [column.name for column in table.columns]
    changes = []
    for row in connection.execute(_statements[name]):
        key, there, values = tuple(row[:width]), row[width] is not None, row[width:]
        changes.append(Change(name, key, dict(zip(columns, values, strict=True)) if there else None))
    return changes


def _statement(table: Table) -> Select[Any]:
    """The keys and, where there is still a row, its columns; a column of the key comes first in each table."""
    width = len(table.primary_key.columns)
    noted = select(*_captured.c[1 : width + 1]).where(_captured.c.name == table.name).distinct().subquery()
    same = and_(*(column == noted.c[key] for column, key in zip(table.primary_key.columns, _KEYS, strict=False)))
    return select(*noted.c, *table.c).select_from(noted.outerjoin(table, same))


_statements = {table.name: _statement(table) for table in metadata.sorted_tables}


def _watch(connection: Connection) -> None:
    if not connection.info.get("watched", False):
        connection.exec_driver_sql("PRAGMA recursive_triggers = ON")  # a row that is replaced is deleted aloud
        connection.exec_driver_sql(f"CREATE TEMP TABLE captured (name, {', '.join(_KEYS)})")
        for statement in _triggers():
            connection.exec_driver_sql(statement)
        connection.info["watched"] = True
    connection.exec_driver_sql("DELETE FROM captured")


def _triggers() -> list[str]:
    return [
        f"CREATE TEMP TRIGGER captured_{table.name}_{happening} AFTER {happening} ON main.{table.name} BEGIN "
        + " ".join(_noting(table, state) for state in states)
        + " END"
        for table in metadata.sorted_tables
        for happening, states in _EVENTS
    ]


def _noting(table: Table, state: str) -> str:
    keys = [f"{state}.{column.name}" for column in table.primary_key.columns]
    keys += ["NULL"] * (_KEY_COLUMNS - len(keys))
    return f"INSERT INTO captured VALUES ('{table.name}', {', '.join(keys)});"  # noqa: S608 (names of ours)
