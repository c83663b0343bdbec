# SPDX-License-Identifier: Apache-2.0
"""Creates the tables or brings them up to this version, by alembic's migrations beside this file."""

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.faults import storage_error

SCRIPTS = "pagetoll.storage.sql:migrations"


def upgrade(url: str) -> None:
    """Brings the database at `url` to the newest schema, all or nothing; creates an SQLite file that is missing.

    Harmless when repeated. Raises UsageError for a wrong URL, StorageUnavailable.
    """
    database = Database.open(url, clock=lambda: datetime.now(UTC), create=True)
    try:
        with database.durable.begin() as connection:
            upgrade_within(connection)
    except DBAPIError as error:
        raise storage_error(error, database.where) from error
    finally:
        database.close()


def upgrade_within(connection: Connection) -> None:
    """The same inside the caller's transaction."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
