# SPDX-License-Identifier: Apache-2.0
"""What a job would cost, and whether it might print, on each printer where a user has a quota entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.names import matching
from pagetoll.app.standings import standings_of
from pagetoll.config.options import Settings
from pagetoll.core import charging
from pagetoll.core.catalogue import UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.foresight import foresee
from pagetoll.core.messages import _
from pagetoll.core.policy import Decision, LimitBy
from pagetoll.core.pricing import PriceLine, Tariff
from pagetoll.ports import CatalogueReader, Ledger


@dataclass(frozen=True, slots=True)
class Size:
    """What is asked about: impressions, and the octets of the documents as far as they are known."""

    impressions: int
    document_octets: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The price on a printer in millionths, what a job would meet there, and whether nothing would be charged for it
    because the printer is in passthrough mode."""

    printer_name: str
    price: int
    decision: Decision
    passthrough: bool


def quoted_user(catalogue: CatalogueReader, name: str) -> UserRow:
    """The user who asks. Raises UsageError where the ledger does not know the name."""
    for row in catalogue.users():
        if row.name == name:
            return row
    raise UsageError(
        _("there is no user {name} in the ledger; an administrator adds users with: pkusers --add").format(name=name)
    )


def quotes(
    books: tuple[Ledger, CatalogueReader],
    user: UserRow,
    printers: Sequence[str],
    size: Size,
    settings: Settings,
    now: datetime,
) -> Iterator[Quote]:
    """A quote for a job of this size on each printer (patterns) where the user has an entry, by name.

    Raises UsageError when no printer matches.
    """
    ledger, catalogue = books
    found = matching(catalogue.printers(), printers or ["*"], lambda row: row.name)
    if not found:
        shown = ", ".join(printers) or "*"
        text = _("there is no printer that matches {words}; list them with: pkprinters --list")
        raise UsageError(text.format(words=shown))
    for printer in found:
        view = ledger.charge_view(printer.name, user.name, settings.rules, settings.default_rule)
        if charging.missing(view):
            continue
        planned = charging.plan(view, size.impressions)
        standings, rolling = standings_of(ledger, view, planned, size.document_octets)
        states = [stood.account for stood in standings.accounts]
        yield Quote(
            printer_name=printer.name,
            price=_price(view, size.impressions),
            decision=foresee(view, planned, states, now, rolling),
            passthrough=view.passthrough,
        )


def _price(view: charging.ChargeView, impressions: int) -> int:
    """The price by the printers' prices, also where it is not charged."""
    lines = [PriceLine(entry.printer_name, entry.price_per_impression, entry.price_per_job) for entry in view.entries]
    return Tariff(tuple(lines), view.overcharge).price(impressions)


def is_free(user: UserRow, quote: Quote) -> bool:
    """Whether nothing will be charged for the job whatever it costs."""
    return quote.passthrough or user.limitby is LimitBy.NOCHANGE
