# SPDX-License-Identifier: Apache-2.0
"""Readings of devices' counters, and which attempt measures a device."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: As in the first migration.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

READINGS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("attempt_id", ID, nullable=False),
    sa.Column("phase", sa.String(length=8), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("device", sa.String(length=255), nullable=False),
    sa.Column("source", sa.String(length=8), nullable=False),
    sa.Column("serial", sa.String(length=255), nullable=False),
    sa.Column("impressions", sa.BigInteger(), nullable=True),
    sa.Column("media_sheets", sa.BigInteger(), nullable=True),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("trouble", TEXT, nullable=False),
    sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_readings_attempt_id"),
    sa.PrimaryKeyConstraint("attempt_id", "phase", name="pk_readings"),
)

DEVICE_LEASES: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("device", sa.String(length=255), nullable=False),
    sa.Column("nonce", sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint("device", name="pk_device_leases"),
)


def upgrade() -> None:
    op.create_table("readings", *READINGS, sqlite_with_rowid=False)
    op.create_table("device_leases", *DEVICE_LEASES)


def downgrade() -> None:
    op.drop_table("device_leases")
    op.drop_table("readings")
