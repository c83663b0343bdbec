# SPDX-License-Identifier: Apache-2.0
"""Creates the tables or brings them up to this version, by alembic's migrations beside this file.

On SQLite and PostgreSQL an upgrade is one transaction. On MySQL and MariaDB each statement that changes tables
commits itself: there an upgrade that was stopped leaves what it has made, and the next one goes on with it
(`migrations.mysql`).
"""

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DBAPIError

from pagetoll.core.errors import StorageError, StorageUnavailable
from pagetoll.core.messages import _
from pagetoll.storage.sql import mysql
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.faults import storage_error
from pagetoll.storage.sql.schema import metadata, schema_version

#: How long an upgrade waits for another one of the same ledger.
UPGRADE_WAIT_S = 60
SCRIPTS = "pagetoll.storage.sql:migrations"


def upgrade(url: str) -> None:
    """Brings the database at `url` to the newest schema; creates an SQLite file that is missing.

    All or nothing, but for MySQL and MariaDB, where it is to be repeated after a fault. Harmless when repeated.
    Raises UsageError for a wrong URL, StorageUnavailable, StorageError.
    """
    database = Database.open(url, clock=lambda: datetime.now(UTC), create=True)
    try:
        with database.durable.begin() as connection:
            if connection.dialect.name == mysql.DIALECT:
                _prepare_resumable(connection, database.where)
            upgrade_within(connection)
    except DBAPIError as error:
        raise storage_error(error, database.where) from error
    finally:
        database.close()


def _prepare_resumable(connection: Connection, where: str) -> None:
    """Sees to it that no other upgrade runs, until the connection is closed, and that the tables which are there are
    those of a ledger: an upgrade passes over tables that it finds."""
    # The name of a lock has at most 64 characters, and so has a database's name.
    name = func.concat("pagetoll:", func.left(func.sha2(func.database(), 256), 48))
    asked = select(func.get_lock(name, UPGRADE_WAIT_S))
    if connection.execute(asked).scalar_one() != 1:
        raise StorageUnavailable(_("{where}: another upgrade of it runs; try again").format(where=where))
    present = set(inspect(connection).get_table_names())
    if schema_version.name not in present and (foreign := sorted(present & metadata.tables.keys())):
        raise StorageError(
            _(
                "{where}: its table “{name}” already exists and is no ledger's; give the ledger a database of its own"
            ).format(where=where, name=foreign[0])
        )


def upgrade_within(connection: Connection) -> None:
    """The same inside the caller's transaction."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
