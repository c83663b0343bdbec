# SPDX-License-Identifier: Apache-2.0
"""`pagetoll report`: how the quotas stand, and what was printed in a time by whom and where."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pagetoll.app.dumps.filters import parse_dump_filter, parse_filter
from pagetoll.app.dumps.rows import rows as dump_rows
from pagetoll.app.reports.quota_report import ReportOrder, quota_reports
from pagetoll.core.dumps import COLUMNS as DUMP_COLUMNS
from pagetoll.core.dumps import SUM_KEYS, DumpType
from pagetoll.core.errors import UsageError
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.messages import _
from pagetoll.core.policy import OwnerKind
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work
from pagetoll.frontends.cli.options import Option, Parsed, comma_list
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Session
from pagetoll.frontends.wiring import now_utc
from pagetoll.ports import AttemptRecord

QUOTA_COLUMNS = (
    Column("printer", "PRINTER"),
    Column("name", "NAME"),
    Column("state", "STATE"),
    Column("verdict", "VERDICT"),
    Column("used", "USED", right=True),
    Column("soft", "SOFT", right=True),
    Column("hard", "HARD", right=True),
    Column("balance", "BALANCE", right=True),
    Column("lifetime", "LIFETIME", right=True),
    Column("grace_until", "GRACE UNTIL"),
)
KEYS = {"user": "username", "printer": "printername", "host": "hostname", "code": "billingcode"}
SUM_COLUMNS = (
    Column("impressions", "IMPRESSIONS", right=True),
    Column("price", "PRICE", right=True),
    Column("octets", "OCTETS", right=True),
)
REFUSAL_COLUMNS = (
    Column("received_at", "RECEIVED"),
    Column("job_id", "JOB", right=True),
    Column("printer", "PRINTER"),
    Column("user", "USER"),
    Column("verdict", "VERDICT"),
    Column("enforced", "ENFORCED"),
    Column("impressions", "IMPRESSIONS", right=True),
    Column("charged", "CHARGED", right=True),
    Column("text", "WHY"),
)


def _quota(parsed: Parsed) -> Work:
    order = ReportOrder(
        OwnerKind.GROUP if "groups" in parsed else OwnerKind.USER,
        comma_list(",".join(parsed.words)),
        values.listed(parsed, "printer"),
        values.listed(parsed, "members-of"),
    )

    def work(session: Session) -> int:
        show(QUOTA_COLUMNS, _quota_rows(session, order), as_json="json" in parsed)
        return 0

    return work


def _quota_rows(session: Session, order: ReportOrder) -> Iterator[Row]:
    for report in quota_reports(session.catalogue, order, session.settings, now_utc()):
        for row in report.rows:
            yield {
                "printer": report.printer.name,
                "name": row.name,
                "state": row.state.mark,
                "verdict": row.state.verdict,
                "used": row.page_counter,
                "soft": row.soft_limit,
                "hard": row.hard_limit,
                "balance": credits_of(row.balance),
                "lifetime": row.lifetime_page_counter,
                "grace_until": row.state.grace_until,
            }


def _printed(parsed: Parsed) -> Work:
    by = comma_list(parsed.text("by") or "printer,user")
    if unknown := [word for word in by if word not in KEYS]:
        said = _("cannot sum by {word}: give some of {known}")
        raise UsageError(said.format(word=repr(unknown[0]), known=", ".join(KEYS)))
    asked = parse_dump_filter(DumpType.HISTORY, parsed.words, datetime.now().astimezone())
    for remark in asked.remarks:
        tell("WARN", remark)
    keys = tuple(key for key in SUM_KEYS[DumpType.HISTORY] if key in {KEYS[word] for word in by})
    values.one_of(parsed, ("unverified", "verified"))
    unverified = True if "unverified" in parsed else False if "verified" in parsed else None
    query = replace(asked.query, sums_by=keys, unverified=unverified)
    columns = (*(Column(word, word.upper()) for word in by), *SUM_COLUMNS)

    def work(session: Session) -> int:
        names = tuple(DUMP_COLUMNS[DumpType.HISTORY])
        summed = (dict(zip(names, row, strict=True)) for row in dump_rows(session.catalogue, query))
        rows: Iterator[Row] = (
            {
                **{word: row[KEYS[word]] for word in by},
                "impressions": row["jobsize"],
                "price": row["jobprice"],
                "octets": row["jobsizebytes"],
            }
            for row in summed
        )
        show(columns, rows, as_json="json" in parsed)
        return 0

    return work


def _refusals(parsed: Parsed) -> Work:
    asked = parse_filter(parsed.words, datetime.now().astimezone())
    for remark in asked.remarks:
        tell("WARN", remark)
    wanted = replace(asked.wanted, dumped=False, forbidden=True)

    def work(session: Session) -> int:
        show(REFUSAL_COLUMNS, map(_refusal_row, session.ledger.history(wanted)), as_json="json" in parsed)
        return 0

    return work


def _refusal_row(record: AttemptRecord) -> Row:
    facts = record.facts
    return {
        "received_at": facts.received_at,
        "job_id": facts.key.job.job_id,
        "attempt": record.attempt_id,
        "printer": facts.ticket.printer,
        "user": facts.user_name,
        "verdict": record.verdict,
        "enforced": record.reserved_at is None,  # jobs that are only watched reserve
        "impressions": facts.parsed_impressions,
        "charged": 0 if record.charge_rule == ChargeRule.UNCHARGED else record.charged_impressions,
        "price": credits_of(record.charged_price),
        "reason": record.reason,
        "text": record.decision_text,
    }


NOUN = Noun(
    "report",
    "Reports: how users stand with their quotas, and what was printed in a time.",
    (
        Verb(
            "quota",
            "[PATTERN…]",
            "Show how users or users groups stand with their quotas, and what the next job would meet.",
            _quota,
            (
                Option("P", "printer", "PATTERN[,PATTERN…]", "only on these printers"),
                Option("g", "groups", "", "the names are users groups"),
                Option("i", "members-of", "GROUP[,GROUP…]", "only members of these users groups"),
            ),
        ),
        Verb(
            "printed",
            "[KEY=VALUE…]",
            "Show what was printed and what it cost, summed. Filters are those of dumpykota's history, such as "
            "start=20260101 username=anna.",
            _printed,
            (
                Option("b", "by", "KEYS", "sum by these of " + ", ".join(KEYS) + " (printer,user)"),
                Option("", "unverified", "", "only jobs that were booked from a log or from a scheduler's word"),
                Option("", "verified", "", "only jobs that were counted here"),
            ),
        ),
        Verb(
            "refusals",
            "[KEY=VALUE…]",
            "Show the jobs that rules or limits forbade, the newest first: those that were refused or held, and "
            "those that printed all the same, since their queue is only watched. Filters are those of dumpykota's "
            "history.",
            _refusals,
        ),
    ),
)
main = NOUN.run
