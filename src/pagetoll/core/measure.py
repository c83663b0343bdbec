# SPDX-License-Identifier: Apache-2.0
"""How much of a job came out, by the first rule that knows (docs/concepts/life-of-a-job.md).

1. what lies between two readings of the device's counter; 2. what the device reported of the job; 3. the whole job
when the backend ended well; 4. for jobs on standard input the offset of the shared spool descriptor; 5. the whole
reservation, marked `handed_over_unknown`. A backend that failed without a cancel is charged 0 where only rule 5 is
left, since the spooler will run the job again.

Where device and document tell different numbers, the queue's `charge` and `trustjobsize` say which one counts.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from pagetoll.core.accounting import Charge, TrustJobSize
from pagetoll.core.jobs import ChargeRule
from pagetoll.core.pricing import Tariff


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when the device backend is over. `parsed_*` count the whole job, copies included.

    `backend_status` is the exit code, None where nobody could wait for it. `spool_offset` is how far the backend
    read its standard input, None for file jobs. `page_end_offsets` has one ascending octet offset an input page.
    """

    parsed_impressions: int
    parsed_media_sheets: int
    backend_status: int | None
    canceled: bool
    reported_impressions: int | None = None
    spool_offset: int | None = None
    document_octets: int = 0
    page_end_offsets: tuple[int, ...] = ()
    charge_failed: bool = False  # a failed backend is charged whole, unless the device says what came out
    marked: "Marked | None" = None


@dataclass(frozen=True, slots=True)
class Marked:
    """What a device's counter says of the job; `shared`: as its part of what several jobs marked."""

    impressions: int
    media_sheets: int | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """Impressions and sheets that came out, and the rule that says so."""

    impressions: int
    media_sheets: int
    rule: ChargeRule


def measure(evidence: Evidence) -> Measured:
    """Apply the rules in order."""
    if evidence.marked is not None:
        return _by_counter(evidence, evidence.marked)
    if evidence.reported_impressions:
        return _part(evidence, evidence.reported_impressions, ChargeRule.REPORTED_IMPRESSIONS)
    if evidence.backend_status == 0 and not evidence.canceled:
        return Measured(evidence.parsed_impressions, evidence.parsed_media_sheets, ChargeRule.PARSED)
    has_failed = evidence.backend_status not in (None, 0) and not evidence.canceled
    if has_failed and evidence.charge_failed:
        return Measured(evidence.parsed_impressions, evidence.parsed_media_sheets, ChargeRule.HANDED_OVER_UNKNOWN)
    if evidence.spool_offset is not None:
        return _by_offset(evidence, evidence.spool_offset)
    if has_failed:
        return Measured(0, 0, ChargeRule.BACKEND_FAILED)
    return Measured(evidence.parsed_impressions, evidence.parsed_media_sheets, ChargeRule.HANDED_OVER_UNKNOWN)


def handed_over(evidence: Evidence) -> Measured:
    """The same without any word of the device."""
    return measure(replace(evidence, marked=None, reported_impressions=None))


def chosen(evidence: Evidence, charge: Charge, trust: TrustJobSize, otherwise: Measured | None = None) -> Measured:
    """The number that is charged, by the queue's rules. `otherwise` is what came out without any word of the device,
    for whoever knows that by more than this evidence."""
    reported, parsed = measure(evidence), otherwise or handed_over(evidence)
    if reported.rule not in _BY_THE_DEVICE:
        return reported
    if charge is Charge.PARSED:
        return parsed
    if charge is not Charge.REPORTED:
        smaller, larger = sorted((reported, parsed), key=lambda one: one.impressions)
        return smaller if charge is Charge.SMALLER else larger
    return _trusted(evidence, reported, trust)


_BY_THE_DEVICE = (ChargeRule.DEVICE_COUNTER, ChargeRule.SHARED_READING, ChargeRule.REPORTED_IMPRESSIONS)


def _trusted(evidence: Evidence, reported: Measured, trust: TrustJobSize) -> Measured:
    limit, counted = trust.limit_impressions, evidence.parsed_impressions
    if limit is None or not counted or reported.impressions in range(limit + 1) or reported.impressions == counted:
        return reported
    instead = counted if trust.instead_impressions is None else trust.instead_impressions
    return _part(evidence, instead, ChargeRule.TRUSTED_SIZE)


def _by_counter(evidence: Evidence, marked: Marked) -> Measured:
    rule = ChargeRule.SHARED_READING if marked.shared else ChargeRule.DEVICE_COUNTER
    counted = _part(evidence, marked.impressions, rule)
    return counted if marked.media_sheets is None else replace(counted, media_sheets=marked.media_sheets)


def charged_by(rule: ChargeRule, tariff: Tariff) -> ChargeRule:
    """The rule on record: that by which the output was measured, or that nobody is charged for it."""
    return rule if tariff.charges else ChargeRule.UNCHARGED


def _by_offset(evidence: Evidence, offset: int) -> Measured:
    if offset <= 0:
        return Measured(0, 0, ChargeRule.NOTHING_HANDED_OVER)
    total = evidence.parsed_impressions
    if offset >= evidence.document_octets:
        return Measured(total, evidence.parsed_media_sheets, ChargeRule.SPOOL_OFFSET)
    ends = evidence.page_end_offsets
    if ends:
        whole_pages = bisect_right(ends, offset)
        return _part(evidence, _round_up(whole_pages * total, len(ends)), ChargeRule.SPOOL_OFFSET)
    return _part(evidence, _round_up(offset * total, evidence.document_octets), ChargeRule.SPOOL_OFFSET)


def _part(evidence: Evidence, impressions: int, rule: ChargeRule) -> Measured:
    """Sheets in the job's own ratio of sheets to impressions, rounded up."""
    if not impressions:
        sheets = 0
    elif impressions == evidence.parsed_impressions or not evidence.parsed_impressions:
        sheets = evidence.parsed_media_sheets or impressions
    else:
        sheets = _round_up(impressions * evidence.parsed_media_sheets, evidence.parsed_impressions)
    return Measured(impressions, sheets, rule)


def _round_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
