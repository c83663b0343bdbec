# SPDX-License-Identifier: Apache-2.0
"""How accounts and rolling limits stood when a job was decided on; not known of earlier jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: MySQL's and MariaDB's TEXT ends at 65,535 octets.
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
COLUMNS = ("stood_posted", "stood_reserved", "stood_soft_limit", "stood_hard_limit", "stood_grace_until")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("reservations", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("attempts", sa.Column("rolling_json", TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "rolling_json")
    for name in reversed(COLUMNS):
        op.drop_column("reservations", name)
