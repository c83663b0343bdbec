# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's part before the document is printed: the filter, the policy of its queues, the work file, the prehooks.

Each function stands for the step of the same name elsewhere in this package, and is that step for every other job.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import replace

from pagetoll.app.printing import decide as deciding
from pagetoll.app.printing import device, receive
from pagetoll.app.printing import prepare as preparing
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import ENDED_WELL
from pagetoll.app.printing.receive import look_up
from pagetoll.app.printing.tea_hooks import (
    bounded_writer,
    end_of,
    hook_variables,
    note_ends,
    run_in_order,
    spooler_variables,
    start_line,
    tea_of,
    work_file_name,
)
from pagetoll.app.printing.tea_run import TeaRun
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options import Policy
from pagetoll.core.errors import PagetollError
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.tea4cups import Hook, HookEnd, Verdict, verdict_of, verdict_of_all
from pagetoll.ports import CommandEnd, Interrupted, Note, SpooledDocument
from pagetoll.wire.device_uri import is_of_tea4cups

IPP_SCHEMES = ("ipp", "ipps")


def spool(services: Services, attempt: Attempt) -> Event:
    """Keep the document as the queue's filter makes it. Raises ConfigError for a tea4cups.conf that cannot be obeyed,
    PagetollError for a filter that does not come to an end, OSError."""
    attempt.tea = tea_of(services, attempt)
    if attempt.tea is None:
        return receive.spool(services, attempt)
    asked = attempt.tea.settings
    if asked.tries is not None:
        rule = replace(attempt.settings.onbackenderror, tries=asked.tries, pause_s=asked.pause_s)
        attempt.settings = replace(attempt.settings, onbackenderror=rule)
    event = receive.spool(services, attempt)
    if event is not Event.SPOOLED or not asked.filter_line:
        return event
    return _filter(services, attempt, asked.filter_line)


def _filter(services: Services, attempt: Attempt, line: str) -> Event:
    """Put what the filter makes of the document in its place. Its exit status was never looked at and still is not;
    it is on record."""
    raw = attempt.document
    assert raw is not None
    reading, writing = os.pipe()
    stop = threading.Event()
    ends: list[CommandEnd] = []
    write = bounded_writer(writing, 1 << 62)

    def run_filter() -> None:
        try:
            variables = spooler_variables(attempt)
            ends.append(
                start_line(
                    services,
                    attempt,
                    line,
                    variables,
                    interrupted=stop.is_set,
                    stdin_fd=raw.descriptor,
                    hand_on=write,
                )
            )
        finally:
            os.close(writing)

    thread = threading.Thread(target=run_filter, name="filter", daemon=True)
    patience = Patience(services, attempt, _("INFO: The document passes the site's filter."), at_once=False)
    thread.start()
    made: SpooledDocument | None = None
    try:
        made = services.store.keep(attempt.key, reading, patience.given_up, receive.directory_of(services, attempt))
    except Interrupted:
        return patience.event
    finally:
        stop.set()
        os.close(reading)
        thread.join()
    return _take_filtered(services, attempt, raw, made, ends)


def _take_filtered(
    services: Services, attempt: Attempt, raw: SpooledDocument, made: SpooledDocument, ends: list[CommandEnd]
) -> Event:
    os.close(raw.descriptor)
    attempt.document = made
    end = ends[0] if ends else CommandEnd(None, trouble=_("it could not be started"))
    attempt.notes.append(Note(services.clock(), "hook", f"filter: {end.trouble or ENDED_WELL}"))
    if end.timed_out or end.signal_number or (end.status != 0 and not made.octets):
        attempt.failure = _("the filter of tea4cups.conf failed: {why}").format(why=end.trouble)
        raise PagetollError(attempt.failure)
    return Event.SPOOLED if made.octets else Event.EMPTY


def decide(services: Services, attempt: Attempt) -> Event:
    """A queue of Tea4CUPS's that the ledger does not know prints uncharged, its hooks being what the site wants of
    it; for one that it knows, `policy` holds."""
    uri = attempt.arrival.variables.get("DEVICE_URI", b"").decode("utf-8", "replace")
    unknown_to_books = attempt.settings.policy is Policy.DENY and attempt.tea is not None and is_of_tea4cups(uri)
    if unknown_to_books and look_up(services, attempt).printer_id is None:
        attempt.settings = replace(attempt.settings, policy=Policy.ALLOW)
        attempt.silent = True  # what is nobody's concern here is no reason for a mail
    return deciding.decide(services, attempt)


def prepare(services: Services, attempt: Attempt) -> Event:
    """Everything else that comes before a document; then the prehooks, and what they say."""
    event = preparing.prepare(services, attempt)
    tea = attempt.tea
    if event is not Event.PREPARED or tea is None or tea.begun:
        return event
    _lay_out(services, attempt, tea)
    tea.begun = True
    tea.ends, given_up = run_in_order(
        services,
        attempt,
        tea.settings.prehooks,
        _prehook(services, attempt, tea),
        serialize=tea.settings.serialize,
    )
    note_ends(services, attempt, "prehook", tea.ends)
    if given_up is not None:
        return given_up
    tea.verdict = verdict_of_all(tea.ends, serialize=tea.settings.serialize)
    if tea.verdict is Verdict.GO:
        return Event.PREPARED
    return _give_up(services, attempt, tea)


def _lay_out(services: Services, attempt: Attempt, tea: TeaRun) -> None:
    """The files that hooks and device need. Raises OSError."""
    document, asked, ticket = attempt.document, tea.settings, attempt.ticket
    assert document is not None
    assert services.tea_hooks is not None
    if asked.has_hooks or asked.keepfiles:
        tea.data_file = services.tea_hooks.work_file(document, asked.folder, work_file_name(attempt))
    if asked.filter_line and ticket.document_from_file:
        by_ipp = ticket.device_uri.partition(":")[0] in IPP_SCHEMES
        # the file's copies are the device backend's to make; from standard input it makes none
        attempt.instead_fd = services.tea_hooks.repeated(document, 1 if by_ipp else ticket.copies)


def _prehook(services: Services, attempt: Attempt, tea: TeaRun) -> Callable[[Hook, Callable[[], bool]], HookEnd]:
    variables = hook_variables(attempt, tea, after=False)
    listeners = {hook.name for hook in tea.settings.posthooks}

    def work(hook: Hook, interrupted: Callable[[], bool]) -> HookEnd:
        hand_on = None
        if hook.name in listeners and services.tea_hooks is not None:
            try:
                tea.pipes[hook.name] = services.tea_hooks.buffer()
            except OSError as error:
                return HookEnd(hook, None, trouble=_("its output cannot be kept: {error}").format(error=error))
            hand_on = bounded_writer(tea.pipes[hook.name])
        end = start_line(services, attempt, hook.line, variables, interrupted=interrupted, hand_on=hand_on)
        return end_of(hook, end)

    return work


def _give_up(services: Services, attempt: Attempt, tea: TeaRun) -> Event:
    """Nothing is printed: the job is canceled, or has failed and the spooler decides what becomes of it."""
    serialize = tea.settings.serialize
    names = [end.hook.name for end in tea.ends if verdict_of(end, serialize=serialize) is tea.verdict]
    if tea.verdict is Verdict.CANCEL:
        attempt.withdrawn = True
        text = _("The job was canceled by the site's rules ({name}); nothing was printed or charged")
        attempt.withdrawal = text.format(name=f"prehook_{names[0]}")
        attempt.silent = True  # the hook tells whom it wants to
        attempt.client.say(f"ERROR: {attempt.withdrawal}")
        attempt.notes.append(Note(services.clock(), "withdrawn", attempt.withdrawal))
        return Event.CANCELED
    text = _("The job was not printed: {name} failed; the log of the print server says more")
    attempt.client.say("ERROR: " + text.format(name=f"prehook_{names[0]}"))
    return Event.FAILED


def start_backend(services: Services, attempt: Attempt) -> Event:
    """Start the device backend, where there is a device: a queue whose URI is our scheme alone has none."""
    if attempt.ticket.device_uri or not attempt.arrival.variables.get("DEVICE_URI"):
        return device.start_backend(services, attempt)
    services.ledger.mark_starting(attempt.key, services.clock())
    attempt.backend_status = 0
    return Event.BACKEND_ENDED
