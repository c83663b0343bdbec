# SPDX-License-Identifier: Apache-2.0
"""How everything stood when a job was decided on, as the columns of its row and of its legs' rows."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert

from pagetoll.core.policy import AccountState
from pagetoll.core.rolling import RollingUse
from pagetoll.core.standings import NOT_TAKEN, OVER_LIMIT, Stood
from pagetoll.storage.sql.instants import maybe_instant, maybe_micros
from pagetoll.storage.sql.schema import reservations


def stood_columns(account: Row[Any]) -> dict[str, Any]:
    """The columns of a leg, from the account's row before the job."""
    return {
        "stood_posted": account.posted,
        "stood_reserved": account.reserved or None,  # mostly nothing, which takes no room
        "stood_soft_limit": account.soft_limit,
        "stood_hard_limit": account.hard_limit,
        "stood_grace_until": account.grace_until,
    }


def unchecked_leg(attempt_id: int, account: Row[Any]) -> dict[str, Any]:
    """The leg of a job that was printed before it was booked: nothing was set aside for it."""
    return {
        "attempt_id": attempt_id,
        "account_id": account.id,
        "amount": 0,
        "state": "settled",
        "checked": False,
    } | stood_columns(account)


def insert_refused_legs(connection: Connection, attempt_id: int, stood: Sequence[Stood]) -> None:
    """The legs of a job that got nothing."""
    rows = [
        {
            "attempt_id": attempt_id,
            "account_id": one.account.account_id,
            "amount": one.asked,
            "state": OVER_LIMIT if one.over else NOT_TAKEN,
            "checked": one.checked,
            "stood_posted": one.account.posted,
            "stood_reserved": one.account.reserved or None,
            "stood_soft_limit": one.account.soft_limit,
            "stood_hard_limit": one.account.hard_limit,
            "stood_grace_until": maybe_micros(one.account.grace_until),
        }
        for one in stood
    ]
    if rows:
        connection.execute(insert(reservations), rows)


def stood_of(account: AccountState, leg: Row[Any]) -> AccountState | None:
    """The account as it stood; None where the leg is of a schema that did not keep it."""
    if leg.stood_posted is None:
        return None
    return AccountState(
        account_id=account.account_id,
        unit=account.unit,
        owner_kind=account.owner_kind,
        owner_name=account.owner_name,
        scope_name=account.scope_name,
        posted=leg.stood_posted,
        reserved=leg.stood_reserved or 0,
        soft_limit=leg.stood_soft_limit,
        hard_limit=leg.stood_hard_limit,
        grace_until=maybe_instant(leg.stood_grace_until),
    )


def rolling_to_json(uses: Sequence[RollingUse]) -> str | None:
    """The uses as they are kept, one list each; None for none."""
    kept = [[use.printer_name, int(use.is_octets), use.limit, use.period_s, use.used, use.asked] for use in uses]
    return json.dumps(kept, separators=(",", ":")) if kept else None


def rolling_from_json(text: str | None) -> tuple[RollingUse, ...]:
    """What `rolling_to_json` kept."""
    if not text:
        return ()
    return tuple(
        RollingUse(printer_name, bool(is_octets), limit, period_s, used, asked)
        for printer_name, is_octets, limit, period_s, used, asked in json.loads(text)
    )
