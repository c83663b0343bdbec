# SPDX-License-Identifier: Apache-2.0
"""Waiting for a device: until it is at rest before a job, and until it has marked what a job sent it.

A device is at rest when several answers in a row say idle and its counter stands. After a job it also has to have
begun: it was seen at work, its counter has moved, or long enough nothing happened. What is in the way (no paper, an
open door, no answer) starts all of that anew, is said to the spooler, and is asked about ever more seldom, for it may
last. Every wait ends after `measure_max_s`, or when it is given up.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from pagetoll.core.errors import DeviceError, DeviceRefused, DeviceTimeout, ProtocolError
from pagetoll.core.messages import _
from pagetoll.core.readings import Reading
from pagetoll.ports import Interrupted
from pagetoll.ports.devices import MeterLimits, Wait

SLICE_S = 0.1
SAY_EVERY_S = 30.0
PAUSE_MOST_S = 30.0
#: Answers that are none, in a row and from the first: then it is no device that this accounter can ask.
REFUSALS_MOST = 5


class Activity(Enum):
    """What a device does."""

    IDLE = "idle"
    PRINTING = "printing"
    STOPPED = "stopped"  # neither: something is in the way


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a device. `troubles` are what is in the way, by name; `reasons` the same as IPP
    printer-state-reasons. `under_way`: what it told by itself of jobs, that one is on its way or is over."""

    reading: Reading
    activity: Activity
    troubles: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    under_way: bool | None = None


@dataclass(slots=True)
class _Course:
    """What has been seen so far."""

    idle_answers: int = 0
    quiet_since_s: float = 0.0
    at_work: bool = False
    last: Reading | None = None
    why: str = ""
    under_way: bool = False  # by its own telling; then it is asked with more patience
    troubled: int = 0  # answers in a row that told of trouble
    refusals_most: int = 0  # after so many refusals without any answer it is given up; 0: never


class RestWatch:
    """Waits for one device. `ask` gives an answer or raises DeviceError; `name` is what people call the device;
    `late_s` is how long it may keep its counter back; `pause` lets seconds go by."""

    def __init__(
        self,
        ask: Callable[[], Sample],
        name: str,
        limits: MeterLimits,
        late_s: float = 0.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ask = ask
        self._name = name
        self._limits = limits
        self._late_s = late_s
        self._go_by = pause

    def before(self, wait: Wait) -> Reading:
        """The reading at rest, before a job. Raises DeviceTimeout, Interrupted."""
        needed = 1 if self._limits.skipinitialwait else self._limits.statusstabilizationloops
        return self._until(wait, lambda course, _reading: course.idle_answers >= needed)

    def after(self, before: Reading, wait: Wait) -> Reading:
        """The reading at rest, after a job. Raises DeviceTimeout, Interrupted."""
        expected = wait.expected_impressions
        loops = self._limits.statusstabilizationloops
        delay_s = self._limits.noprintingmaxdelay_s

        def done(course: _Course, reading: Reading) -> bool:
            if course.idle_answers < loops:
                return False
            quiet_s = time.monotonic() - course.quiet_since_s
            marked = _marked(before, reading)
            if expected == 0 or (expected is not None and marked >= expected):
                return True
            if marked and course.under_way and quiet_s < delay_s:
                return False  # a page came out, and nobody said that it was the last one
            if marked:
                # Less than expected came out; a counter that is shown late would move again within this time.
                return course.idle_answers >= 2 * loops and quiet_s >= self._late_s
            return 0 < delay_s <= quiet_s and quiet_s >= self._late_s

        course = _Course()
        reading = self._until(wait, done, course)
        return replace(reading, moved=course.at_work)

    def _until(self, wait: Wait, done: Callable[[_Course, Reading], bool], course: _Course | None = None) -> Reading:
        course = course or _Course(refusals_most=REFUSALS_MOST)
        begun_s = course.quiet_since_s = time.monotonic()
        telling = _Telling(wait, self._name)
        try:
            while True:
                self._observe(course, telling)
                if course.last is not None and not course.why and done(course, course.last):
                    return course.last
                left_s = begun_s + self._limits.measure_max_s - time.monotonic()
                if left_s <= 0:
                    raise self._late(course)
                self._pause(wait, min(left_s, self._pause_s(course)))
        finally:
            telling.end()

    def _observe(self, course: _Course, telling: "_Telling") -> None:
        """Take one answer into account."""
        try:
            sample = self._ask()
        except (DeviceError, ProtocolError) as error:
            self._troubled(course, str(error))
            refused = isinstance(error, DeviceRefused) and course.last is None
            if refused and course.troubled == course.refusals_most:
                raise
            telling.tell(_("it does not answer: {why}").format(why=error), ())
            return
        moved = course.last is not None and _counters(course.last) != _counters(sample.reading)
        course.last = sample.reading
        if sample.under_way is not None:
            course.under_way = sample.under_way
        if sample.troubles or sample.activity is Activity.STOPPED:
            why = ", ".join(sample.troubles) or sample.reading.state
            self._troubled(course, why)
            telling.tell(why, sample.reasons)
            return
        course.why, course.troubled = "", 0
        if sample.activity is Activity.PRINTING or moved:
            course.at_work = course.at_work or sample.activity is Activity.PRINTING
            course.idle_answers, course.quiet_since_s = 0, time.monotonic()
            telling.tell(_("it is at work"), ())
            return
        course.idle_answers += 1

    def _troubled(self, course: _Course, why: str) -> None:
        course.why, course.idle_answers, course.quiet_since_s = why, 0, time.monotonic()
        course.troubled += 1

    def _pause_s(self, course: _Course) -> float:
        delay_s = self._limits.statusstabilizationdelay_s
        return min(delay_s * 2.0 ** min(max(course.troubled - 3, 0), 20), max(PAUSE_MOST_S, delay_s))

    def _pause(self, wait: Wait, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while True:
            if wait.interrupted():
                raise Interrupted
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return
            self._go_by(min(SLICE_S, left_s))

    def _late(self, course: _Course) -> DeviceTimeout:
        why = course.why or (_("it is still at work") if course.last is not None else _("it does not answer"))
        said = _("{device} did not come to rest within {seconds:g} s ({why}); look at it, then see: pagetoll explain")
        return DeviceTimeout(said.format(device=self._name, seconds=self._limits.measure_max_s, why=why))


class _Telling:
    """Tells the spooler what is waited for: at each change, and every half minute."""

    def __init__(self, wait: Wait, name: str) -> None:
        self._wait = wait
        self._name = name
        self._said = ""
        self._reasons: tuple[str, ...] = ()
        self._next_s = 0.0

    def tell(self, why: str, reasons: tuple[str, ...]) -> None:
        self._set_reasons(reasons)
        now_s = time.monotonic()
        if why != self._said or now_s >= self._next_s:
            self._said, self._next_s = why, now_s + SAY_EVERY_S
            self._wait.say("INFO: " + _("Waiting for {device}: {why}").format(device=self._name, why=why))

    def end(self) -> None:
        self._set_reasons(())

    def _set_reasons(self, reasons: tuple[str, ...]) -> None:
        for sign, changed in (("-", set(self._reasons) - set(reasons)), ("+", set(reasons) - set(self._reasons))):
            if changed:
                self._wait.say(f"STATE: {sign}{','.join(sorted(changed))}")
        self._reasons = reasons


def _counters(reading: Reading) -> tuple[int | None, int | None]:
    return reading.impressions, reading.media_sheets


def _marked(before: Reading, now: Reading) -> int:
    """By how much a counter has moved, in its own unit; a sheet holds at most two impressions."""
    if before.impressions is not None and now.impressions is not None:
        return now.impressions - before.impressions
    if before.media_sheets is not None and now.media_sheets is not None:
        return now.media_sheets - before.media_sheets
    return 0
