# SPDX-License-Identifier: Apache-2.0
"""Why a job cost what it cost: everything the ledger knows of an attempt, as sections of rows.

Pure: records in, values out. A frontend renders `text` for people or `value` (JSON types; money as exact decimal
text, times as ISO 8601) for programs.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from types import MappingProxyType

from pagetoll.app.explanation.limits import accounts_section, repairs_row, rolling_section, rules_row
from pagetoll.app.explanation.price import credits_words, price_section
from pagetoll.app.explanation.sections import Explanation, Row, Section, Value
from pagetoll.app.figures import (
    IDENTIFIED_SENTENCES,
    RULE_SENTENCES,
    moment,
    shown_device,
)
from pagetoll.core.jobs import UNVERIFIED, AttemptState, ChargeRule, Outcome
from pagetoll.core.messages import _, marked, plainly
from pagetoll.core.money import credits_text
from pagetoll.core.usage import COUNTED_BY_COMMAND
from pagetoll.ports import AttemptRecord, KeptReading, Ledger, LegRecord, Note, Phase

UNKNOWN = marked("not known")
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

#: Who found out what the document has.
COUNTERS = {
    "pagetoll": marked("Pagetoll, in the document"),
    "command": marked("the site's command"),
    "spooler": marked("the spooler, in its log"),
    "nobody": marked("nobody"),
}

_VERBS: dict[Outcome, str] = {
    Outcome.COMPLETED: marked("{job} was printed"),
    Outcome.CANCELED: marked("{job} was canceled"),
    Outcome.ABORTED: marked("{job} was aborted by the device backend"),
    Outcome.REFUSED: marked("{job} was refused"),
    Outcome.PENDING_HELD: marked("{job} was held"),
    Outcome.VOIDED: marked("{job} never reached the device"),
}


def explain(ledger: Ledger, record: AttemptRecord, runs: Sequence[AttemptRecord] = ()) -> Explanation:
    """The explanation of an attempt; `runs` are all attempts of its job, for the row that names the others."""
    number = record.attempt_id
    return explanation(record, ledger.legs(number), ledger.notes(number), runs, ledger.readings(number))


def explanation(
    record: AttemptRecord,
    legs: Sequence[LegRecord],
    notes: Sequence[Note],
    runs: Sequence[AttemptRecord] = (),
    readings: Mapping[Phase, KeptReading] = MappingProxyType({}),
) -> Explanation:
    """The same from what was read of the ledger already."""
    sections = (
        _job(record, runs),
        _who(record),
        _document(record),
        _counted(record, readings),
        _charged(record),
        price_section(record),
        accounts_section(record, legs),
        rolling_section(record),
        _decision(record, rules_row(record, legs, notes), repairs_row(notes)),
        _times(record),
        Section("notes", "Notes", tuple(_note(note) for note in notes), is_list=True),
    )
    with plainly():
        plain_summary = summary(record)
    return Explanation(record.attempt_id, summary(record), plain_summary, sections)


def summary(record: AttemptRecord) -> str:
    """What became of the attempt, in a sentence."""
    facts = record.facts
    job = _("Job {job_id} of {user} on {printer}").format(
        job_id=facts.key.job.job_id, user=facts.user_name, printer=facts.ticket.printer
    )
    if record.outcome is None:
        return _("{job} is not over: {state}; {impressions} impressions are reserved for it.").format(
            job=job, state=_(spoken(record.state)), impressions=record.quoted_impressions
        )
    said = _(_VERBS[record.outcome]).format(job=job)
    if record.charge_rule:
        figures = _("{impressions} impressions, {sheets} sheets").format(
            impressions=record.charged_impressions, sheets=record.charged_media_sheets
        )
        if record.charge_rule != ChargeRule.UNCHARGED:
            figures += ", " + credits_words(record.charged_price)
        if back := _given_back(record):
            figures += _("; given back: {figures}").format(figures=back)
        return f"{said}; {_(_charged_word(record.charge_rule))}: {figures}."
    why = f" ({record.reason})" if record.reason else ""
    return _("{said}{why}; nothing was charged.").format(said=said, why=why)


def spoken(word: str) -> str:
    """A word of the ledger as people write it, in English: those of the enumerations have translations."""
    return str(word).replace("_", " ")


def _number(name: str, label: str, number: int | None, unit: str = "impressions") -> Row:
    return Row(name, label, _(UNKNOWN) if number is None else f"{number} {_(unit)}".rstrip(), number)


def _words(name: str, label: str, text: str, empty: str = "") -> Row:
    return Row(name, label, text or _(empty), text)


# --- sections -------------------------------------------------------------------------------------------------


def _job(record: AttemptRecord, runs: Sequence[AttemptRecord]) -> Section:
    ticket, key = record.facts.ticket, record.facts.key
    others = [run for run in runs if run.attempt_id != record.attempt_id]
    source = _("a file (not filtered)") if ticket.document_from_file else _("standard input")
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
    return marked("uncharged") if rule == ChargeRule.UNCHARGED else marked("charged")


def _run(run: AttemptRecord) -> str:
    """Another attempt of the same job, in a few words."""
    ended = _(spoken(run.outcome or run.state))
    if run.charge_rule:
        ended += ", " + _("{impressions} impressions {charged}").format(
            impressions=run.charged_impressions, charged=_(_charged_word(run.charge_rule))
        )
    return f"attempt:{run.attempt_id} ({ended})"


def _options(options: dict[str, str]) -> str:
    """What was asked for; what the spooler adds to every job is left out."""
    return " ".join(f"{name}={value}" for name, value in options.items() if value and name not in ALWAYS_THERE)


def _who(record: AttemptRecord) -> Section:
    facts = record.facts
    said, proved = facts.ticket.job_originating_user_name, facts.ticket.authenticated_user_name
    known = "" if facts.user_id is not None else _(" (not in the ledger)")
    identified = f"{_(spoken(facts.identified))}: {_(IDENTIFIED_SENTENCES[facts.identified])}"
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


def _counted(record: AttemptRecord, readings: Mapping[Phase, KeptReading]) -> Section:
    facts = record.facts
    findings = list[Value](facts.findings)
    counter = _counter(record)
    return Section(
        "counted",
        "Counted",
        (
            Row("counted_by", "counted by", _(COUNTERS[counter]), counter),
            _words("language", "language", facts.language, UNKNOWN),
            _words("confidence", "confidence", facts.confidence, UNKNOWN),
            Row("findings", "findings", ", ".join(facts.findings), findings),
            _number("declared_impressions", "declared by the client", facts.declared_impressions),
            _number("parsed_impressions", "found in the data", facts.parsed_impressions),
            _number("media_sheets", "paper", facts.media_sheets, "sheets"),
            _number("impressions_color", "in color", facts.impressions_color),
            _number("reported_impressions", "reported by the device", record.reported_impressions),
            _readings(readings),
        ),
    )


def _counter(record: AttemptRecord) -> str:
    """A key of COUNTERS."""
    if record.charge_rule in UNVERIFIED:
        return "spooler"
    if record.facts.parsed_impressions is None:
        return "nobody"
    return "command" if record.facts.language == COUNTED_BY_COMMAND else "pagetoll"


def _readings(readings: Mapping[Phase, KeptReading]) -> Row:
    """What the device's counter said before and after."""
    value: dict[str, Value] = {
        phase: {
            "at": kept.reading.at.astimezone(UTC).isoformat(),
            "device": kept.device,
            "source": kept.reading.source,
            "serial": kept.reading.serial,
            "impressions": kept.reading.impressions,
            "media_sheets": kept.reading.media_sheets,
            "trouble": kept.trouble,
        }
        for phase, kept in readings.items()
    }
    shown = []
    for phase, kept in sorted(readings.items(), reverse=True):
        counter = _(UNKNOWN) if kept.reading.impressions is None else str(kept.reading.impressions)
        trouble = f" ({kept.trouble})" if kept.trouble else ""
        when = _("before") if phase == "before" else _("after")
        shown.append(f"{when} {counter}, {kept.device} ({kept.reading.source}){trouble}")
    return Row("readings", "readings", "; ".join(shown), value)


def _charged(record: AttemptRecord) -> Section:
    asked = record.outcome is not None and record.reserved_at is None
    label = marked("asked for") if asked else marked("reserved")
    rows = [_number("quoted_impressions", label, record.quoted_impressions)]
    if record.charge_rule:
        rule = ChargeRule(record.charge_rule)
        rows += [
            _number("impressions", _charged_word(rule), record.charged_impressions),
            _number("media_sheets", "sheets", record.charged_media_sheets, "sheets"),
            Row(
                "rule",
                "because",
                _("{sentence} (rule {rule})").format(sentence=_(RULE_SENTENCES[rule]), rule=rule),
                rule.value,
            ),
        ]
    else:
        open_text = _("nothing yet") if record.outcome is None else _("nothing")
        rows.append(Row("impressions", "charged", open_text, None if record.outcome is None else 0))
    over = _("more came out than was set aside") if record.over_reserved else ""
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
    impressions = _("{impressions} impressions").format(impressions=record.refunded_impressions)
    return f"{impressions}, {credits_words(record.refunded_price)}"


def _decision(record: AttemptRecord, rules: Row, repairs: Row) -> Section:
    ended = record.outcome or record.state
    text = _(spoken(ended))
    if record.outcome is None:
        text = {AttemptState.RESERVED: _("waiting for the device")}.get(record.state, text)
    return Section(
        "decision",
        "Decision and outcome",
        (
            _words("verdict", "verdict", record.verdict),
            _words("reason", "reason", record.reason),
            _words("text", "said", record.decision_text),
            rules,
            Row("outcome", "outcome", text, ended.value),
            Row("backend_status", "backend's exit status", _status(record.backend_status), record.backend_status),
            repairs,
        ),
    )


def _status(status: int | None) -> str:
    return "" if status is None else str(status)


def _times(record: AttemptRecord) -> Section:
    instants = (
        ("received_at", marked("received"), record.facts.received_at),
        ("reserved_at", marked("reserved"), record.reserved_at),
        ("started_at", marked("device started"), record.started_at),
        ("closed_at", marked("closed"), record.closed_at),
    )
    rows = [
        Row(name, label, "" if at is None else moment(at), None if at is None else at.astimezone(UTC).isoformat())
        for name, label, at in instants
    ]
    return Section("times", "Times", tuple(rows))


def _note(note: Note) -> Row:
    value: dict[str, Value] = {"at": note.at.astimezone(UTC).isoformat(), "code": note.code, "text": note.text}
    return Row(note.code, moment(note.at), f"{note.code}: {note.text}", value)
