# SPDX-License-Identifier: Apache-2.0
"""The ledger's tables (docs/concepts/ledger.md), for SQLite, PostgreSQL, MySQL and MariaDB.

Amounts are whole steps of the account's unit (millionths for credits). Times are UTC microseconds since 1970,
as integers: no dialect's own date type, no zone lost. A deleted thing keeps its row and its `name`; `live_name`
becomes NULL, which frees the name, as NULLs do not collide in a unique index.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows by themselves only for INTEGER primary keys.
Id = BigInteger().with_variant(Integer, "sqlite")


class MediumText(Text):
    """MySQL's. SQLAlchemy has a class of it too, but in a dialect that only who uses MySQL needs to read."""

    __visit_name__ = "MEDIUMTEXT"


#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
LongText = Text().with_variant(MediumText(), "mysql")
NAME_LENGTH = 255
NOTHING = 0

#: The newest migration; `Database` refuses any other.
SCHEMA_VERSION = "0007"

#: Kept by alembic, so not among the tables that it compares.
schema_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def _named(table: str, *columns: Column[object]) -> Table:
    return Table(
        table,
        metadata,
        Column("id", Id, primary_key=True, autoincrement=True),
        Column("name", String(NAME_LENGTH), nullable=False, index=True),
        Column("live_name", String(NAME_LENGTH), nullable=True, unique=True),
        Column("description", LongText, nullable=False, default=""),
        Column("created_at", BigInteger, nullable=False),
        Column("closed_at", BigInteger, nullable=True),
        *columns,
    )


#: A printer or a printer group: the same kind of row, a group just has members.
printers = _named(
    "printers",
    Column("price_per_impression", BigInteger, nullable=False, default=0),
    Column("price_per_job", BigInteger, nullable=False, default=0),
    Column("passthrough", Boolean, nullable=False, default=False),
    Column("max_job_impressions", BigInteger, nullable=True),
    Column("counted_impressions", BigInteger, nullable=False, default=0),  # all that was ever settled here
    # what each user may print here within so many seconds; NULL: no limit
    Column("rolling_period_s", BigInteger, nullable=True),
    Column("rolling_impressions", BigInteger, nullable=True),
    Column("rolling_k_octets", BigInteger, nullable=True),
)

printer_members = Table(
    "printer_members",
    metadata,
    Column("group_id", Id, ForeignKey("printers.id"), primary_key=True),
    Column("printer_id", Id, ForeignKey("printers.id"), primary_key=True, index=True),
)

users = _named(
    "users",
    Column("email", LongText, nullable=False, default=""),
    Column("limitby", String(16), nullable=False, default="quota"),
    Column("overcharge", BigInteger, nullable=False, default=1_000_000),
)

groups = _named("groups", Column("limitby", String(16), nullable=False, default="quota"))

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True, index=True),
)

#: What billing codes name. Each has two accounts over all printers: impressions, and the credits that were spent.
cost_centers = _named("cost_centers")

#: Every quota and balance. Owner: exactly one of user_id, group_id, cost_center_id (with its name in owner_name), or
#: none (`owner_kind` everyone). A user's or group's credits are a balance, a cost centre's are what was spent. Scope:
#: printer_id (a printer or printer group), NULL = all printers. For `owner_kind = group` `posted`, `lifetime` and
#: `reserved` are the kept sums over the present members' accounts of the same unit and scope. `live_key` =
#: "owner_kind:owner_id:unit:printer_id or 0:period" while open, NULL when closed: unique.
accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("live_key", String(NAME_LENGTH), nullable=True, unique=True),
    Column("unit", String(24), nullable=False),
    Column("owner_kind", String(16), nullable=False),
    Column("owner_name", String(NAME_LENGTH), nullable=False, default=""),
    Column("user_id", Id, ForeignKey("users.id"), nullable=True),
    Column("group_id", Id, ForeignKey("groups.id"), nullable=True),
    Column("cost_center_id", Id, ForeignKey("cost_centers.id"), nullable=True, index=True),
    Column("printer_id", Id, ForeignKey("printers.id"), nullable=True, index=True),
    Column("period_kind", String(16), nullable=False, default="until_reset"),
    Column("period_spec", LongText, nullable=False, default=""),
    Column("period_start_at", BigInteger, nullable=True),
    Column("posted", BigInteger, nullable=False, default=NOTHING),
    Column("lifetime", BigInteger, nullable=False, default=NOTHING),
    Column("reserved", BigInteger, nullable=False, default=NOTHING),
    Column("soft_limit", BigInteger, nullable=True),
    Column("hard_limit", BigInteger, nullable=True),
    Column("grace_until", BigInteger, nullable=True),
    Column("max_job_impressions", BigInteger, nullable=True),
    Column("warn_banners", BigInteger, nullable=False, default=NOTHING),
    Column("created_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=True),
    CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    Index("ix_accounts_user_id_printer_id", "user_id", "printer_id"),
    Index("ix_accounts_group_id_printer_id", "group_id", "printer_id"),
)

#: What partial indexes hold (`partial_indexes`). As text, so that a planner sees a partial index's own condition.
OPEN_LEGS = text("state = 'open'")
OPEN_ATTEMPTS = text("state <> 'closed'")
PAID_ENTRIES = text("kind IN ('payment', 'refund')")

#: Append-only. `amount` goes to `posted`, `lifetime_amount` to `lifetime`. `write_id` is made before the first
#: try, so that a retry is harmless; an attempt's is `job_write_id`, by which its entries are found.
entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("write_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("lifetime_amount", BigInteger, nullable=False),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=True),
    Column("reason", LongText, nullable=False, default=""),
    Column("actor", String(NAME_LENGTH), nullable=False, default=""),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("write_id", "account_id"),
)

#: One row per leg of an attempt: the user's accounts, and the users groups' that were checked. `amount` was set
#: aside on the account, or asked for in vain; 0 for negative prices. `stood_...` is the account when the job was
#: decided on, before it; unknown for jobs of schema 0004 and older.
reservations = Table(
    "reservations",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("state", String(12), nullable=False, default="open"),  # open, settled, voided; over_limit, not_taken
    Column("checked", Boolean, nullable=False),
    Column("grace_written", BigInteger, nullable=True),  # the grace_until this leg wrote, cleared by a void
    Column("in_grace", Boolean, nullable=False, default=False),  # over the soft limit when it was set aside
    Column("stood_posted", BigInteger, nullable=True),
    Column("stood_reserved", BigInteger, nullable=True),
    Column("stood_soft_limit", BigInteger, nullable=True),
    Column("stood_hard_limit", BigInteger, nullable=True),
    Column("stood_grace_until", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("nonce", String(32), nullable=False, unique=True),
    Column("spooler_host", String(NAME_LENGTH), nullable=False),
    Column("job_id", BigInteger, nullable=False),
    Column("time_at_creation", BigInteger, nullable=False),
    Column("job_uuid", String(64), nullable=False, default=""),
    Column("state", String(12), nullable=False),
    Column("outcome", String(16), nullable=True),
    # who and where; the names as they were said, the ids where known
    Column("printer_name", String(NAME_LENGTH), nullable=False),
    Column("printer_id", Id, ForeignKey("printers.id"), nullable=True),
    Column("class_name", String(NAME_LENGTH), nullable=False, default=""),
    Column("device_uri", LongText, nullable=False, default=""),
    Column("user_name", LongText, nullable=False),
    Column("user_id", Id, ForeignKey("users.id"), nullable=True),
    Column("original_user_name", LongText, nullable=False, default=""),
    Column("authenticated_user_name", LongText, nullable=False, default=""),
    Column("identified", String(20), nullable=False),
    Column("host_name", LongText, nullable=False, default=""),
    Column("job_name", LongText, nullable=False, default=""),
    Column("options", LongText, nullable=False, default=""),  # as the spooler wrote them
    Column("options_json", LongText, nullable=False, default=""),
    Column("content_type", LongText, nullable=False, default=""),
    Column("final_content_type", LongText, nullable=False, default=""),
    Column("document_from_file", Boolean, nullable=False, default=False),
    Column("billing_code", LongText, nullable=False, default=""),
    Column("cost_center_id", Id, ForeignKey("cost_centers.id"), nullable=True),
    Column("copies", BigInteger, nullable=False, default=1),
    Column("document_octets", BigInteger, nullable=True),
    Column("document_sha256", String(64), nullable=False, default=""),
    Column("document_md5", String(32), nullable=False, default=""),
    # the three numbers
    Column("declared_impressions", BigInteger, nullable=True),
    Column("parsed_impressions", BigInteger, nullable=True),
    Column("reported_impressions", BigInteger, nullable=True),
    Column("media_sheets", BigInteger, nullable=True),
    Column("impressions_color", BigInteger, nullable=True),
    Column("language", String(24), nullable=False, default=""),
    Column("confidence", String(12), nullable=False, default=""),
    Column("findings", LongText, nullable=False, default=""),
    Column("usage_json", LongText, nullable=False, default=""),
    # price and charge
    Column("tariff_json", LongText, nullable=False, default=""),
    Column("quoted_impressions", BigInteger, nullable=False, default=NOTHING),
    Column("quoted_price", BigInteger, nullable=False, default=NOTHING),
    Column("charged_impressions", BigInteger, nullable=False, default=NOTHING),
    Column("charged_media_sheets", BigInteger, nullable=False, default=NOTHING),
    Column("charged_price", BigInteger, nullable=False, default=NOTHING),
    Column("charge_rule", String(24), nullable=False, default=""),
    Column("over_reserved", Boolean, nullable=False, default=False),
    Column("printer_counter_before", BigInteger, nullable=True),
    Column("refunded_impressions", BigInteger, nullable=False, default=NOTHING),  # sums of its refunds
    Column("refunded_price", BigInteger, nullable=False, default=NOTHING),
    # decision
    Column("verdict", String(8), nullable=False, default=""),
    Column("reason", String(64), nullable=False, default=""),
    Column("decision_text", LongText, nullable=False, default=""),
    Column("rolling_json", LongText, nullable=True),  # how the rolling limits stood that the job met
    # evidence of the process
    Column("boot_id", String(64), nullable=False, default=""),
    Column("client_pid", BigInteger, nullable=False, default=NOTHING),
    Column("client_start_time_ticks", BigInteger, nullable=False, default=NOTHING),
    Column("backend_pid", BigInteger, nullable=True),
    Column("backend_start_time_ticks", BigInteger, nullable=True),
    Column("backend_status", BigInteger, nullable=True),
    Column("received_at", BigInteger, nullable=False),
    Column("reserved_at", BigInteger, nullable=True),
    Column("started_at", BigInteger, nullable=True),
    Column("closed_at", BigInteger, nullable=True),
    Column("hidden", Boolean, nullable=False, default=False),  # history of a deleted printer, user or entry
    # The number first: people ask for a job by its number alone.
    Index("ix_attempts_job", "job_id", "spooler_host", "time_at_creation"),
    Index("ix_attempts_printer_id_received_at", "printer_id", "received_at"),
    Index("ix_attempts_user_id_received_at", "user_id", "received_at"),
)

#: What happened to an attempt, in order: the rules that spoke, repairs, times. For "explain this charge".
attempt_notes = Table(
    "attempt_notes",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("code", String(32), nullable=False),
    Column("text", LongText, nullable=False),
    sqlite_with_rowid=False,
)

#: What was given back of a charged attempt, one row a refund; the entries of a refund carry its write_id.
refunds = Table(
    "refunds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("write_id", String(64), nullable=False, unique=True),
    Column("impressions", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("reason", LongText, nullable=False),
    Column("actor", String(NAME_LENGTH), nullable=False),
    Column("at", BigInteger, nullable=False),
)

#: What a device said of its counters before and after an attempt; `trouble` is why a reading is not used.
readings = Table(
    "readings",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("phase", String(8), primary_key=True),  # before, after
    Column("at", BigInteger, nullable=False),
    Column("device", String(NAME_LENGTH), nullable=False),
    Column("source", String(8), nullable=False),
    Column("serial", String(NAME_LENGTH), nullable=False, default=""),
    Column("impressions", BigInteger, nullable=True),
    Column("media_sheets", BigInteger, nullable=True),
    Column("state", LongText, nullable=False, default=""),
    Column("trouble", LongText, nullable=False, default=""),
    Column("last_job_id", BigInteger, nullable=True),  # of a device that counts by jobs: those after it are counted
    sqlite_with_rowid=False,
)

#: Which span of jobs a device is in now, across print servers, by the nonce of its first attempt; over when all its
#: attempts are closed.
device_leases = Table(
    "device_leases",
    metadata,
    Column("device", String(NAME_LENGTH), primary_key=True),
    Column("nonce", String(32), nullable=False),
)

#: The attempts of a span: what was counted in each, whether its backend is over, and, once it is known what the
#: device marked for all of them, the attempt's part of it, or why there is none.
device_members = Table(
    "device_members",
    metadata,
    Column("nonce", String(32), primary_key=True),
    Column("span", String(32), nullable=False, index=True),
    Column("device", String(NAME_LENGTH), nullable=False, index=True),
    Column("parsed_impressions", BigInteger, nullable=False),
    Column("ended", Boolean, nullable=False, default=False),
    Column("marked_impressions", BigInteger, nullable=True),
    Column("trouble", LongText, nullable=True),
)

#: Who the machine at an address says it is, by each protocol, and what it is called in leases.
device_serials = Table(
    "device_serials",
    metadata,
    Column("address", String(NAME_LENGTH), primary_key=True),
    Column("source", String(8), primary_key=True),
    Column("serial", String(NAME_LENGTH), nullable=False),
    Column("device", String(NAME_LENGTH), nullable=False),
)

#: The print servers that share the ledger: a living one counts its beats.
print_servers = Table(
    "print_servers",
    metadata,
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("beats", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("given_up", Boolean, nullable=False),
)

#: The roles of login names, whether they print or not.
roles = Table(
    "roles",
    metadata,
    Column("user_name", String(NAME_LENGTH), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("granted_by", String(NAME_LENGTH), nullable=False),
    Column("granted_at", BigInteger, nullable=False),
)

#: Every administrative act: who, when, what.
acts = Table(
    "acts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(NAME_LENGTH), nullable=False),
    Column("text", LongText, nullable=False),
)
