# SPDX-License-Identifier: Apache-2.0
"""Whether an UPDATE means the same where its columns are set one after the other (MySQL, MariaDB) and where all are
computed from the row as it was (SQLite, PostgreSQL, the standard)."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ClauseElement, Column, Update
from sqlalchemy.sql import visitors


def read_after_change(statement: Update, given: Collection[str] = ()) -> list[str]:
    """The columns that an expression reads although the statement may have set them before it; `given` are the names
    of columns that are set by the parameters alone. Only `ordered_values` says in which order they are set."""
    values: Mapping[str | Column[Any], object] = statement._values or {}
    names = [column if isinstance(column, str) else column.name for column in values]
    changed = set(names) | (set(given) & set(statement.table.c.keys()))
    found = []
    for place, (name, value) in enumerate(zip(names, values.values(), strict=True)):
        if isinstance(value, ClauseElement):
            before = set(names[:place]) if statement._maintain_values_ordering else changed - {name}
            read = {part.name for part in visitors.iterate(value) if _is_of(part, statement)}
            found += [f"{statement.table}.{other} for {name}" for other in sorted(read & before)]
    return found


def _is_of(part: object, statement: Update) -> bool:
    return isinstance(part, Column) and part.table is statement.table


def refuse(_connection: object, statement: object, rows: Any, row: Any, _options: object) -> None:
    """For SQLAlchemy's event `before_execute`."""
    if isinstance(statement, Update):
        given = set(row or {}).union(*(rows or ()))
        assert read_after_change(statement, given) == [], f"not the same everywhere; see ordered_values: {statement}"
