# SPDX-License-Identifier: Apache-2.0
"""Who prints on which device now, and which attempts of a job are alive.

No job starts on a device, whatever its queue, while the backend of another one is alive there: two would mix up
the device's counter, and a dead client's backend may still be sending.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pagetoll.core.jobs import AttemptKey


@dataclass(slots=True)
class LiveAttempt:
    """An attempt that this daemon drives. `printed` says, once it is over, whether its backend ended well."""

    key: AttemptKey
    over: threading.Event = field(default_factory=threading.Event)
    printed: bool = False


def device_of(device_uri: str) -> str:
    """The machine behind a device URI: without options and credentials."""
    base = device_uri.partition("?")[0]
    scheme, separator, rest = base.partition("://")
    if not separator:
        return base
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2].lower()}{slash}{path}"


class DeviceGate:
    """Knows the live attempts by job, and lets one backend at a time onto a device."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._by_device: dict[str, str] = {}
        self._live: dict[str, LiveAttempt] = {}
        #: device -> (pid, start time) of backends that an earlier daemon left behind; upkeep looks for them
        self.orphans: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def living(self, key: AttemptKey) -> Iterator[LiveAttempt]:
        """Register an attempt while it is driven; at its end it leaves its device."""
        live = LiveAttempt(key)
        with self._changed:
            self._live[key.nonce] = live
        try:
            yield live
        finally:
            with self._changed:
                self._live.pop(key.nonce, None)
                self.leave(key.nonce)
                live.over.set()
                self._changed.notify_all()

    def is_living(self, nonce: str) -> bool:
        with self._changed:
            return nonce in self._live

    def others_of_job(self, key: AttemptKey) -> list[LiveAttempt]:
        """Living attempts of the same job, without this one."""
        with self._changed:
            return [live for live in self._live.values() if live.key.job == key.job and live.key != key]

    def enter(self, device: str, nonce: str, wait_s: float) -> bool:
        """Take the device for an attempt; False when another backend still held it after `wait_s` seconds."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._by_device.get(device, nonce) == nonce, wait_s)
            if free:
                self._by_device[device] = nonce
            return free

    def leave(self, nonce: str) -> None:
        """The attempt's backend is over: its device is free, though the attempt is not."""
        with self._changed:
            self._by_device = {d: n for d, n in self._by_device.items() if n != nonce}
            self._changed.notify_all()

    def seize(self, device: str, nonce: str) -> None:
        """Take the device without waiting: an adopted backend is there already, or the longest wait is over."""
        with self._changed:
            self._by_device[device] = nonce
