# SPDX-License-Identifier: Apache-2.0
"""A glance at a device now and then while a backend sends: whether it was at work.

A backend that waits for the device's last page leaves nothing to be seen afterwards, and a counter that stood still
then looks like a job that never came out.
"""

import threading

from pagetoll.core.errors import DeviceError, ProtocolError
from pagetoll.ports.devices import DeviceMeter

EVERY_S = 0.5


class Glances:
    """Looks in a thread of its own, from its making until `end` or until it has seen enough."""

    def __init__(self, meter: DeviceMeter) -> None:
        self._meter = meter
        self._ended = threading.Event()
        self._seen = False
        self._thread = threading.Thread(target=self._look, name="glances", daemon=True)
        self._thread.start()

    def end(self) -> bool:
        """Stop; whether the device was seen at work."""
        self._ended.set()
        self._thread.join()
        return self._seen

    def _look(self) -> None:
        while not self._seen and not self._ended.wait(EVERY_S):
            try:
                self._seen = self._meter.at_work()
            except (DeviceError, ProtocolError):
                continue  # what is wrong with it is told when it is read
