# SPDX-License-Identifier: Apache-2.0
"""How somebody stands, in a few lines for a screen: pages used on each printer, or what is left of the balance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pagetoll.app.quotes import quoted_user
from pagetoll.config.options import Settings
from pagetoll.core.catalogue import EntryRow, EntrySelection
from pagetoll.core.messages import _
from pagetoll.core.money import decimal_of
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.ports import CatalogueReader


@dataclass(frozen=True, slots=True)
class StateLine:
    """A line for the screen, and whether it says that printing is over."""

    text: str
    alarming: bool = False


def state_lines(catalogue: CatalogueReader, user_name: str, settings: Settings) -> Sequence[StateLine]:
    """The lines for this user. Raises UsageError where the ledger does not know the name."""
    user = quoted_user(catalogue, user_name)
    if user.limitby is LimitBy.NOPRINT:
        return [StateLine(_("Printing denied."), alarming=True)]
    if user.limitby is LimitBy.NOQUOTA:
        return [StateLine(_("Printing not limited."))]
    if user.limitby is LimitBy.NOCHANGE:
        return [StateLine(_("Printing not limited, no accounting."))]
    if user.limitby is LimitBy.BALANCE:
        text = _("PyKota Units left : {balance}").format(balance=format(decimal_of(user.balance), ".2f"))
        return [StateLine(text, alarming=user.balance <= settings.balancezero)]
    return list(_page_lines(catalogue, user.user_id))


def _page_lines(catalogue: CatalogueReader, user_id: int) -> Iterator[StateLine]:
    for entry in catalogue.entries(EntrySelection(OwnerKind.USER, (user_id,), None)):
        text = _("Pages used on {printer} : {used}")
        yield StateLine(text.format(printer=entry.printer_name, used=_used(entry)))


def _used(entry: EntryRow) -> str:
    """The part of the hard limit, else of the soft one; the number where there is no limit."""
    limit = entry.soft_limit if entry.hard_limit is None else entry.hard_limit
    if limit is None:
        return str(entry.page_counter)
    percent = 100 if limit <= 0 else max(0, min(100, entry.page_counter * 100 // limit))
    return f"{percent}%"
