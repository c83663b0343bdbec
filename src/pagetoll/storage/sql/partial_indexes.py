# SPDX-License-Identifier: Apache-2.0
"""The indexes of a part of a table, which belong to the tables of `schema`.

Alembic and the tests compare them with what a database has; no statement needs them. They stand apart because naming
an option of a database has SQLAlchemy read its whole dialect, and each command would wait for PostgreSQL's.
"""

from sqlalchemy import ColumnElement, Index, TextClause

from pagetoll.storage.sql.schema import (
    OPEN_ATTEMPTS,
    OPEN_LEGS,
    PAID_ENTRIES,
    attempts,
    entries,
    metadata,
    reservations,
)


def _index(name: str, part: TextClause, *columns: ColumnElement[object]) -> Index:
    """An index of the rows for which `part` holds; of all rows on MySQL and MariaDB, which know no other."""
    return Index(name, *columns, sqlite_where=part, postgresql_where=part)


PARTIAL_INDEXES = (
    _index("ix_entries_paid", PAID_ENTRIES, entries.c.at, entries.c.id),
    _index("ix_reservations_open", OPEN_LEGS, reservations.c.account_id),
    _index("ix_attempts_open", OPEN_ATTEMPTS, attempts.c.state),
)

#: The tables with these indexes.
whole_schema = metadata
