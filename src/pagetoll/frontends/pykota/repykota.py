# SPDX-License-Identifier: Apache-2.0
"""`repykota`: the report of print quotas, printer by printer, with PyKota's columns."""

import sys
from collections.abc import Iterator

from pagetoll.app.names import on_one_line
from pagetoll.app.reports.quota_report import PrinterReport, ReportOrder, ReportRow, quota_reports
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind, Verdict
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import three_places, two_places, write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.session import Act, Opening
from pagetoll.frontends.wiring import now_utc

COMMAND = Command(
    name="repykota",
    usage="[options] [user1 user2 ...]  |  --groups [options] [group1 group2 ...]",
    summary="Reports on print quotas: for each printer its prices, and for each user, or with -g each users group, "
    "that has a quota entry there what was printed, the limits, the balance and whether printing is refused now. "
    "Names may be shell patterns and comma lists; without a name, all are meant.",
    rows=(
        Option("g", "groups", "", "report on users groups instead of users"),
        Option("i", "ingroups", "GROUP[,GROUP...]", "only the members of these users groups (exact names)"),
        Option("P", "printer", "PRINTER[,PRINTER...]", "the printers and printer groups (patterns); all without it"),
        Option("u", "users", "", "report on users; this is what is done without -g"),
    ),
    remarks=(EXIT_REMARK,),
)
#: Name, state, overcharge, used, soft, hard, balance, grace, total, paid, warn.
COLUMNS = "{:<15.15} {:<2} {:>5} {:>7} {:>7} {:>7} {:>10} {:<10.10} {:>8} {:>10} {:>4}"
WIDTH = 95


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    values.one_of(parsed, ("groups", "users"))
    if "groups" in parsed:
        values.refuse_together(parsed, "--groups", ("ingroups",))
    order = ReportOrder(
        kind=OwnerKind.GROUP if "groups" in parsed else OwnerKind.USER,
        owners=values.names_of(parsed),
        printers=values.listed(parsed, "printer"),
        members_of=values.listed(parsed, "ingroups"),
    )
    return lambda opening: _report(opening, order)


def _report(opening: Opening, order: ReportOrder) -> int:
    session = opening()
    for report in quota_reports(session.catalogue, order, session.settings, now_utc()):
        for line in report_lines(report, of_groups=order.kind is OwnerKind.GROUP):
            write(line)
    return EXIT_DONE


def report_lines(report: PrinterReport, *, of_groups: bool) -> Iterator[str]:
    """The lines of a printer's report; the last one is blank."""
    printer = report.printer
    title = (
        _("Report for group quota on printer {name} ({description})")
        if of_groups
        else _("Report for user quota on printer {name} ({description})")
    )
    yield (title.format(name=printer.name, description=on_one_line(printer.description)))
    yield (_("Pages grace time: {days} days").format(days=report.gracedelay_d))
    yield (_("Price per job: {price}").format(price=three_places(printer.price_per_job)))
    yield (_("Price per page: {price}").format(price=three_places(printer.price_per_impression)))
    head = (
        _("Group          overcharge   used    soft    hard    balance grace         total       paid warn")
        if of_groups
        else _("User           overcharge   used    soft    hard    balance grace         total       paid warn")
    )
    yield (head)
    yield ("-" * WIDTH)
    for row in report.rows:
        yield (_line(row))
    if report.lifetime_page_counter or report.lifetime_paid:
        total = f"{report.lifetime_page_counter:9}{two_places(report.lifetime_paid):>11}"
        yield (f"{_('Total : '):>70}{total}")
    counted = printer.counted_impressions
    yield (f"{_('Real : '):>70}{f'{counted:9}' if counted else _('unknown')}")
    if of_groups:
        yield (_("Totals are too high where a user is in several of these groups."))
    yield ("")


def _line(row: ReportRow) -> str:
    return COLUMNS.format(
        row.name,
        row.state.mark,
        _("N/A") if row.overcharge is None else two_places(row.overcharge),
        row.page_counter,
        str(row.soft_limit),
        str(row.hard_limit),
        two_places(row.balance),
        grace(row),
        row.lifetime_page_counter,
        two_places(row.lifetime_paid),
        _("N/A") if row.warn_banners is None else row.warn_banners,
    )


def grace(row: ReportRow) -> str:
    """What the column of the grace time shows."""
    if row.state.verdict is Verdict.REFUSE:
        return _("DENY")
    if row.state.grace_until is not None:
        return f"{row.state.grace_until.astimezone():%Y-%m-%d}"
    return _("WARNING") if row.state.verdict is Verdict.WARN and row.state.mark == "?B" else ""


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan, works_alone=True))


if __name__ == "__main__":
    sys.exit(main())
