# SPDX-License-Identifier: Apache-2.0
"""The cost centre that a job's billing code names."""

from sqlalchemy import Connection, and_, bindparam, select

from pagetoll.core.charging import CostCenter
from pagetoll.core.money import Unit
from pagetoll.storage.sql.cost_centers import add_codes, stored_name
from pagetoll.storage.sql.schema import accounts, cost_centers

_BY_NAME = (
    select(cost_centers.c.id, cost_centers.c.name, accounts.c.id.label("account_id"), accounts.c.unit)
    .join(accounts, and_(accounts.c.cost_center_id == cost_centers.c.id, accounts.c.closed_at.is_(None)))
    .where(cost_centers.c.live_name == bindparam("code"))
)


def find_cost_center(connection: Connection, billing_code: str) -> CostCenter | None:
    """The cost centre that a job's billing code names; None where there is none."""
    rows = connection.execute(_BY_NAME, {"code": stored_name(billing_code)}).all()
    if not rows:
        return None
    account_of = {row.unit: row.account_id for row in rows}
    return CostCenter(rows[0].id, rows[0].name, account_of[Unit.IMPRESSIONS], account_of[Unit.CREDITS])


def ensure_cost_center(connection: Connection, billing_code: str, now: int) -> CostCenter:
    """The same, made where there is none; `now` in microseconds. Of two makers at once the second finds it."""
    found = find_cost_center(connection, billing_code)
    if found is None:
        add_codes(connection, [stored_name(billing_code)], now)
        found = find_cost_center(connection, billing_code)
    assert found is not None
    return found
