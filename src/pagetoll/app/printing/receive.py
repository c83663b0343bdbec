# SPDX-License-Identifier: Apache-2.0
"""The steps before the decision: earlier attempts of the job, the spooled document, its count."""

import logging

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.counting_command import count_by_command, counting_command
from pagetoll.app.printing.hooks import commands_of
from pagetoll.app.printing.ink import wanted_ink
from pagetoll.app.printing.remeasure import close_dead
from pagetoll.app.printing.repair import Standing
from pagetoll.app.printing.spoken import unknown_to_the_printer
from pagetoll.app.printing.ticket import added_by_spooler, written_by_filter
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.charging import ChargeView
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.lifecycle import Event
from pagetoll.core.usage import Confidence, Usage
from pagetoll.ports import Interrupted, Note, SpooledDocument

log = logging.getLogger("pagetoll.printing")

#: Impressions, sheets or blank sides of a job: far above what anybody prints, far below what bursts the books.
LARGEST_JOB = 10_000_000
RUNNING = "INFO: An earlier run of job {job} is still printing; waiting for it to end."


def close_prior(services: Services, attempt: Attempt) -> Event:
    """Wait for a backend that an earlier process of this job left behind; close what is open.

    The job is on paper when that backend ends well while we wait, else this process prints it itself.
    """
    patience = Patience(services, attempt, RUNNING.format(job=attempt.key.job.job_id))
    waited_for = services.devices.others_of_job(attempt.key)
    for live in waited_for:
        while not live.over.wait(0.2):
            if patience.given_up():
                return patience.event
    if any(live.printed for live in waited_for):
        return Event.PRIOR_PRINTED
    job = attempt.key.job
    for record in services.ledger.open_attempts_of_job(job.spooler_host, job.job_id, job.time_at_creation):
        if record.facts.key == attempt.key:
            continue
        while close_dead(services, record) is Standing.RUNNING:
            if patience.given_up(pause_s=0.2):
                return patience.event
    return Event.PRIOR_CLOSED


def spool(services: Services, attempt: Attempt) -> Event:
    """Copy standard input into the spool; a file job's document stays where it is, unless `keepfiles` or a command of
    the site's wants a copy.

    Raises OSError when the spool is full.
    """
    patience = Patience(services, attempt)
    source = attempt.arrival.document_fd
    settings = attempt.settings
    needs_copy = settings.keepfiles or commands_of(settings) or counting_command(settings) is not None
    if attempt.ticket.document_from_file and not needs_copy:
        attempt.document = services.store.examine(source)
    else:
        try:
            attempt.document = services.store.keep(
                attempt.key, source, patience.given_up, directory_of(services, attempt)
            )
        except Interrupted:
            return patience.event
    return Event.SPOOLED if attempt.document.octets else Event.EMPTY


def directory_of(services: Services, attempt: Attempt) -> str:
    """The folder that the site names for its documents, where it can be used; else "" and a note."""
    named = attempt.settings.directory
    trouble = services.store.trouble_with(named) if named else ""
    if trouble:
        text = f"directory {named} is not used: {trouble}"
        log.warning("attempt=%s %s", attempt.key, text)
        attempt.notes.append(Note(services.clock(), "directory", text))
    return "" if trouble else named


def count(services: Services, attempt: Attempt) -> Event:
    """Count the document in a locked-down child; add the copies and sides that the spooler adds."""
    assert attempt.document is not None
    largest = attempt.settings.max_document_octets
    if largest and attempt.document.octets > largest:
        return _uncountable(
            services, attempt, f"the document has {attempt.document.octets} octets, at most {largest} are counted"
        )
    patience = Patience(services, attempt)
    try:
        usage = _usage(services, attempt, attempt.document, patience)
    except DocumentError as error:
        return _uncountable(services, attempt, str(error))
    if usage is None:
        return patience.event
    totals = apply_spooler(usage, *added_by_spooler(attempt.ticket))
    if max(totals.impressions, totals.media_sheets, totals.blank_sides) > LARGEST_JOB:
        asked = f"it asks for {totals.impressions} impressions, more than any printer prints at once"
        return _uncountable(services, attempt, asked)
    attempt.usage, attempt.totals = usage, totals
    if usage.confidence in (Confidence.UNKNOWN, Confidence.REFUSED, Confidence.AT_LEAST):
        seen = f"only {usage.impressions} impressions of this {usage.language} document could be counted"
        return _uncountable(services, attempt, seen)
    foreign = unknown_to_the_printer(usage, attempt.settings.languages)
    return _uncountable(services, attempt, foreign) if foreign else Event.COUNTED


def _usage(services: Services, attempt: Attempt, document: SpooledDocument, patience: Patience) -> Usage | None:
    """By the site's command or by ourselves; None when the job was given up meanwhile. Raises DocumentError."""
    command = counting_command(attempt.settings)
    if command is not None and document.path:
        try:
            return count_by_command(services, attempt, command, patience)
        except DocumentError as error:
            if attempt.settings.onaccountererror is OnAccounterError.STOP:
                raise
            attempt.notes.append(Note(services.clock(), "counted_ourselves", str(error)))
    return services.counter.count(
        document.descriptor,
        trust_dsc=written_by_filter(attempt.ticket),
        ink=wanted_ink(attempt.settings),
        meanwhile=lambda: _look_up_early(services, attempt),
    )


def _look_up_early(services: Services, attempt: Attempt) -> None:
    """Ask the books while the document is counted, unless a command may still change who pays."""
    if attempt.settings.overwrite_jobticket is None:
        look_up(services, attempt)


def look_up(services: Services, attempt: Attempt) -> ChargeView:
    """What the ledger knows of this user on this printer; asked for once, while the document is counted."""
    if attempt.view is None:
        settings = services.settings()
        attempt.view = services.ledger.charge_view(
            attempt.ticket.printer,
            attempt.user_name,
            settings.rules,
            settings.default_rule,
            attempt.ticket.billing_code,
        )
        attempt.known_ids = (attempt.view.printer_id, attempt.view.user_id)
    return attempt.view


def _uncountable(services: Services, attempt: Attempt, why: str) -> Event:
    attempt.uncountable = why
    attempt.notes.append(Note(services.clock(), "unknown_size", why))
    return Event.UNCOUNTABLE
