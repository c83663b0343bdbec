# SPDX-License-Identifier: Apache-2.0
"""`pkinvoice`: a PDF page for each user who owes something, with PyKota's letters."""

import sys
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.dumps.filters import parse_filter
from pagetoll.app.invoices import InvoiceTerms, bills, invoice_sheets, summary
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota import papers
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.papers import LOGO, PAGESIZE, Output, PageOptions
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, Opening

COMMAND = Command(
    name="pkinvoice",
    usage="[options] [KEY=VALUE ...]",
    summary="Writes invoices as a PDF document, a page for each user whose jobs cost anything, by name. Filters "
    "choose the jobs; their keys are username, printername, hostname, billingcode, jobid, start and end.",
    rows=(
        LOGO,
        PAGESIZE,
        Option("n", "number", "NUMBER", "number of the first invoice (1); each page has the next one"),
        Option("o", "output", "FILE", "write into FILE; - or nothing is standard output"),
        Option("u", "unit", "TEXT", "the currency's name (Credits)"),
        Option("V", "vat", "PERCENT", "VAT that the prices contain, from 0 to below 100 (0)"),
    ),
    remarks=(
        (
            "Jobs that were refused or refunded are not invoiced; of one that was refunded in part the rest is, and "
            "of one that was canceled what came out. With --output FILE a line with the sums goes to standard output."
        ),
        EXIT_REMARK,
    ),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to invoice, on which pages, and where to."""

    wanted: HistoryFilter
    terms: InvoiceTerms
    page: PageOptions
    output: Output


def plan(parsed: Parsed) -> Act:
    """The act for a command line; logo and output file are open then. Raises UsageError."""
    now = datetime.now().astimezone()
    asked = parse_filter(parsed.words, now)
    for remark in asked.remarks:
        tell("WARN", remark)
    terms = InvoiceTerms(
        first_number=papers.number_or(parsed, "number", 1, lambda number: number >= 0),
        unit=(parsed.text("unit") or "").strip() or _("Credits"),
        vat_percent=papers.percent_or_none(parsed, "vat"),
        at=now,
    )
    page = papers.page_options(parsed)
    wish = Wish(asked.wanted, terms, page, papers.open_output(parsed.text("output") or papers.STANDARD_OUTPUT))
    return lambda opening: _invoice(opening, wish)


def _invoice(opening: Opening, wish: Wish) -> int:
    written = False
    try:
        ledger = opening().ledger
        look = wish.page.look()
        found = bills(ledger, wish.wanted)
        if not found:
            raise UsageError(_("nobody owes anything for such jobs; see which there are with: dumpykota -d history"))
        from pagetoll.integrations.papers.pdf import draw

        sheets = invoice_sheets(found, wish.terms)
        document = draw(sheets, look, title=sheets[0].title)
        written = True
        wish.output.write(document)
    finally:
        if not written:
            wish.output.discard()
    if wish.output.is_file:
        write(summary(found))
    return EXIT_DONE


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())
