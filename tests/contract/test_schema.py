# SPDX-License-Identifier: Apache-2.0
"""The migrated tables are those of the schema module, on each database."""

from collections.abc import Mapping

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect

from contract.books import Books
from pagetoll.storage.ldap.mirror import MIRROR_TABLE
from pagetoll.storage.sql.migrate import alembic_config
from pagetoll.storage.sql.partial_indexes import whole_schema
from pagetoll.storage.sql.schema import SCHEMA_VERSION


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Not the table in which a mirror has its place."""
    return kind != "table" or name != MIRROR_TABLE


def test_alembic_finds_nothing_to_change(ledger_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        return compare_metadata(context, whole_schema)

    assert Books(ledger_url).database.read(differences) == []


def _options(given: Mapping[str, object]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in given.items())


def constraints(connection: Connection) -> dict[str, object]:
    """What alembic does not compare: checks, and the conditions of partial indexes."""
    inspector = inspect(connection)
    found: dict[str, object] = {}
    for table in sorted(whole_schema.tables):
        found[table] = (
            sorted(str(check["name"]) for check in inspector.get_check_constraints(table)),
            sorted(
                (str(index["name"]), _options(index.get("dialect_options", {})))
                for index in inspector.get_indexes(table)
            ),
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
    return found


def test_checks_and_partial_indexes_are_the_same_when_created_from_the_metadata(
    sql_ledger_url: str,
) -> None:
    books = Books(sql_ledger_url)
    migrated = books.database.read(constraints)

    def recreate(connection: Connection) -> dict[str, object]:
        present = MetaData()
        present.reflect(connection)
        whole_schema.drop_all(connection)
        whole_schema.create_all(connection)
        return constraints(connection)

    assert books.database.write(recreate) == migrated
    assert migrated["accounts"][0] == ["ck_accounts_reserved_not_negative"]


def test_the_version_that_is_asked_for_is_the_newest_migration(ledger_url: str) -> None:
    def newest(connection: Connection) -> str | None:
        return ScriptDirectory.from_config(alembic_config(connection)).get_current_head()

    assert Books(ledger_url).database.read(newest) == SCHEMA_VERSION
