# SPDX-License-Identifier: Apache-2.0
"""`pagetoll audit`: prove every balance and counter from the ledger's entries; show who changed what."""

import json
from dataclasses import asdict

from pagetoll.core.audit import AuditDifference, AuditExtent
from pagetoll.core.messages import _, moment_text, ngettext
from pagetoll.frontends.cli.ledger_access import owners_ledger
from pagetoll.frontends.cli.options import Command, Option
from pagetoll.frontends.cli.screen import printable, tolerant_output
from pagetoll.frontends.cli.subcommand import no_words, parse_or_show, say

COMMAND = Command(
    name="pagetoll audit",
    usage="[--acts] [--json]",
    summary="Computes balances and counters again from the entries, what is set aside from the open reservations, "
    "and the sums of users groups from their members, and names each figure that is not the kept one. Changes "
    "nothing. Exit status: 0 all is proved, 1 there are differences.",
    rows=(
        Option("a", "acts", "", "show instead what administrators did, the newest first: when, who, what"),
        Option(
            "J", "json", "", "write JSON: one object a difference or act, and for the audit one with what was checked"
        ),
    ),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """1 when the books do not prove a figure. Raises ConfigError, LedgerError, StorageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    tolerant_output()
    with owners_ledger() as ledger:
        if "acts" in parsed:
            for act in ledger.acts():
                if "json" in parsed:
                    say(json.dumps({"at": act.at.isoformat(), "actor": act.actor, "act": act.text}))
                else:
                    say(printable(f"{moment_text(act.at.astimezone())}  {act.actor}  {act.text}"))
            return 0
        differences = list(ledger.audit())
        if "json" in parsed:
            return _show_json(differences, ledger.audit_extent())
        for difference in differences:
            say(printable(str(difference)))
        extent = ledger.audit_extent()
    checked = _checked(extent)
    if differences:
        say(
            ngettext(
                "{number} figure is not proved; checked: {checked}.",
                "{number} figures are not proved; checked: {checked}.",
                len(differences),
            ).format(number=len(differences), checked=checked)
        )
        say(
            _("Something changed the database past Pagetoll: keep a copy of it, then restore a backup that is right.")
        )
        return 1
    say(_("The books are right: {checked}.").format(checked=checked))
    return 0


def _checked(extent: AuditExtent) -> str:
    """What was looked at, in words."""
    accounts = ngettext("{number} account", "{number} accounts", extent.accounts).format(number=extent.accounts)
    entries = ngettext("{number} entry", "{number} entries", extent.entries).format(number=extent.entries)
    reservations = ngettext(
        "{number} open reservation", "{number} open reservations", extent.open_reservations
    ).format(number=extent.open_reservations)
    return f"{accounts}, {entries}, {reservations}"


def _show_json(differences: list[AuditDifference], extent: AuditExtent) -> int:
    """Figures in steps: impressions, or millionths of a credit."""
    for difference in differences:
        say(json.dumps(asdict(difference)))
    say(json.dumps({"proved": not differences, "checked": asdict(extent)}))
    return int(bool(differences))
