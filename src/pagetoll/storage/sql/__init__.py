# SPDX-License-Identifier: Apache-2.0
"""The ledger on SQL databases, through SQLAlchemy Core: SQLite and PostgreSQL."""
