# SPDX-License-Identifier: Apache-2.0
"""The end of attempts whose daemon died, where their device was read before it: it is read again.

That may take as long as the measuring of any job, so upkeep does not wait for it (`Services.aside`). Meanwhile the
attempt lives: other jobs, of this server and of others, wait for its device as ever. When this daemon dies too, the
next one begins anew.
"""

from collections.abc import Callable
from dataclasses import replace

from pagetoll.app.printing import measuring, repair, settle
from pagetoll.app.printing.adopt import left_behind
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.repair import Standing
from pagetoll.config.options import Settings
from pagetoll.core.jobs import AttemptKey, AttemptState, ChargeRule
from pagetoll.ports import AttemptRecord, Note

DIED = "its processes died after the device backend was started"


def close_dead(services: Services, record: AttemptRecord) -> Standing:
    """Void or settle an open attempt that nobody will finish; RUNNING when somebody will, and while its device is
    read."""
    key = record.facts.key
    if services.devices.is_living(key.nonce) or repair.running(services.processes, record):
        return Standing.RUNNING
    now = services.ledger.attempt(key)
    if now is None or now.state is AttemptState.CLOSED:
        return Standing.CLOSED
    if repair.never_started(services.processes, now) or measuring.meter_of_record(services, now) is None:
        return repair.close_dead(services, now)
    return Standing.CLOSED if begin(services, key, lambda: measure(services, now, DIED)) else Standing.RUNNING


def begin(services: Services, key: AttemptKey, work: Callable[[], object]) -> bool:
    """Work on an attempt that nobody else drives; whether it is over already."""
    living = services.devices.living(key)
    live = living.__enter__()

    def ended() -> None:
        try:
            work()
        finally:
            living.__exit__(None, None, None)

    try:
        services.aside(ended)
    except RuntimeError:  # no further thread
        living.__exit__(None, None, None)
        raise
    return live.over.is_set()


def measure(services: Services, record: AttemptRecord, why: str) -> None:
    """Read the device again, and book what it marked; where it tells nothing that can be, the whole reservation.
    `why` is said in the job's record."""
    attempt = left_behind(services, record)
    try:
        settle.measure_output(services, attempt)
        assert attempt.measured is not None
        told = attempt.measured.rule is not ChargeRule.HANDED_OVER_UNKNOWN
        said = "its device was read again" if told else "its device tells nothing to be used, so that all is charged"
        attempt.notes.append(Note(services.clock(), "repaired", f"{why}; {said}"))
        services.ledger.settle(attempt.key, settle.settlement_of(attempt))
    finally:
        measuring.leave(services, attempt)


def impatient(settings: Settings, seconds: int) -> Settings:
    """The same settings, with no wait for a device that is longer."""
    queues = {
        name: replace(queue, measure_max_s=min(queue.measure_max_s, seconds))
        for name, queue in settings.queues.items()
    }
    defaults = replace(settings.defaults, measure_max_s=min(settings.defaults.measure_max_s, seconds))
    return replace(settings, defaults=defaults, queues=queues)
