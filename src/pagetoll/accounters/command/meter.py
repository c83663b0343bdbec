# SPDX-License-Identifier: Apache-2.0
"""A device's counter by a command of the site (PyKota's hardware(command)): the first whole number that it prints.
The command itself waits until the device is at rest; it is stopped after `measure_max_s`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from pagetoll.core.errors import DeviceRefused, DeviceTimeout
from pagetoll.core.messages import _
from pagetoll.core.readings import Reading
from pagetoll.core.site_commands import SiteCommand
from pagetoll.ports import Interrupted, SiteCommands
from pagetoll.ports.devices import DeviceIdentity, MeterLimits, Wait

_NUMBER = re.compile(r"(?<![\w.+-])\d{1,18}(?![\w.])")


def first_number(lines: list[str]) -> int | None:
    """The first whole number in the lines of a command's output; None where there is none."""
    found = next((match for line in lines if (match := _NUMBER.search(line))), None)
    return int(found[0]) if found else None


class CommandMeter:
    """See `ports.DeviceMeter`. `address_of` finds the device's address; it raises DeviceError."""

    def __init__(
        self,
        commands: SiteCommands,
        command: SiteCommand,
        host: str,
        address_of: Callable[[], str],
        limits: MeterLimits,
    ) -> None:
        self._commands = commands
        self._command = command
        self._host = host
        self._address_of = address_of
        self._limits = limits

    def identity(self) -> DeviceIdentity:
        return DeviceIdentity(self._address_of())

    def at_work(self) -> bool:
        return False  # the command waits until it is at rest

    def before(self, wait: Wait) -> Reading:
        return self._read(wait)

    def after(self, _before: Reading, wait: Wait) -> Reading:
        """The device may have moved without anybody having seen it: only its counter tells."""
        return self._read(wait)

    def _read(self, wait: Wait) -> Reading:
        wait.say("INFO: " + _("Waiting for the page counter of {device}").format(device=self._host))
        values = {"printer": self._host}
        end = self._commands.run(
            self._command.argv(values),
            {**wait.variables(), "PYKOTAPRINTERHOSTNAME": self._host},
            timeout_s=self._limits.measure_max_s,
            interrupted=wait.interrupted,
        )
        if end.interrupted:
            raise Interrupted
        number = first_number(end.lines)
        if end.timed_out:
            raise DeviceTimeout(_("the command “{command}”: {why}").format(command=self._command, why=end.trouble))
        if number is None:
            said = _("the command “{command}” printed no page counter: {why}")
            raise DeviceRefused(said.format(command=self._command, why=end.trouble or _("there was no number")))
        return Reading(at=datetime.now(UTC), impressions=number, media_sheets=None, source="command")
