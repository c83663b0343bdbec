# SPDX-License-Identifier: Apache-2.0
"""Alembic runs this for each command; the connection comes from `migrate`, in a transaction of its own."""

from alembic import context

from pagetoll.storage.sql.migrations import mysql as mysql  # its class is known to alembic from here on
from pagetoll.storage.sql.partial_indexes import whole_schema

context.configure(connection=context.config.attributes["connection"], target_metadata=whole_schema)
with context.begin_transaction():
    context.run_migrations()
