# SPDX-License-Identifier: Apache-2.0
"""Cost centres with their accounts, refunds of attempts, and roles.

Columns are added by statements of our own: SQLite can add a column with its foreign key in one statement only, and
to copy the tables instead, which is alembic's way there, would take long on a grown ledger.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: SQLite numbers rows by themselves only for INTEGER primary keys.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
PAID_ENTRIES = sa.text("kind IN ('payment', 'refund')")

COST_CENTERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("name", sa.String(length=255), nullable=False),
    sa.Column("live_name", sa.String(length=255), nullable=True),
    sa.Column("description", TEXT, nullable=False),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint("id", name="pk_cost_centers"),
    sa.UniqueConstraint("live_name", name="uq_cost_centers_live_name"),
)

REFUNDS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("attempt_id", ID, nullable=False),
    sa.Column("write_id", sa.String(length=64), nullable=False),
    sa.Column("impressions", sa.BigInteger(), nullable=False),
    sa.Column("price", sa.BigInteger(), nullable=False),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("actor", sa.String(length=255), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_refunds_attempt_id"),
    sa.PrimaryKeyConstraint("id", name="pk_refunds"),
    sa.UniqueConstraint("write_id", name="uq_refunds_write_id"),
)

ROLES: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("user_name", sa.String(length=255), nullable=False),
    sa.Column("role", sa.String(length=16), nullable=False),
    sa.Column("granted_by", sa.String(length=255), nullable=False),
    sa.Column("granted_at", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("user_name", "role", name="pk_roles"),
)

COST_CENTER_ID = (
    "ALTER TABLE {table} ADD COLUMN cost_center_id {id} "
    "CONSTRAINT fk_{table}_cost_center_id REFERENCES cost_centers (id)"
)
#: MySQL and MariaDB take a foreign key beside a new column, not within it.
COST_CENTER_ID_MYSQL = (
    "ALTER TABLE {table} ADD COLUMN cost_center_id BIGINT, "
    "ADD CONSTRAINT fk_{table}_cost_center_id FOREIGN KEY (cost_center_id) REFERENCES cost_centers (id)"
)
REFUNDED = "ALTER TABLE attempts ADD COLUMN {column} BIGINT DEFAULT 0 NOT NULL"


def _lacks(table: str, column: str) -> bool:
    """False where an upgrade that was stopped has added the column already (`migrations.mysql`)."""
    return all(found["name"] != column for found in sa.inspect(op.get_bind()).get_columns(table))


def upgrade() -> None:
    op.create_table("cost_centers", *COST_CENTERS)
    op.create_index("ix_cost_centers_name", "cost_centers", ["name"])
    dialect = op.get_context().dialect.name
    number = "INTEGER" if dialect == "sqlite" else "BIGINT"
    cost_center_id = COST_CENTER_ID_MYSQL if dialect == "mysql" else COST_CENTER_ID
    for table in ("accounts", "attempts"):
        if _lacks(table, "cost_center_id"):
            op.execute(cost_center_id.format(table=table, id=number))
    for column in ("refunded_impressions", "refunded_price"):
        if _lacks("attempts", column):
            op.execute(REFUNDED.format(column=column))
    op.create_index("ix_accounts_cost_center_id", "accounts", ["cost_center_id"])
    op.create_index(
        "ix_entries_paid", "entries", ["at", "id"], sqlite_where=PAID_ENTRIES, postgresql_where=PAID_ENTRIES
    )
    op.create_table("refunds", *REFUNDS)
    op.create_index("ix_refunds_attempt_id", "refunds", ["attempt_id"])
    op.create_table("roles", *ROLES)


def downgrade() -> None:
    op.drop_table("roles")
    op.drop_table("refunds")
    op.drop_index("ix_entries_paid", "entries")
    if op.get_context().dialect.name == "mysql":
        for table in ("accounts", "attempts"):
            op.drop_constraint(f"fk_{table}_cost_center_id", table, type_="foreignkey")
    op.drop_index("ix_accounts_cost_center_id", "accounts")
    for table, column in (
        ("attempts", "refunded_price"),
        ("attempts", "refunded_impressions"),
        ("attempts", "cost_center_id"),
        ("accounts", "cost_center_id"),
    ):
        op.drop_column(table, column)
    op.drop_table("cost_centers")
