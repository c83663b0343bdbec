# SPDX-License-Identifier: Apache-2.0
"""Making a user and a printer known at the moment the user first prints there, where nobody is entered by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pagetoll.app.names import check_new_name, new_names
from pagetoll.app.printers import ancestors, parents
from pagetoll.app.users import check_email
from pagetoll.core.catalogue import EntrySelection, Figure, OwnerChange, PrinterChange, PrinterRow, UserRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.policy import LimitBy, OwnerKind
from pagetoll.ports import Catalogue, CatalogueTransaction

PRINTER_DESCRIPTION = "printer created with autopykota"
USER_DESCRIPTION = "user created with autopykota"
Row = TypeVar("Row", UserRow, PrinterRow)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who shall be able to print where. A new user is limited by balance, begins with `balance` (millionths of a
    credit) and gets `email`, in front of which the name is put when it begins with @."""

    user_name: str
    printer_name: str
    balance: int = 0
    email: str = ""


def enrol(catalogue: Catalogue, wanted: Enrolment, actor: str, act: str) -> bool:
    """Create the printer, the user, and the entries on the printer and the groups above it, where they are missing,
    in one transaction. What exists stays as it is. True when the user has an entry on the printer now.

    Raises UsageError for a name or address that is refused: then nothing was changed.
    """
    check_email(wanted.email)

    def work(transaction: CatalogueTransaction) -> bool:
        printer_id = _ensure_printer(transaction, wanted.printer_name)
        user_id = _ensure_user(transaction, wanted)
        above = ancestors(printer_id, parents(transaction.printer_members()))
        transaction.ensure_entries(EntrySelection(OwnerKind.USER, (user_id,), (printer_id, *above)))
        return bool(transaction.entries(EntrySelection(OwnerKind.USER, (user_id,), (printer_id,))))

    return catalogue.write(actor, act, work)


def enrol_seen(catalogue: Catalogue, seen: Iterable[tuple[str, str]], actor: str, act: str) -> None:
    """Create what is missing so that these users (first) may be charged on these printers (second): printers, users,
    and entries without limits, in one transaction. Pairs with a name that may be none are left out."""
    pairs = sorted({pair for pair in seen if all(_may_be_new(name) for name in pair)})
    if not pairs:
        return

    def work(transaction: CatalogueTransaction) -> None:
        printer_rows, user_rows = transaction.printers(), transaction.users()
        transaction.add_printers(sorted({printer for _user, printer in pairs} - {row.name for row in printer_rows}))
        transaction.add_users(sorted({user for user, _printer in pairs} - {row.name for row in user_rows}))
        users = {row.name: row.user_id for row in transaction.users()}
        printers = {row.name: row.printer_id for row in transaction.printers()}
        above = parents(transaction.printer_members())
        for name in sorted({printer for _user, printer in pairs}):
            here = tuple(users[user] for user, printer in pairs if printer == name)
            wanted = (printers[name], *ancestors(printers[name], above))
            transaction.ensure_entries(EntrySelection(OwnerKind.USER, here, wanted))

    catalogue.write(actor, act, work)


def _may_be_new(name: str) -> bool:
    try:
        return check_new_name(_("name"), name) == name
    except UsageError:
        return False


def _ensure_printer(transaction: CatalogueTransaction, name: str) -> int:
    rows = transaction.printers()
    if missing := new_names(_("printer"), [name], (row.name for row in rows)):
        transaction.add_printers(missing)
        rows = transaction.printers()
    printer_id = _named(rows, name).printer_id
    if missing:
        transaction.change_printers([printer_id], PrinterChange(description=PRINTER_DESCRIPTION))
    return printer_id


def _ensure_user(transaction: CatalogueTransaction, wanted: Enrolment) -> int:
    name, rows = wanted.user_name, transaction.users()
    missing = new_names(_("user"), [name], (row.name for row in rows))
    if not missing:
        return _named(rows, name).user_id
    transaction.add_users(missing)
    user_id = _named(transaction.users(), name).user_id
    transaction.change_users([user_id], OwnerChange(description=USER_DESCRIPTION, limitby=LimitBy.BALANCE))
    email = f"{name}{wanted.email}" if wanted.email.startswith("@") else wanted.email
    transaction.set_emails([(user_id, email)])
    if wanted.balance:
        transaction.book_payments([user_id], Figure(wanted.balance), USER_DESCRIPTION)
    return user_id


def _named(rows: Sequence[Row], name: str) -> Row:
    return next(row for row in rows if row.name == name)
