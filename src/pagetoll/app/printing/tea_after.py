# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's part when a job is over: how a hook's failure ends it, `onfail`, the posthooks, the work file."""

import logging
import os
from collections.abc import Callable

from pagetoll.app.printing import after, settle
from pagetoll.app.printing.attempt import EXIT_CANCEL, Attempt, Services
from pagetoll.app.printing.tea_hooks import end_of, hook_variables, note_ends, run_in_order, start_line, tea_of
from pagetoll.app.printing.tea_run import TeaRun
from pagetoll.app.printing.ticket import added_by_spooler
from pagetoll.core.errors import PagetollError
from pagetoll.core.jobs import Outcome
from pagetoll.core.lifecycle import Event
from pagetoll.core.tea4cups import Hook, HookEnd, Verdict
from pagetoll.wire.device_uri import TEA_SCHEME

log = logging.getLogger("pagetoll.printing")

#: The queue's error policy decides: what Tea4CUPS ends with. Under our own names nothing stops a queue.
EXIT_FAILED = 1
EXIT_RETRY = 6


def measure_output(services: Services, attempt: Attempt) -> Event:
    """Measure what came out; of what a filter made of a file we know how far the device backend has read it."""
    document = attempt.document
    if attempt.instead_fd >= 0 and document is not None and _copies_outside(attempt) == 1:
        attempt.spool_offset = os.lseek(attempt.instead_fd, 0, os.SEEK_CUR)
    return settle.measure_output(services, attempt)


def _copies_outside(attempt: Attempt) -> int:
    """How often the document's pages stand for, or in, what the backend reads."""
    return added_by_spooler(attempt.ticket)[0]


def void(services: Services, attempt: Attempt) -> Event:
    """Give the reservation back, and end the job as the prehooks say."""
    event = settle.void(services, attempt)
    tea = attempt.tea
    if tea is not None and tea.verdict is Verdict.FAIL and not attempt.failure and not attempt.canceled:
        attempt.exit_status = EXIT_FAILED if _named_tea4cups(attempt) else EXIT_RETRY
    elif tea is not None and tea.verdict is Verdict.CANCEL:
        attempt.exit_status = EXIT_CANCEL
    return event


def _named_tea4cups(attempt: Attempt) -> bool:
    """Whether the backend goes by Tea4CUPS's name; only that takes EXIT_FAILED from us."""
    return attempt.arrival.variables.get("DEVICE_URI", b"").startswith(f"{TEA_SCHEME}:".encode())


def round_off(services: Services, attempt: Attempt) -> Event:
    """Everything else that comes when the books are closed; then `onfail` and the posthooks."""
    event = after.round_off(services, attempt)
    attempt.notes.clear()
    try:
        tea = attempt.tea or (tea_of(services, attempt) if attempt.adoption is not None else None)
        if tea is not None and _wants_posthooks(attempt, tea):
            _run_posthooks(services, attempt, tea)
    except (PagetollError, OSError) as error:
        log.error("attempt=%s its posthooks were not run: %s", attempt.key, error)
    if attempt.notes:
        try:
            services.ledger.add_notes(attempt.key, tuple(attempt.notes))
        except PagetollError as error:
            log.warning("attempt=%s a note is lost: %s", attempt.key, error)
    return event


def _wants_posthooks(attempt: Attempt, tea: TeaRun) -> bool:
    if attempt.measured is not None:
        return True
    return tea.begun and attempt.outcome is Outcome.CANCELED and attempt.settings.tea4cups_tell_canceled


def _run_posthooks(services: Services, attempt: Attempt, tea: TeaRun) -> None:
    variables = hook_variables(attempt, tea, after=True)
    if tea.settings.onfail and attempt.outcome is Outcome.ABORTED:
        end = start_line(services, attempt, tea.settings.onfail, variables)
        note_ends(services, attempt, "onfail", [end_of(Hook("command", tea.settings.onfail), end)])
    work = _posthook(services, attempt, tea, variables)
    ends, _event = run_in_order(
        services, attempt, tea.settings.posthooks, work, serialize=tea.settings.serialize, heedless=True
    )
    note_ends(services, attempt, "posthook", ends)


def _posthook(
    services: Services, attempt: Attempt, tea: TeaRun, variables: dict[str, str]
) -> Callable[[Hook, Callable[[], bool]], HookEnd]:
    def work(hook: Hook, _interrupted: Callable[[], bool]) -> HookEnd:
        told = tea.pipes.get(hook.name, -1)
        if told < 0:
            return end_of(hook, start_line(services, attempt, hook.line, variables))
        os.lseek(told, 0, os.SEEK_SET)
        return end_of(hook, start_line(services, attempt, hook.line, variables, stdin_fd=told))

    return work


def release(services: Services, attempt: Attempt) -> None:
    """Give back the files of the hooks, whatever happened."""
    if attempt.instead_fd >= 0:
        os.close(attempt.instead_fd)
        attempt.instead_fd = -1
    tea = attempt.tea
    if tea is None:
        return
    for descriptor in tea.pipes.values():
        os.close(descriptor)
    tea.pipes.clear()
    if tea.data_file and services.tea_hooks is not None:
        try:
            services.tea_hooks.discard(tea.data_file, keep_file=tea.settings.keepfiles)
        except OSError as error:
            log.error("attempt=%s its work file stays: %s", attempt.key, error)
