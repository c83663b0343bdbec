# SPDX-License-Identifier: Apache-2.0
"""Why a job cost what it cost: everything the ledger knows of an attempt, as sections of rows.

Pure: records in, values out. A frontend renders `text` for people or `value` (JSON types; money as exact decimal
text, times as ISO 8601) for programs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from pagetoll.app.figures import (
    IDENTIFIED_SENTENCES,
    RULE_SENTENCES,
    moment,
    shown_device,
)
from pagetoll.core.jobs import AttemptState, ChargeRule, Outcome
from pagetoll.core.money import MILLION, Unit, amount_of, credits_text
from pagetoll.core.pricing import Tariff, tariff_from_json
from pagetoll.ports import AttemptRecord, Ledger, LegRecord, Note

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

UNKNOWN = "not known"
#: Options that CUPS writes for each job by itself; JSON has them.
ALWAYS_THERE = frozenset(
    (
        "date-time-at-creation",
        "date-time-at-processing",
        "document-name-supplied",
        "job-originating-host-name",
        "job-uuid",
        "time-at-creation",
        "time-at-processing",
    )
)

_VERBS: dict[Outcome, str] = {
    Outcome.COMPLETED: "was printed",
    Outcome.CANCELED: "was canceled",
    Outcome.ABORTED: "was aborted by the device backend",
    Outcome.REFUSED: "was refused",
    Outcome.PENDING_HELD: "was held",
    Outcome.VOIDED: "never reached the device",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: its name in JSON, what people call it, how it reads ("" where there is nothing to say), its value."""

    name: str
    label: str
    text: str
    value: Value


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title. In JSON an object by row name, or, when `is_list`, the list of the rows' values."""

    name: str
    title: str
    rows: tuple[Row, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """An attempt in a sentence and in all its figures."""

    attempt_id: int
    summary: str
    sections: tuple[Section, ...]


def explain(ledger: Ledger, record: AttemptRecord, runs: Sequence[AttemptRecord] = ()) -> Explanation:
    """The explanation of an attempt; `runs` are all attempts of its job, for the row that names the others."""
    return explanation(record, ledger.legs(record.attempt_id), ledger.notes(record.attempt_id), runs)


def explanation(
    record: AttemptRecord, legs: Sequence[LegRecord], notes: Sequence[Note], runs: Sequence[AttemptRecord] = ()
) -> Explanation:
    """The same from what was read of the ledger already."""
    sections = (
        _job(record, runs),
        _who(record),
        _document(record),
        _counted(record),
        _charged(record),
        _price(record),
        Section("accounts", "Accounts", tuple(leg_row(leg) for leg in legs), is_list=True),
        _decision(record),
        _times(record),
        Section("notes", "Notes", tuple(_note(note) for note in notes), is_list=True),
    )
    return Explanation(record.attempt_id, summary(record), sections)


def summary(record: AttemptRecord) -> str:
    """What became of the attempt, in a sentence."""
    facts = record.facts
    job = f"Job {facts.key.job.job_id} of {facts.user_name} on {facts.ticket.printer}"
    if record.outcome is None:
        return f"{job} is not over: {record.state}; {record.quoted_impressions} impressions are reserved for it."
    said = f"{job} {_VERBS[record.outcome]}"
    if record.charge_rule:
        figures = f"{record.charged_impressions} impressions, {record.charged_media_sheets} sheets"
        price = (
            f", {credits_text(record.charged_price)} credits" if record.charge_rule != ChargeRule.UNCHARGED else ""
        )
        back = f"; given back: {_given_back(record)}" if _given_back(record) else ""
        return f"{said}; {_charged_word(record.charge_rule)}: {figures}{price}{back}."
    why = f" ({record.reason})" if record.reason else ""
    return f"{said}{why}; nothing was charged."


def _number(name: str, label: str, number: int | None, unit: str = "impressions") -> Row:
    return Row(name, label, UNKNOWN if number is None else f"{number} {unit}".rstrip(), number)


def _words(name: str, label: str, text: str, empty: str = "") -> Row:
    return Row(name, label, text or empty, text)


# --- sections -------------------------------------------------------------------------------------------------


def _job(record: AttemptRecord, runs: Sequence[AttemptRecord]) -> Section:
    ticket, key = record.facts.ticket, record.facts.key
    others = [run for run in runs if run.attempt_id != record.attempt_id]
    source = "a file (not filtered)" if ticket.document_from_file else "standard input"
    return Section(
        "job",
        "Job",
        (
            _number("job_id", "job", key.job.job_id, ""),
            _number("attempt", "attempt", record.attempt_id, ""),
            Row(
                "other_attempts",
                "other runs",
                "; ".join(_run(run) for run in others),
                list[Value](run.attempt_id for run in others),
            ),
            _words("job_name", "title", ticket.job_name),
            _words("printer", "printer", ticket.printer),
            _words("class", "class", ticket.class_name),
            _words("device_uri", "device", shown_device(ticket.device_uri)),
            _words("job_originating_host_name", "sent from", ticket.job_originating_host_name),
            _words("spooler_host", "print server", key.job.spooler_host),
            _number("copies", "copies", ticket.copies, ""),
            Row("options", "options", _options(ticket.options), dict[str, Value](ticket.options)),
            Row("document_from_file", "came as", source, ticket.document_from_file),
        ),
    )


def _charged_word(rule: str) -> str:
    """What is said of the impressions that came out."""
    return "uncharged" if rule == ChargeRule.UNCHARGED else "charged"


def _run(run: AttemptRecord) -> str:
    """Another attempt of the same job, in a few words."""
    charged = f", {run.charged_impressions} impressions {_charged_word(run.charge_rule)}" if run.charge_rule else ""
    return f"attempt:{run.attempt_id} ({str(run.outcome or run.state).replace('_', ' ')}{charged})"


def _options(options: dict[str, str]) -> str:
    """What was asked for; what the spooler adds to every job is left out."""
    return " ".join(f"{name}={value}" for name, value in options.items() if value and name not in ALWAYS_THERE)


def _who(record: AttemptRecord) -> Section:
    facts = record.facts
    said, proved = facts.ticket.job_originating_user_name, facts.ticket.authenticated_user_name
    known = "" if facts.user_id is not None else " (not in the ledger)"
    identified = f"{facts.identified.replace('_', ' ')}: {IDENTIFIED_SENTENCES[facts.identified]}"
    return Section(
        "who",
        "Who",
        (
            Row("user", "user", f"{facts.user_name}{known}", facts.user_name),
            Row("identified", "identified", identified, facts.identified.value),
            _words("job_originating_user_name", "said to be", said if said != facts.user_name else ""),
            _words("authenticated_user_name", "logged in as", proved),
        ),
    )


def _document(record: AttemptRecord) -> Section:
    facts = record.facts
    return Section(
        "document",
        "Document",
        (
            _number("document_octets", "size", facts.document_octets, "octets"),
            _words("document_sha256", "SHA-256", facts.document_sha256),
            _words("content_type", "type", facts.ticket.content_type),
            _words("final_content_type", "type after filters", facts.ticket.final_content_type),
        ),
    )


def _counted(record: AttemptRecord) -> Section:
    facts = record.facts
    findings = list[Value](facts.findings)
    return Section(
        "counted",
        "Counted",
        (
            _words("language", "language", facts.language, UNKNOWN),
            _words("confidence", "confidence", facts.confidence, UNKNOWN),
            Row("findings", "findings", ", ".join(facts.findings), findings),
            _number("declared_impressions", "declared by the client", facts.declared_impressions),
            _number("parsed_impressions", "found in the data", facts.parsed_impressions),
            _number("media_sheets", "paper", facts.media_sheets, "sheets"),
            _number("impressions_color", "in color", facts.impressions_color),
            _number("reported_impressions", "reported by the device", record.reported_impressions),
        ),
    )


def _charged(record: AttemptRecord) -> Section:
    rows = [_number("quoted_impressions", "reserved", record.quoted_impressions)]
    if record.charge_rule:
        rule = ChargeRule(record.charge_rule)
        rows += [
            _number("impressions", _charged_word(rule), record.charged_impressions),
            _number("media_sheets", "sheets", record.charged_media_sheets, "sheets"),
            Row("rule", "because", f"{RULE_SENTENCES[rule]} (rule {rule})", rule.value),
        ]
    else:
        open_text = "nothing yet" if record.outcome is None else "nothing"
        rows.append(Row("impressions", "charged", open_text, None if record.outcome is None else 0))
    over = "more came out than was set aside" if record.over_reserved else ""
    rows.append(Row("over_reserved", "over the reserve", over, record.over_reserved))
    back: dict[str, Value] = {
        "impressions": record.refunded_impressions,
        "price": credits_text(record.refunded_price),
    }
    rows.append(Row("refunded", "given back", _given_back(record), back))
    return Section("charged", "Charged", tuple(rows))


def _given_back(record: AttemptRecord) -> str:
    """What refunds gave back; "" for nothing."""
    if not (record.refunded_impressions or record.refunded_price):
        return ""
    return f"{record.refunded_impressions} impressions, {credits_text(record.refunded_price)} credits"


def _price(record: AttemptRecord) -> Section:
    """The price lines of what was charged, or of what is reserved while the attempt is open."""
    if not record.tariff_json:
        return Section("price", "Price", ())
    tariff = tariff_from_json(record.tariff_json)
    closed = bool(record.charge_rule)
    impressions = record.charged_impressions if closed else record.quoted_impressions
    total = record.charged_price if closed else record.quoted_price
    label = "total" if closed else "total reserved"
    factor = credits_text(tariff.overcharge)
    lines = list[Value](
        {
            "printer": line.printer_name,
            "price_per_impression": credits_text(line.price_per_impression),
            "price_per_job": credits_text(line.price_per_job),
        }
        for line in tariff.lines
    )
    return Section(
        "price",
        "Price",
        (
            Row("lines", "prices", _price_lines(tariff, impressions), lines),
            Row("overcharge", "overcharge", f"times {factor}" if tariff.overcharge != MILLION else "", factor),
            Row("total", label, f"{credits_text(total)} credits", credits_text(total)),
        ),
    )


def _price_lines(tariff: Tariff, impressions: int) -> str:
    parts = [
        f"{line.printer_name}: {impressions} x {credits_text(line.price_per_impression)}"
        + (f" + {credits_text(line.price_per_job)} for the job" if line.price_per_job and impressions > 0 else "")
        for line in tariff.lines
    ]
    return "; ".join(parts) or "free of charge"


def leg_row(leg: LegRecord) -> Row:
    """One account of the attempt: what was set aside and posted, how it stood before and after, its limits."""
    account = leg.account
    unit, owner = account.unit, f"{account.owner_kind.replace('_', ' ')} {account.owner_name}"
    where = f" on {account.scope_name}" if account.scope_name else ""
    after = None if leg.posted_before is None else leg.posted_before + leg.posted
    stood = f"stands at {amount_of(account.posted, unit)} now"
    if leg.posted_before is not None and after is not None:
        stood = f"{amount_of(leg.posted_before, unit)} before, {amount_of(after, unit)} after"
    parts = [stood]
    if leg.state == "open":
        parts.append(f"{amount_of(leg.reserved, unit)} set aside")
    if not account.is_balance:
        parts.append(f"limits soft {_limit(account.soft_limit, unit)}, hard {_limit(account.hard_limit, unit)}")
    if account.grace_until is not None:
        parts.append(f"grace until {moment(account.grace_until)}")
    parts.append("checked" if leg.checked else "counted, not checked")

    def figure(steps: int | None) -> Value:
        return steps if steps is None or unit is not Unit.CREDITS else credits_text(steps)

    value: dict[str, Value] = {
        "account": account.account_id,
        "owner_kind": account.owner_kind.value,
        "owner": account.owner_name,
        "scope": account.scope_name,
        "unit": unit.value,
        "reserved": figure(leg.reserved),
        "posted": figure(leg.posted),
        "before": figure(leg.posted_before),
        "after": figure(after),
        "soft_limit": figure(account.soft_limit),
        "hard_limit": figure(account.hard_limit),
        "grace_until": None if account.grace_until is None else account.grace_until.isoformat(),
        "checked": leg.checked,
        "state": leg.state,
    }
    return Row(f"account_{account.account_id}", f"{owner}{where}", "; ".join(parts), value)


def _limit(limit: int | None, unit: Unit) -> str:
    if limit is None:
        return "none"
    return credits_text(limit) if unit is Unit.CREDITS else str(limit)


def _decision(record: AttemptRecord) -> Section:
    ended = record.outcome or record.state
    text = str(ended).replace("_", " ")
    if record.outcome is None:
        text = {AttemptState.RESERVED: "waiting for the device"}.get(record.state, text)
    return Section(
        "decision",
        "Decision and outcome",
        (
            _words("verdict", "verdict", record.verdict),
            _words("reason", "reason", record.reason),
            _words("text", "said", record.decision_text),
            Row("outcome", "outcome", text, ended.value),
            Row("backend_status", "backend's exit status", _status(record.backend_status), record.backend_status),
        ),
    )


def _status(status: int | None) -> str:
    return "" if status is None else str(status)


def _times(record: AttemptRecord) -> Section:
    instants = (
        ("received_at", "received", record.facts.received_at),
        ("reserved_at", "reserved", record.reserved_at),
        ("started_at", "device started", record.started_at),
        ("closed_at", "closed", record.closed_at),
    )
    rows = [
        Row(name, label, "" if at is None else moment(at), None if at is None else at.astimezone(UTC).isoformat())
        for name, label, at in instants
    ]
    return Section("times", "Times", tuple(rows))


def _note(note: Note) -> Row:
    value: dict[str, Value] = {"at": note.at.astimezone(UTC).isoformat(), "code": note.code, "text": note.text}
    return Row(note.code, moment(note.at), f"{note.code}: {note.text}", value)


def to_json(explained: Explanation) -> str:
    """The explanation for programs, in one line."""
    tree: dict[str, Value] = {"attempt": explained.attempt_id, "summary": explained.summary}
    for section in explained.sections:
        if section.is_list:
            tree[section.name] = [row.value for row in section.rows]
        else:
            tree[section.name] = {row.name: row.value for row in section.rows}
    return json.dumps(tree)
