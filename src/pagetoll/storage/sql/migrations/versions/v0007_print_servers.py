# SPDX-License-Identifier: Apache-2.0
"""The print servers of a shared ledger, and that they live."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("name", sa.String(length=255), nullable=False),
    sa.Column("beats", sa.BigInteger(), nullable=False),
    sa.Column("seen_at", sa.BigInteger(), nullable=False),
    sa.Column("given_up", sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint("name", name="pk_print_servers"),
)


def upgrade() -> None:
    op.create_table("print_servers", *COLUMNS)


def downgrade() -> None:
    op.drop_table("print_servers")
