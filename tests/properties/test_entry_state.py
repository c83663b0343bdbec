# SPDX-License-Identifier: Apache-2.0
"""What a report says of entries, and what the smallest job meets on a real ledger, are the same."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract.books import Books, owner_ids, printer_id
from pagetoll.app.printers import rolling_limits
from pagetoll.app.quota_warnings import check_users
from pagetoll.app.reports.directory import read_directory
from pagetoll.app.reports.states import Register
from pagetoll.app.standings import standings_of
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core import charging
from pagetoll.core.catalogue import EntryChange, Figure, OwnerChange, PrinterChange
from pagetoll.core.entry_state import EntryState
from pagetoll.core.errors import LimitReached
from pagetoll.core.foresight import foresee
from pagetoll.core.money import MILLION
from pagetoll.core.policy import ALLOWED, GROUP_LIMITBY, Enforcement, LimitBy, OwnerKind, Verdict
from pagetoll.core.rolling import RollingLimits
from pagetoll.ports import CatalogueTransaction, Reserved
from pagetoll.storage.sql.migrate import upgrade

limits = st.none() | st.integers(0, 6)
money = st.sampled_from([-MILLION, -1, 0, 1, MILLION - 1, MILLION, MILLION + 1, 5 * MILLION])
largest_jobs = st.sampled_from([*[None] * 6, 1, 0])
prices = st.sampled_from([0, 1, MILLION])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, object]:
    """A user on a printer below a printer group, in a users group; any of it may be limited."""
    overcharge = draw(st.sampled_from([MILLION] * 4 + [0, -MILLION, 2 * MILLION]))
    group_modes = GROUP_LIMITBY if overcharge == MILLION else (LimitBy.QUOTA, LimitBy.NOQUOTA)
    return {
        "enforcement": draw(st.sampled_from(list(Enforcement))),
        "balancezero": draw(st.sampled_from([0, -MILLION])),
        "limitby": draw(st.sampled_from([LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.BALANCE, LimitBy.QUOTA, *LimitBy])),
        "overcharge": overcharge,
        "balance": draw(money),
        "price": (draw(prices), draw(prices)),
        "price_above": draw(prices),
        "passthrough": draw(st.sampled_from([False] * 9 + [True])),
        "largest_jobs": (draw(largest_jobs), draw(largest_jobs)),
        "held": draw(st.sampled_from([0, 0, 1, 3])),
        "used": draw(st.integers(0, 6)),
        "own_limits": (draw(limits), draw(limits)),
        "above_entry": draw(st.booleans()),
        "above_limits": (draw(limits), draw(limits)),
        "group_mode": draw(st.sampled_from(group_modes)),
        "group_entry": draw(st.booleans()),
        "group_limits": (draw(limits), draw(limits)),
        "rolling": (draw(limits), draw(limits)) if draw(st.booleans()) else None,
        "rolling_above": (draw(limits), draw(limits)) if draw(st.booleans()) else None,
        "printed": draw(st.sampled_from([0, 0, 1, 3])),
        "grace_began": draw(st.booleans()),
        "days_later": draw(st.sampled_from([0, 6, 7, 8])),
    }


def fill(transaction: CatalogueTransaction, case: dict[str, object]) -> None:
    """Make the site of a case."""
    transaction.add_printers(["hp", "salle"])
    hp, salle = printer_id(transaction, "hp"), printer_id(transaction, "salle")
    page, job = case["price"]
    change = PrinterChange(
        price_per_impression=page,
        price_per_job=job,
        passthrough=case["passthrough"],
        max_job_impressions=case["largest_jobs"][0],
    )
    transaction.change_printers([hp], change)
    transaction.change_printers([salle], PrinterChange(price_per_impression=case["price_above"]))
    transaction.join_printer_group(salle, [hp])
    for printer, figures in ((hp, case["rolling"]), (salle, case["rolling_above"])):
        if figures is not None:
            wanted = RollingLimits(ROLLING_PERIOD_S, *figures)
            transaction.change_printers([printer], rolling_limits(wanted))
    transaction.add_groups(["staff"])
    transaction.add_users(["anna"])
    (anna,), (staff,) = (owner_ids(transaction, kind, name) for kind, name in OWNERS.items())
    transaction.join_group(staff, [anna])


#: Ends between the days that a case may let pass.
ROLLING_PERIOD_S = int(6.5 * 86400)
OWNERS = {OwnerKind.USER: "anna", OwnerKind.GROUP: "staff"}


def entries(books: Books, case: dict[str, object]) -> None:
    """Make the entries of a case, with what was used and a grace that may have begun."""
    wanted = [("anna", "hp", "own_limits")]
    wanted += [("anna", "salle", "above_limits")] if case["above_entry"] else []
    wanted += [("staff", "hp", "group_limits")] if case["group_entry"] else []
    made = [books.entry(owner, printer, of_group=owner == "staff") for owner, printer, _ in wanted]
    if not case["passthrough"]:
        before_limits(books, case)
    for owner, printer, limits_of in wanted:
        soft, hard = case[limits_of]
        limited = EntryChange(soft_limit=soft, hard_limit=hard)
        books.edit(owner, printer, of_group=owner == "staff", change=limited)
    books.adjust_by(case["used"])
    if case["above_entry"]:
        books.adjust_by(case["used"], "anna", "salle")
    books.edit(change=EntryChange(max_job_impressions=case["largest_jobs"][1]))
    if case["grace_began"]:
        books.change(lambda transaction: transaction.start_grace(made, 7 * 86400))
    books.clock.forward(days=case["days_later"])


def before_limits(books: Books, case: dict[str, object]) -> None:
    """Jobs of anna's that no rolling limit held up: they were decided on before there were any."""
    view = books.view()
    for impressions, is_over in ((case["held"], False), (case["printed"], True)):
        if not impressions:
            continue
        facts = books.facts(document_octets=1024 * impressions)
        books.ledger.reserve(facts, replace(charging.plan(view, impressions), rolling=()), ALLOWED, ())
        if is_over:
            books.settle(facts.key, impressions)


def shown(books: Books, wanted: Settings) -> list[EntryState]:
    """Every state that a report shows which a job of anna on hp has to do with."""
    directory = read_directory(books.catalogue)
    register = Register(books.catalogue, directory, wanted, books.clock())
    hp = next(row for row in directory.printers.values() if row.name == "hp")
    own = [standing.state for standing in register.standings(hp, OwnerKind.USER)]
    if hp.passthrough or directory.users["anna"].limitby not in (LimitBy.QUOTA, LimitBy.BALANCE):
        return own
    own += [standing.state for standing in register.standings(hp, OwnerKind.GROUP)]
    if directory.users["anna"].limitby is LimitBy.QUOTA:
        salle = next(row for row in directory.printers.values() if row.name == "salle")
        own += [standing.state for standing in register.standings(salle, OwnerKind.USER)]
    return own


def checks(books: Books, wanted: Settings) -> list[Verdict]:
    """What the warning run finds of anna on hp."""
    directory = read_directory(books.catalogue)
    register = Register(books.catalogue, directory, wanted, books.clock())
    hp = next(row for row in directory.printers.values() if row.name == "hp")
    return [state.verdict for state in check_users(register, hp, frozenset({"anna"})).states.values()]


def smallest_job(books: Books, wanted: Settings) -> tuple[Verdict, bool]:
    """What the rules and the ledger do with a job of one impression, and whether pages are printed within a grace."""
    view = books.ledger.charge_view("hp", "anna", wanted.rules, wanted.default_rule)
    planned = charging.plan(view, 1)
    standings, rolling = standings_of(books.ledger, view, planned, 1)
    accounts = [stood.account for stood in standings.accounts]
    met, in_grace = _reserved(books, view, planned)
    assert foresee(view, planned, accounts, books.clock(), rolling).verdict is met, "a quote says the same"
    return met, in_grace


def _reserved(books: Books, view: charging.ChargeView, planned: charging.Plan) -> tuple[Verdict, bool]:
    if charging.refuse_outright(view, 1) is not None:
        return Verdict.REFUSE, False
    try:
        done: Reserved = books.ledger.reserve(books.facts(document_octets=1), planned, ALLOWED, ())
    except LimitReached:
        return Verdict.REFUSE, False
    verdict = Verdict.WARN if done.in_grace else Verdict.ALLOW
    return verdict, any(not account.is_balance for account in done.in_grace)


#: A user whom nothing limits; the examples change one thing, so that one rule alone refuses.
PLAIN: dict[str, object] = {
    "enforcement": Enforcement.STRICT,
    "balancezero": 0,
    "limitby": LimitBy.QUOTA,
    "overcharge": MILLION,
    "balance": 0,
    "price": (0, 0),
    "price_above": 0,
    "passthrough": False,
    "largest_jobs": (None, None),
    "held": 0,
    "used": 0,
    "own_limits": (None, None),
    "above_entry": False,
    "above_limits": (None, None),
    "group_mode": LimitBy.QUOTA,
    "group_entry": False,
    "group_limits": (None, None),
    "rolling": None,
    "rolling_above": None,
    "printed": 0,
    "grace_began": False,
    "days_later": 0,
}


@settings(
    max_examples=25 if settings.default.derandomize else 80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@example(case=PLAIN | {"above_entry": True, "above_limits": (None, 0)})
@example(case=PLAIN | {"group_entry": True, "group_limits": (None, 0)})
@example(case=PLAIN | {"limitby": LimitBy.BALANCE, "balance": 1, "above_entry": True, "price_above": MILLION})
@example(case=PLAIN | {"limitby": LimitBy.BALANCE, "balance": 1, "price": (0, MILLION)})
@example(case=PLAIN | {"limitby": LimitBy.BALANCE, "balance": -MILLION, "balancezero": -MILLION})
@example(case=PLAIN | {"rolling": (3, None), "printed": 3})
@example(case=PLAIN | {"rolling": (3, None), "printed": 3, "days_later": 7})
@example(case=PLAIN | {"rolling": (3, None), "held": 3, "days_later": 7})
@example(case=PLAIN | {"rolling": (None, 3), "printed": 3, "enforcement": Enforcement.LAXIST})
@example(case=PLAIN | {"rolling_above": (3, None), "printed": 3, "above_entry": True})
@example(case=PLAIN | {"rolling_above": (3, None), "printed": 3})
@example(case=PLAIN | {"rolling": (0, None), "limitby": LimitBy.NOQUOTA})
@given(case=cases())
def test_a_report_denies_exactly_where_the_smallest_job_is_refused(case: dict[str, object]):
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/pagetoll.db"
        upgrade(url)
        books = Books(url)
        try:
            books.change(lambda transaction: fill(transaction, case))
            entries(books, case)
            books.change(lambda transaction: set_modes_and_balance(transaction, case))
            wanted = Settings(
                balancezero=case["balancezero"], poorman=0, defaults=QueueSettings(enforcement=case["enforcement"])
            )
            states = shown(books, wanted)
            (checked,) = checks(books, wanted)
            met, in_grace = smallest_job(books, wanted)
            refused = any(state.verdict is Verdict.REFUSE for state in states)
            assert refused == (met is Verdict.REFUSE), (states, met)
            assert (checked is Verdict.REFUSE) == refused, "the warning run asks the same"
            if not refused:
                graceful = any(state.verdict is Verdict.WARN and state.mark == "+Q" for state in states)
                assert graceful == in_grace, (states, met)
        finally:
            books.close()


def set_modes_and_balance(transaction: CatalogueTransaction, case: dict[str, object]) -> None:
    (anna,), (staff,) = (owner_ids(transaction, kind, name) for kind, name in OWNERS.items())
    transaction.change_users([anna], OwnerChange(limitby=case["limitby"], overcharge=case["overcharge"]))
    transaction.change_groups([staff], OwnerChange(limitby=case["group_mode"]))
    transaction.book_payments([anna], Figure(case["balance"]), "start")
