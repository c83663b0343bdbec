# SPDX-License-Identifier: Apache-2.0
"""The warning run: who could not print now, or is near a limit, learns it before the next job does.

The check is the one of a job of one impression. A soft limit that was passed since the last check starts its grace.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pagetoll.app.notices import address_of, subject_of, user_text
from pagetoll.app.reports.directory import Directory, read_directory
from pagetoll.app.reports.quota_report import ReportOrder, wanted_names, wanted_printers
from pagetoll.app.reports.states import Register, Standing
from pagetoll.config.options import Settings
from pagetoll.core.catalogue import EntryRow, PrinterRow, UserRow
from pagetoll.core.entry_state import EntryState, worst
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _
from pagetoll.core.money import credits_text
from pagetoll.core.notices import Action, Notice
from pagetoll.core.policy import LimitBy, OwnerKind, Verdict
from pagetoll.ports import Catalogue, CatalogueTransaction, Clock, Ledger

TOLD_MODES = (LimitBy.QUOTA, LimitBy.BALANCE, LimitBy.NOPRINT)
ACTIONS = {Verdict.WARN: Action.WARN, Verdict.REFUSE: Action.DENY}


@dataclass(frozen=True, slots=True)
class Site:
    """What the run works with."""

    ledger: Ledger
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    actor: str
    act: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked on one printer: the entries that matter, and for each name how a job would stand."""

    printer: PrinterRow
    rows: Mapping[str, Standing]
    states: Mapping[str, EntryState]
    due: Sequence[EntryRow]


def quota_warnings(site: Site, order: ReportOrder) -> Iterator[Notice]:
    """A notice for everybody in WARN or DENY, printer by printer; graces that are due are begun before.

    Users who are not limited by pages are named once, the others once a printer. Raises UsageError when no printer or
    nobody matches.
    """
    directory = read_directory(site.catalogue)
    printers = wanted_printers(directory, order)
    names = wanted_names(directory, order)
    told: set[tuple[str, ...]] = set()
    for printer in printers:
        register = Register(site.catalogue, directory, site.settings, site.clock())
        of_groups = order.kind is OwnerKind.GROUP
        found = check_groups(register, printer, names) if of_groups else check_users(register, printer, names)
        _begin_graces(site, found.due)
        notices = _group_notices(site, directory, found) if of_groups else _user_notices(site, found)
        for notice in notices:
            key = _told_as(notice, directory)
            if key not in told:
                told.add(key)
                yield notice


def _told_as(notice: Notice, directory: Directory) -> tuple[str, ...]:
    """What is said once only: to a user without page limits in a run, else to a user, or of a group, on a printer."""
    user = directory.users.get(notice.user_name)
    if user is not None and user.limitby is not LimitBy.QUOTA:
        return (user.name,)
    return (notice.user_name, notice.printer_name, "" if user else notice.admin_text)


def check_users(register: Register, printer: PrinterRow, names: frozenset[str]) -> Checked:
    """How a job of each of these users would stand on a printer: by all entries that it would be checked against."""
    own = {s.entry.owner_name: s for s in register.standings(printer, OwnerKind.USER) if s.entry.owner_name in names}
    states = {name: [standing.state] for name, standing in own.items()}
    due = {name: [standing.entry] for name, standing in own.items() if standing.state.starts_grace}
    group_due: list[EntryRow] = []
    above = [register.directory.printers[number] for number in register.directory.above[printer.printer_id]]
    for place in (printer, *above) if own and not printer.passthrough else ():
        # What the printer group itself forbids holds for jobs on that group, not for those on a printer below it.
        bare = replace(place, passthrough=False, max_job_impressions=None)
        present = frozenset(own)
        if place is not printer:
            entries = {s.entry.owner_name: s for s in register.standings(bare, OwnerKind.USER)}
            present &= frozenset(entries)
            for name in present:
                if own[name].owner.limitby is LimitBy.QUOTA:
                    states[name].append(entries[name].state)
                    if entries[name].state.starts_grace:
                        due.setdefault(name, []).append(entries[name].entry)
        for group in register.standings(bare, OwnerKind.GROUP):
            members = [name for name in register.directory.members_of[group.owner.name] if name in present]
            checked = [name for name in members if own[name].owner.limitby in (LimitBy.QUOTA, LimitBy.BALANCE)]
            for name in checked:
                states[name].append(group.state)
            if checked and group.state.starts_grace:
                group_due.append(group.entry)
    worst_states = {name: worst(found) for name, found in states.items()}
    own_due = [entry for entries_due in due.values() for entry in entries_due]
    return Checked(printer, own, worst_states, [*own_due, *group_due])


def check_groups(register: Register, printer: PrinterRow, names: frozenset[str]) -> Checked:
    """How the entries of these users groups on a printer stand, and whose grace time is to begin."""
    found = {
        s.entry.owner_name: s for s in register.standings(printer, OwnerKind.GROUP) if s.entry.owner_name in names
    }
    states = {name: standing.state for name, standing in found.items()}
    return Checked(printer, found, states, [s.entry for s in found.values() if s.state.starts_grace])


def _begin_graces(site: Site, due: Sequence[EntryRow]) -> None:
    delays: dict[int, list[int]] = {}
    for entry in due:
        delay_s = site.settings.rule_for(entry.printer_name).grace_delay_s
        delays.setdefault(delay_s, []).append(entry.account_id)

    def begin(transaction: CatalogueTransaction) -> None:
        for delay_s, account_ids in sorted(delays.items()):
            transaction.start_grace(account_ids, delay_s)

    if delays:
        site.catalogue.write(site.actor, site.act, begin)


def _user_notices(site: Site, found: Checked) -> Iterator[Notice]:
    for name, standing in found.rows.items():
        user, state = standing.owner, found.states[name]
        if not isinstance(user, UserRow) or user.limitby not in TOLD_MODES or state.verdict not in ACTIONS:
            continue
        if not ever_active(site, user, standing.entry):
            continue
        action = ACTIONS[state.verdict]
        noprint = user.limitby is LimitBy.NOPRINT
        by_balance = state.mark.endswith("B")
        text = user_text(action, by_balance=by_balance, printer_name=found.printer.name, settings=site.settings)
        if noprint:
            text = _("You are not allowed to print. Please ask your print administrator why.")
        elif state.refusal is None and action is Action.DENY:
            text = _("Printing on {printer} is not allowed to you at present.").format(printer=found.printer.name)
        yield _notice(
            site, found.printer, user, action, text, entry=standing.entry, noprint=noprint, about=_figures(standing)
        )


def _group_notices(site: Site, directory: Directory, found: Checked) -> Iterator[Notice]:
    for name, standing in found.rows.items():
        state = found.states[name]
        if state.verdict not in ACTIONS:
            continue
        action = ACTIONS[state.verdict]
        printer = found.printer
        text = user_text(
            action, by_balance=state.mark.endswith("B"), printer_name=printer.name, settings=site.settings
        )
        about = _figures(standing)
        for member in directory.members_of[name]:
            user = directory.users[member]
            if user.limitby in (LimitBy.QUOTA, LimitBy.BALANCE):
                yield _notice(site, printer, user, action, text, entry=standing.entry, about="")
        yield Notice(action, "", "", "", printer.name, "", admin_text=_admin_text(action, name, printer, about, True))


def _notice(
    site: Site,
    printer: PrinterRow,
    user: UserRow,
    action: Action,
    text: str,
    *,
    entry: EntryRow,
    about: str,
    noprint: bool = False,
) -> Notice:
    return Notice(
        action=action,
        subject=subject_of(action, noprint=noprint),
        user_name=user.name,
        email=address_of(user.name, user.email, site.settings),
        printer_name=printer.name,
        text=text,
        admin_text=_admin_text(action, user.name, printer, about, False) if about else "",
        variables=_variables(printer, user, entry),
    )


def _admin_text(action: Action, name: str, printer: PrinterRow, about: str, of_group: bool) -> str:
    if of_group:
        denied = _("The users group {name} may not print on {printer} any more.")
        warned = _("The users group {name} is near a limit on {printer}.")
    else:
        denied = _("The user {name} may not print on {printer} any more.")
        warned = _("The user {name} is near a limit on {printer}.")
    sentence = denied if action is Action.DENY else warned
    return f"{sentence.format(name=name, printer=printer.name)}\n{about}"


def _figures(standing: Standing) -> str:
    entry, owner = standing.entry, standing.owner
    return _("Limited by: {mode}; pages: {used}, soft limit {soft}, hard limit {hard}; balance: {balance}").format(
        mode=owner.limitby,
        used=entry.page_counter,
        soft=entry.soft_limit,
        hard=entry.hard_limit,
        balance=credits_text(owner.balance),
    )


def ever_active(site: Site, user: UserRow, entry: EntryRow) -> bool:
    """Whether a user has ever paid or printed: nobody else is written to."""
    if user.balance > site.settings.balancezero and user.balance != user.lifetime_paid:
        return True
    if entry.page_counter or entry.lifetime_page_counter:
        return True
    return any(True for _job in site.ledger.history(HistoryFilter(user_name=user.name, dumped=True), limit=1))


def _variables(printer: PrinterRow, user: UserRow, entry: EntryRow) -> dict[str, str]:
    until = entry.grace_until
    return {
        "PYKOTALIMITBY": user.limitby,
        "PYKOTABALANCE": credits_text(user.balance),
        "PYKOTALIFETIMEPAID": credits_text(user.lifetime_paid),
        "PYKOTAOVERCHARGE": credits_text(user.overcharge),
        "PYKOTAUSERDESCRIPTION": user.description,
        "PYKOTAPAGECOUNTER": str(entry.page_counter),
        "PYKOTALIFEPAGECOUNTER": str(entry.lifetime_page_counter),
        "PYKOTASOFTLIMIT": str(entry.soft_limit),
        "PYKOTAHARDLIMIT": str(entry.hard_limit),
        "PYKOTADATELIMIT": "None" if until is None else f"{until.astimezone():%Y-%m-%d %H:%M:%S}",
        "PYKOTAWARNCOUNT": str(entry.warn_banners),
        "PYKOTAPRINTERDESCRIPTION": printer.description,
        "PYKOTAPRICEPERPAGE": credits_text(printer.price_per_impression),
        "PYKOTAPRICEPERJOB": credits_text(printer.price_per_job),
    }
