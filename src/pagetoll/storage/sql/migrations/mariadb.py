# SPDX-License-Identifier: Apache-2.0
"""How migrations are run on MariaDB, where each statement commits itself.

A migration that was stopped in its middle is run again from its start: what it has made already is passed over.
`migrate` has seen to it that what is there is the ledger's own.
"""

from typing import Any

from alembic.ddl.mysql import MariaDBImpl
from sqlalchemy import Column, Index, Table

from pagetoll.storage.sql.mariadb import CHARSET, COLLATION


class ResumedMigrations(MariaDBImpl):
    """Takes the place of alembic's own."""

    __dialect__ = "mariadb"

    def create_table(self, table: Table, **options: Any) -> None:
        table.dialect_kwargs.update(mariadb_engine="InnoDB", mariadb_charset=CHARSET, mariadb_collate=COLLATION)
        super().create_table(table, **options | {"if_not_exists": True})

    def create_index(self, index: Index, **options: Any) -> None:
        super().create_index(index, **options | {"if_not_exists": True})

    def drop_index(self, index: Index, **options: Any) -> None:
        super().drop_index(index, **options | {"if_exists": True})

    def add_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        super().add_column(table_name, column, **options | {"if_not_exists": True})
