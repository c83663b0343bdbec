# SPDX-License-Identifier: Apache-2.0
"""The jobs between the same two readings of a device, across print servers; which machine is at an address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
MEMBERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("nonce", sa.String(length=32), nullable=False),
    sa.Column("span", sa.String(length=32), nullable=False),
    sa.Column("device", sa.String(length=255), nullable=False),
    sa.Column("parsed_impressions", sa.BigInteger(), nullable=False),
    sa.Column("ended", sa.Boolean(), nullable=False),
    sa.Column("marked_impressions", sa.BigInteger(), nullable=True),
    sa.Column("trouble", TEXT, nullable=True),
    sa.PrimaryKeyConstraint("nonce", name="pk_device_members"),
)

SERIALS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("address", sa.String(length=255), nullable=False),
    sa.Column("source", sa.String(length=8), nullable=False),
    sa.Column("serial", sa.String(length=255), nullable=False),
    sa.Column("device", sa.String(length=255), nullable=False),
    sa.PrimaryKeyConstraint("address", "source", name="pk_device_serials"),
)


def upgrade() -> None:
    op.create_table("device_serials", *SERIALS)
    op.create_table("device_members", *MEMBERS)
    op.create_index("ix_device_members_span", "device_members", ["span"])
    op.create_index("ix_device_members_device", "device_members", ["device"])
    op.add_column("readings", sa.Column("last_job_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("readings", "last_job_id")
    op.drop_table("device_members")
    op.drop_table("device_serials")
