# SPDX-License-Identifier: Apache-2.0
"""How migrations are run on MySQL and MariaDB, where each statement that changes tables commits itself.

A migration that was stopped in its middle is run again from its start: what it has made already is passed over.
`migrate` has seen to it that what is there is the ledger's own. MySQL knows no IF NOT EXISTS of indexes and columns,
so what is there is looked up.
"""

from typing import Any

from alembic.ddl.mysql import MySQLImpl
from sqlalchemy import Column, Connection, Index, Inspector, Table, inspect

from pagetoll.storage.sql.mysql import CHARSET, collation


class ResumedMigrations(MySQLImpl):
    """Takes the place of alembic's own."""

    __dialect__ = "mysql"

    def create_table(self, table: Table, **options: Any) -> None:
        table.dialect_kwargs.update(
            mysql_engine="InnoDB", mysql_charset=CHARSET, mysql_collate=collation(self._connection.dialect)
        )
        super().create_table(table, **options | {"if_not_exists": True})

    def create_index(self, index: Index, **options: Any) -> None:
        if not self._has_index(index):
            super().create_index(index, **options)

    def drop_index(self, index: Index, **options: Any) -> None:
        if self._has_index(index):
            super().drop_index(index, **options)

    def add_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        if all(found["name"] != column.name for found in self._present.get_columns(table_name)):
            super().add_column(table_name, column, **options)

    @property
    def _connection(self) -> Connection:
        if self.connection is None:
            raise TypeError("migrations are run, not written down")
        return self.connection

    @property
    def _present(self) -> Inspector:
        """A new one each time, for it remembers what it has seen."""
        return inspect(self._connection)

    def _has_index(self, index: Index) -> bool:
        table = index.table
        return table is not None and any(
            found["name"] == index.name for found in self._present.get_indexes(table.name)
        )
