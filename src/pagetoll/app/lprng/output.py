# SPDX-License-Identifier: Apache-2.0
"""How much of an LPRng attempt came out, and its books.

By the first that knows: the device's page counter; the whole job when lpd says it succeeded; what our filter handed
over; nothing when our filter was to print and never began; what `onbackenderror` says when lpd tells a failure; and
the whole reservation when nobody told an end (docs/reference/lprng.md).
"""

from pagetoll.app.lprng import metering
from pagetoll.app.lprng.story import Story, read_story
from pagetoll.app.printing.attempt import Services
from pagetoll.config.options import QueueSettings
from pagetoll.core.errors import AlreadySettled, AlreadyVoided
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.measure import Evidence, Marked, Measured, charged_by, chosen
from pagetoll.core.pricing import tariff_from_json
from pagetoll.core.readings import PLAUSIBLE_MORE, PLAUSIBLE_TIMES
from pagetoll.ports import AttemptRecord, Note, Settlement
from pagetoll.wire.lprng import SUCCEEDED

#: lpd's word for the end, and the status it stands for.
STATUSES = {"JSUCC": 0, "JFAIL": 32, "JABORT": 33, "JREMOVE": 34, "JHOLD": 37}


def how_much(record: AttemptRecord, story: Story, end: str, *, charge_failed: bool = False) -> Measured:
    """Impressions and sheets by the rules above but the first; `end` is lpd's word, empty where none was told."""
    total, sheets = record.quoted_impressions, record.facts.media_sheets or record.quoted_impressions
    passed, passed_sheets, known = story.handed_over()
    if end == SUCCEEDED:
        return Measured(max(total, passed), max(sheets, passed_sheets), ChargeRule.PARSED)
    if story.begun or story.done:
        rule = ChargeRule.SPOOL_OFFSET if known else ChargeRule.HANDED_OVER_UNKNOWN
        return Measured(passed, passed_sheets, rule if passed else ChargeRule.NOTHING_HANDED_OVER)
    if story.ours:
        return Measured(0, 0, ChargeRule.NOTHING_HANDED_OVER)
    if end and not charge_failed:
        return Measured(0, 0, ChargeRule.BACKEND_FAILED)
    return Measured(total, sheets, ChargeRule.HANDED_OVER_UNKNOWN)


def counted(record: AttemptRecord, settings: QueueSettings, marked: Marked, otherwise: Measured) -> Measured:
    """What the device's counter says, where the queue's `charge` and `trustjobsize` want it."""
    total = record.quoted_impressions
    evidence = Evidence(
        parsed_impressions=total,
        parsed_media_sheets=record.facts.media_sheets or total,
        backend_status=None,
        canceled=False,
        marked=marked,
    )
    return chosen(evidence, settings.charge, settings.trustjobsize, otherwise)


def _told_by_file(record: AttemptRecord, reported: int) -> Marked | None:
    """What the counters of the accounting file say, where that can be."""
    total = record.quoted_impressions
    return None if total and reported > PLAUSIBLE_TIMES * total + PLAUSIBLE_MORE else Marked(reported)


def close(services: Services, record: AttemptRecord, end: str, why: str, reported: int | None = None) -> Measured:
    """Settle an attempt; once, however often it is asked for. Waits for the device where its counter is asked.

    `reported` is what the counters of the accounting file say of it."""
    story = read_story(services.ledger.notes(record.attempt_id))
    settings = services.settings().for_queue(record.facts.ticket.printer)
    measured = how_much(record, story, end, charge_failed=settings.onbackenderror.charge)
    notes: tuple[Note, ...] = ()
    if reported is not None:
        metering.forget(services, record.facts.key.nonce)
        marked = _told_by_file(record, reported)
    else:
        marked, notes = metering.marked(services, record, measured, well=end == SUCCEEDED)
        reported = marked.impressions if marked else None
    if marked is not None:
        measured = counted(record, settings, marked, measured)
    tariff = tariff_from_json(record.tariff_json)
    whole = measured.impressions >= record.quoted_impressions
    now = services.clock()
    text = f"{measured.impressions} impressions by rule {measured.rule}; lpd says {end or 'nothing'}; {why}"
    if reported is not None and measured.impressions != reported:
        text += f"; the page counter says {reported}"
    settlement = Settlement(
        impressions=measured.impressions,
        media_sheets=measured.media_sheets,
        price=tariff.price(measured.impressions),
        rule=charged_by(measured.rule, tariff),
        outcome=_outcome(end, whole),
        reported_impressions=reported,
        backend_status=STATUSES.get(end),
        notes=(*notes, Note(now, "measured", text)),
    )
    try:
        services.ledger.settle(record.facts.key, settlement)
    except (AlreadySettled, AlreadyVoided):
        return measured
    return measured


def _outcome(end: str, whole: bool) -> Outcome:
    if end == SUCCEEDED:
        return Outcome.COMPLETED
    if end:
        return Outcome.ABORTED
    return Outcome.COMPLETED if whole else Outcome.CANCELED
