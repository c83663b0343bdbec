# SPDX-License-Identifier: Apache-2.0
"""Rolling limits of printers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = ("rolling_period_s", "rolling_impressions", "rolling_k_octets")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("printers", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("printers", name)
