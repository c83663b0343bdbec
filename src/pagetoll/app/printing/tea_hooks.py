# SPDX-License-Identifier: Apache-2.0
"""Running the hooks of tea4cups.conf: in turn or at the same time, told of the job, the job's end in mind."""

import os
import threading
from collections.abc import Callable, Sequence

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import ENDED_WELL
from pagetoll.app.printing.tea_run import TeaRun
from pagetoll.app.printing.ticket import text_of
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options.tea4cups import conf_of_job
from pagetoll.core.errors import PagetollError
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.tea4cups import (
    STATUS_NONE,
    Hook,
    HookEnd,
    TeaFacts,
    handed_on,
    stops_the_rest,
    tea_variables,
)
from pagetoll.ports import CommandEnd, Note

WAITING = "INFO: Waiting for the hooks of tea4cups.conf to end."
#: Hooks are mostly short: we look soon, then more and more seldom.
LISTEN_SOONEST_S, LISTEN_LATEST_S = 0.004, 0.1
#: What a prehook may tell its posthook; the rest is read and dropped, so that the hook does not hang.
PIPE_OCTETS_MAX = 64 * 1024 * 1024
NAME_OCTETS_MAX = 200
PATH = "/usr/lib/cups/filter:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def tea_of(services: Services, attempt: Attempt) -> TeaRun | None:
    """What tea4cups.conf asks for this job; None where it has nothing to do with it. Raises ConfigError."""
    if services.tea_hooks is None:
        return None
    path, must_exist = conf_of_job(attempt.settings.tea4cups_conf, attempt.arrival.variables)
    if not path:
        return None
    try:
        found = services.tea_hooks.settings(path, attempt.ticket.printer, must_exist=must_exist)
    except PagetollError as error:
        attempt.failure = _("the hooks of the queue cannot be read: {error}").format(error=error)
        raise
    return TeaRun(found)


def run_in_order(
    services: Services,
    attempt: Attempt,
    hooks: Sequence[Hook],
    work: Callable[[Hook, Callable[[], bool]], HookEnd],
    *,
    serialize: bool,
    heedless: bool = False,
) -> tuple[list[HookEnd], Event | None]:
    """Do `work` for each hook: in turn until one ends with 254, or all at the same time. With `heedless` a job that
    is given up meanwhile does not stop them. Returns their ends, and the event when the job was given up."""
    patience = Patience(services, attempt, WAITING, at_once=False)
    given_up = threading.Event()
    ends: list[HookEnd] = []
    for crowd in [[hook] for hook in hooks] if serialize else [list(hooks)]:
        if len(crowd) == 1:
            ends.append(work(crowd[0], given_up.is_set if heedless else lambda: _ask(patience, given_up)))
        else:
            ends += _at_once(crowd, work, patience, given_up, heedless=heedless)
        if given_up.is_set():
            return ends, patience.event
        if serialize and ends and stops_the_rest(ends[-1]):
            break
    return ends, None


def _ask(patience: Patience, given_up: threading.Event, pause_s: float = 0.0) -> bool:
    if not given_up.is_set() and patience.given_up(pause_s=pause_s):
        given_up.set()
    return given_up.is_set()


def _at_once(
    crowd: Sequence[Hook],
    work: Callable[[Hook, Callable[[], bool]], HookEnd],
    patience: Patience,
    given_up: threading.Event,
    *,
    heedless: bool,
) -> list[HookEnd]:
    answers: dict[str, HookEnd] = {}

    def one(hook: Hook) -> None:
        answers[hook.name] = work(hook, given_up.is_set)

    threads = [threading.Thread(target=one, args=(hook,), name="hook", daemon=True) for hook in crowd]
    for thread in threads:
        thread.start()
    pause_s = LISTEN_SOONEST_S
    while not (heedless or given_up.is_set()) and any(thread.is_alive() for thread in threads):
        _ask(patience, given_up, pause_s)
        pause_s = min(2 * pause_s, LISTEN_LATEST_S)
    for thread in threads:
        thread.join()
    return [answers[hook.name] for hook in crowd if hook.name in answers]


def start_line(
    services: Services,
    attempt: Attempt,
    line: str,
    variables: dict[str, str],
    *,
    interrupted: Callable[[], bool] | None = None,
    stdin_fd: int = -3,
    hand_on: Callable[[bytes], None] | None = None,
) -> CommandEnd:
    """Run a line of tea4cups.conf to its end, at most `hook_timeout_s`."""
    assert services.tea_hooks is not None
    return services.commands.run(
        services.tea_hooks.words(line, network=attempt.settings.python_hooks_network),
        variables,
        timeout_s=attempt.settings.hook_timeout_s,
        interrupted=interrupted,
        stdin_fd=stdin_fd,
        hand_on=hand_on,
    )


def end_of(hook: Hook, end: CommandEnd) -> HookEnd:
    """How a hook ended, by the end of its command."""
    return HookEnd(hook, end.status, end.signal_number, end.trouble)


def note_ends(services: Services, attempt: Attempt, kind: str, ends: Sequence[HookEnd]) -> None:
    """Which hooks were run, and how they ended, stands on the attempt's record."""
    for end in ends:
        text = f"{kind}_{end.hook.name}: {end.trouble or ENDED_WELL}"
        attempt.notes.append(Note(services.clock(), "hook", text))


def bounded_writer(descriptor: int, octets_max: int = PIPE_OCTETS_MAX) -> Callable[[bytes], None]:
    """Writes into a file what fits."""
    left = octets_max

    def write(data: bytes) -> None:
        nonlocal left
        view = memoryview(data[:left])
        left -= len(view)
        while view:
            view = view[os.write(descriptor, view) :]

    return write


def spooler_variables(attempt: Attempt) -> dict[str, str]:
    """What the spooler gave the backend, and a filter gets nothing beside it."""
    given = {name: text_of(value) for name, value in attempt.arrival.variables.items() if handed_on(name)}
    path = given.get("PATH", "")
    return given | {"PATH": f"{path}:{PATH}" if path else PATH, "DEVICE_URI": attempt.ticket.device_uri}


def hook_variables(attempt: Attempt, tea: TeaRun, *, after: bool) -> dict[str, str]:
    """What a hook is told; `after` the device backend also how that ended."""
    document, arguments = attempt.document, attempt.arrival.arguments
    ran = attempt.backend_status is not None and not attempt.backend_signal
    status = attempt.backend_status if ran else STATUS_NONE
    measured = attempt.measured
    facts = TeaFacts(
        ticket=attempt.ticket,
        job_id=attempt.key.job.job_id,
        input_file=text_of(arguments[6]) if len(arguments) > 6 else "",
        folder=tea.settings.folder or tea.data_file.rpartition("/")[0],
        data_file=tea.data_file,
        document_octets=document.octets if document else 0,
        md5=document.md5 if document else "",
        sha256=document.sha256 if document else "",
        status=status if after else None,
        canceled=attempt.canceled or attempt.withdrawn,
        impressions=(measured.impressions if measured else 0) if after else attempt.totals.impressions,
    )
    return spooler_variables(attempt) | tea_variables(facts)


def work_file_name(attempt: Attempt) -> str:
    """tea4cups-QUEUE-USER-JOB, whatever signs these have."""
    ticket = attempt.ticket
    name = f"tea4cups-{ticket.printer}-{ticket.job_originating_user_name}-{attempt.key.job.job_id}"
    plain = "".join(sign if sign.isalnum() or sign in "-_.@+" else "_" for sign in name)
    return plain.encode()[:NAME_OCTETS_MAX].decode("utf-8", "ignore")
