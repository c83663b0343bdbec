# SPDX-License-Identifier: Apache-2.0
"""The first schema of the ledger: all tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: SQLite numbers rows by themselves only for INTEGER primary keys.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
OPEN_ATTEMPTS = sa.text("state <> 'closed'")
OPEN_LEGS = sa.text("state = 'open'")


ACTS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("actor", sa.String(length=255), nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.PrimaryKeyConstraint("id", name="pk_acts"),
)

GROUPS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("name", sa.String(length=255), nullable=False),
    sa.Column("live_name", sa.String(length=255), nullable=True),
    sa.Column("description", TEXT, nullable=False),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.Column("limitby", sa.String(length=16), nullable=False),
    sa.PrimaryKeyConstraint("id", name="pk_groups"),
    sa.UniqueConstraint("live_name", name="uq_groups_live_name"),
)

PRINTERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("name", sa.String(length=255), nullable=False),
    sa.Column("live_name", sa.String(length=255), nullable=True),
    sa.Column("description", TEXT, nullable=False),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.Column("price_per_impression", sa.BigInteger(), nullable=False),
    sa.Column("price_per_job", sa.BigInteger(), nullable=False),
    sa.Column("passthrough", sa.Boolean(), nullable=False),
    sa.Column("max_job_impressions", sa.BigInteger(), nullable=True),
    sa.Column("counted_impressions", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("id", name="pk_printers"),
    sa.UniqueConstraint("live_name", name="uq_printers_live_name"),
)

USERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("name", sa.String(length=255), nullable=False),
    sa.Column("live_name", sa.String(length=255), nullable=True),
    sa.Column("description", TEXT, nullable=False),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.Column("email", TEXT, nullable=False),
    sa.Column("limitby", sa.String(length=16), nullable=False),
    sa.Column("overcharge", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("id", name="pk_users"),
    sa.UniqueConstraint("live_name", name="uq_users_live_name"),
)

ACCOUNTS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("live_key", sa.String(length=255), nullable=True),
    sa.Column("unit", sa.String(length=24), nullable=False),
    sa.Column("owner_kind", sa.String(length=16), nullable=False),
    sa.Column("owner_name", sa.String(length=255), nullable=False),
    sa.Column("user_id", ID, nullable=True),
    sa.Column("group_id", ID, nullable=True),
    sa.Column("printer_id", ID, nullable=True),
    sa.Column("period_kind", sa.String(length=16), nullable=False),
    sa.Column("period_spec", TEXT, nullable=False),
    sa.Column("period_start_at", sa.BigInteger(), nullable=True),
    sa.Column("posted", sa.BigInteger(), nullable=False),
    sa.Column("lifetime", sa.BigInteger(), nullable=False),
    sa.Column("reserved", sa.BigInteger(), nullable=False),
    sa.Column("soft_limit", sa.BigInteger(), nullable=True),
    sa.Column("hard_limit", sa.BigInteger(), nullable=True),
    sa.Column("grace_until", sa.BigInteger(), nullable=True),
    sa.Column("max_job_impressions", sa.BigInteger(), nullable=True),
    sa.Column("warn_banners", sa.BigInteger(), nullable=False),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_accounts_group_id"),
    sa.ForeignKeyConstraint(["printer_id"], ["printers.id"], name="fk_accounts_printer_id"),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_accounts_user_id"),
    sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    sa.UniqueConstraint("live_key", name="uq_accounts_live_key"),
)

ATTEMPTS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("nonce", sa.String(length=32), nullable=False),
    sa.Column("spooler_host", sa.String(length=255), nullable=False),
    sa.Column("job_id", sa.BigInteger(), nullable=False),
    sa.Column("time_at_creation", sa.BigInteger(), nullable=False),
    sa.Column("job_uuid", sa.String(length=64), nullable=False),
    sa.Column("state", sa.String(length=12), nullable=False),
    sa.Column("outcome", sa.String(length=16), nullable=True),
    sa.Column("printer_name", sa.String(length=255), nullable=False),
    sa.Column("printer_id", ID, nullable=True),
    sa.Column("class_name", sa.String(length=255), nullable=False),
    sa.Column("device_uri", TEXT, nullable=False),
    sa.Column("user_name", TEXT, nullable=False),
    sa.Column("user_id", ID, nullable=True),
    sa.Column("original_user_name", TEXT, nullable=False),
    sa.Column("authenticated_user_name", TEXT, nullable=False),
    sa.Column("identified", sa.String(length=20), nullable=False),
    sa.Column("host_name", TEXT, nullable=False),
    sa.Column("job_name", TEXT, nullable=False),
    sa.Column("options", TEXT, nullable=False),
    sa.Column("options_json", TEXT, nullable=False),
    sa.Column("content_type", TEXT, nullable=False),
    sa.Column("final_content_type", TEXT, nullable=False),
    sa.Column("document_from_file", sa.Boolean(), nullable=False),
    sa.Column("billing_code", TEXT, nullable=False),
    sa.Column("copies", sa.BigInteger(), nullable=False),
    sa.Column("document_octets", sa.BigInteger(), nullable=True),
    sa.Column("document_sha256", sa.String(length=64), nullable=False),
    sa.Column("document_md5", sa.String(length=32), nullable=False),
    sa.Column("declared_impressions", sa.BigInteger(), nullable=True),
    sa.Column("parsed_impressions", sa.BigInteger(), nullable=True),
    sa.Column("reported_impressions", sa.BigInteger(), nullable=True),
    sa.Column("media_sheets", sa.BigInteger(), nullable=True),
    sa.Column("impressions_color", sa.BigInteger(), nullable=True),
    sa.Column("language", sa.String(length=24), nullable=False),
    sa.Column("confidence", sa.String(length=12), nullable=False),
    sa.Column("findings", TEXT, nullable=False),
    sa.Column("usage_json", TEXT, nullable=False),
    sa.Column("tariff_json", TEXT, nullable=False),
    sa.Column("quoted_impressions", sa.BigInteger(), nullable=False),
    sa.Column("quoted_price", sa.BigInteger(), nullable=False),
    sa.Column("charged_impressions", sa.BigInteger(), nullable=False),
    sa.Column("charged_media_sheets", sa.BigInteger(), nullable=False),
    sa.Column("charged_price", sa.BigInteger(), nullable=False),
    sa.Column("charge_rule", sa.String(length=24), nullable=False),
    sa.Column("over_reserved", sa.Boolean(), nullable=False),
    sa.Column("printer_counter_before", sa.BigInteger(), nullable=True),
    sa.Column("verdict", sa.String(length=8), nullable=False),
    sa.Column("reason", sa.String(length=64), nullable=False),
    sa.Column("decision_text", TEXT, nullable=False),
    sa.Column("boot_id", sa.String(length=64), nullable=False),
    sa.Column("client_pid", sa.BigInteger(), nullable=False),
    sa.Column("client_start_time_ticks", sa.BigInteger(), nullable=False),
    sa.Column("backend_pid", sa.BigInteger(), nullable=True),
    sa.Column("backend_start_time_ticks", sa.BigInteger(), nullable=True),
    sa.Column("backend_status", sa.BigInteger(), nullable=True),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
    sa.Column("reserved_at", sa.BigInteger(), nullable=True),
    sa.Column("started_at", sa.BigInteger(), nullable=True),
    sa.Column("closed_at", sa.BigInteger(), nullable=True),
    sa.Column("hidden", sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(["printer_id"], ["printers.id"], name="fk_attempts_printer_id"),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_attempts_user_id"),
    sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    sa.UniqueConstraint("nonce", name="uq_attempts_nonce"),
)

GROUP_MEMBERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("group_id", ID, nullable=False),
    sa.Column("user_id", ID, nullable=False),
    sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_members_group_id"),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_group_members_user_id"),
    sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_group_members"),
)

PRINTER_MEMBERS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("group_id", ID, nullable=False),
    sa.Column("printer_id", ID, nullable=False),
    sa.ForeignKeyConstraint(["group_id"], ["printers.id"], name="fk_printer_members_group_id"),
    sa.ForeignKeyConstraint(["printer_id"], ["printers.id"], name="fk_printer_members_printer_id"),
    sa.PrimaryKeyConstraint("group_id", "printer_id", name="pk_printer_members"),
)

ATTEMPT_NOTES: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("attempt_id", ID, nullable=False),
    sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("code", sa.String(length=32), nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_attempt_notes_attempt_id"),
    sa.PrimaryKeyConstraint("attempt_id", "number", name="pk_attempt_notes"),
)

ENTRIES: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("id", ID, nullable=False),
    sa.Column("account_id", ID, nullable=False),
    sa.Column("write_id", sa.String(length=64), nullable=False),
    sa.Column("kind", sa.String(length=16), nullable=False),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("lifetime_amount", sa.BigInteger(), nullable=False),
    sa.Column("attempt_id", ID, nullable=True),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("actor", sa.String(length=255), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_entries_account_id"),
    sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_entries_attempt_id"),
    sa.PrimaryKeyConstraint("id", name="pk_entries"),
    sa.UniqueConstraint("write_id", "account_id", name="uq_entries_write_id_account_id"),
)

RESERVATIONS: tuple[sa.schema.SchemaItem, ...] = (
    sa.Column("attempt_id", ID, nullable=False),
    sa.Column("account_id", ID, nullable=False),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("state", sa.String(length=12), nullable=False),
    sa.Column("checked", sa.Boolean(), nullable=False),
    sa.Column("grace_written", sa.BigInteger(), nullable=True),
    sa.Column("in_grace", sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reservations_account_id"),
    sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_reservations_attempt_id"),
    sa.PrimaryKeyConstraint("attempt_id", "account_id", name="pk_reservations"),
)


def upgrade() -> None:
    op.create_table("acts", *ACTS)
    op.create_table("groups", *GROUPS)
    op.create_index("ix_groups_name", "groups", ["name"])
    op.create_table("printers", *PRINTERS)
    op.create_index("ix_printers_name", "printers", ["name"])
    op.create_table("users", *USERS)
    op.create_index("ix_users_name", "users", ["name"])
    op.create_table("accounts", *ACCOUNTS)
    op.create_index("ix_accounts_group_id_printer_id", "accounts", ["group_id", "printer_id"])
    op.create_index("ix_accounts_printer_id", "accounts", ["printer_id"])
    op.create_index("ix_accounts_user_id_printer_id", "accounts", ["user_id", "printer_id"])
    op.create_table("attempts", *ATTEMPTS)
    op.create_index("ix_attempts_job", "attempts", ["job_id", "spooler_host", "time_at_creation"])
    op.create_index(
        "ix_attempts_open", "attempts", ["state"], sqlite_where=OPEN_ATTEMPTS, postgresql_where=OPEN_ATTEMPTS
    )
    op.create_index("ix_attempts_printer_id_received_at", "attempts", ["printer_id", "received_at"])
    op.create_index("ix_attempts_user_id_received_at", "attempts", ["user_id", "received_at"])
    op.create_table("group_members", *GROUP_MEMBERS)
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"])
    op.create_table("printer_members", *PRINTER_MEMBERS)
    op.create_index("ix_printer_members_printer_id", "printer_members", ["printer_id"])
    op.create_table("attempt_notes", *ATTEMPT_NOTES, sqlite_with_rowid=False)
    op.create_table("entries", *ENTRIES)
    op.create_index("ix_entries_account_id", "entries", ["account_id"])
    op.create_table("reservations", *RESERVATIONS, sqlite_with_rowid=False)
    op.create_index(
        "ix_reservations_open", "reservations", ["account_id"], sqlite_where=OPEN_LEGS, postgresql_where=OPEN_LEGS
    )


def downgrade() -> None:
    op.drop_table("reservations")
    op.drop_table("entries")
    op.drop_table("attempt_notes")
    op.drop_table("printer_members")
    op.drop_table("group_members")
    op.drop_table("attempts")
    op.drop_table("accounts")
    op.drop_table("users")
    op.drop_table("printers")
    op.drop_table("groups")
    op.drop_table("acts")
