# SPDX-License-Identifier: Apache-2.0
"""Billing codes as an administrator sees them. A code is a cost centre: it counts impressions and money, and may have
a budget of either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pagetoll.app.names import NAME_LENGTH_MAX, is_control, matching
from pagetoll.core.catalogue import CodeChange, CodeRow, Unchanged
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

NO_CHANGE = CodeChange()


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """What is wanted of billing codes. With `add`, `words` are names, created where missing, and existing ones change
    too unless `skip_existing`; without, they are patterns. `reset` brings both figures to 0."""

    words: Sequence[str]
    add: bool = False
    skip_existing: bool = False
    change: CodeChange = NO_CHANGE
    reset: bool = False


def change_with_budgets(
    description: str | Unchanged, impressions: int | Unchanged | None, spent: int | Unchanged | None
) -> CodeChange:
    """The change that makes each budget both limits: no time of grace, unless another program sets a lower soft one.

    `spent` is in millionths of a credit; None is unlimited.
    """
    return CodeChange(
        description=description,
        soft_limit_impressions=impressions,
        hard_limit_impressions=impressions,
        soft_limit_spent=spent,
        hard_limit_spent=spent,
    )


def save_codes(catalogue: Catalogue, order: CodeOrder, actor: str, act: str) -> list[str]:
    """Create, change and reset codes in one transaction; returns the names that were meant, existing ones too.

    Raises UsageError when nothing matches or a name or budget is refused: then nothing was changed.
    """
    _check_budgets(order.change)

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = transaction.codes()
        if order.add:
            new = _new_codes(order.words, rows)
            transaction.add_codes(new)
            rows = transaction.codes() if new else rows
            named = [row for row in rows if row.name in set(order.words)]
            meant = [row for row in named if row.name in set(new) or not order.skip_existing]
        else:
            named = meant = _found(rows, order.words)
        ids = [row.code_id for row in meant]
        transaction.change_codes(ids, order.change)
        if order.reset:
            transaction.reset_codes(ids)
        return [row.name for row in named]

    return catalogue.write(actor, act, work)


def delete_codes(catalogue: Catalogue, words: Sequence[str], actor: str, act: str) -> list[str]:
    """Delete the codes that match and return their names. Raises UsageError when nothing matches."""

    def work(transaction: CatalogueTransaction) -> list[str]:
        rows = _found(transaction.codes(), words)
        transaction.delete_codes([row.code_id for row in rows])
        return [row.name for row in rows]

    return catalogue.write(actor, act, work)


def list_codes(catalogue: CatalogueReader, words: Sequence[str]) -> list[CodeRow]:
    """The codes that match, by name. Raises UsageError when none does."""
    return _found(catalogue.codes(), words)


def _new_codes(words: Sequence[str], rows: Sequence[CodeRow]) -> list[str]:
    present = {row.name for row in rows}
    new = [name for name in dict.fromkeys(words) if name not in present]
    for name in new:
        if not name.strip():
            raise UsageError(_("a billing code cannot be blank; give one with letters or digits"))
        if len(name) > NAME_LENGTH_MAX:
            text = _("the billing code {name}… has {length} characters; at most {most} work")
            raise UsageError(text.format(name=name[:20], length=len(name), most=NAME_LENGTH_MAX))
        if any(is_control(character) for character in name):
            text = _("invalid billing code {name}: leave out control characters")
            raise UsageError(text.format(name=repr(name)))
    return new


def _check_budgets(change: CodeChange) -> None:
    pairs = (
        (change.soft_limit_impressions, change.hard_limit_impressions),
        (change.soft_limit_spent, change.hard_limit_spent),
    )
    for soft, hard in pairs:
        if any(isinstance(limit, int) and limit < 0 for limit in (soft, hard)):
            raise UsageError(_("a budget cannot be negative; give 0 or more, or unlimited"))
        if isinstance(soft, int) and isinstance(hard, int) and soft > hard:
            raise UsageError(_("the soft limit of a budget cannot be above its hard limit; swap them"))


def _found(rows: Sequence[CodeRow], words: Sequence[str]) -> list[CodeRow]:
    found = matching(rows, words or ["*"], lambda row: row.name)
    if not found:
        text = _("there is no billing code that matches {words}; list them with: pkbcodes --list")
        raise UsageError(text.format(words=", ".join(words) or "*"))
    return found
