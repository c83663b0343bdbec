# SPDX-License-Identifier: Apache-2.0
"""Does a printer tell its page counter, by SNMP or by PJL? Tried with short limits of time."""

from dataclasses import dataclass

from pagetoll.core.errors import DeviceError
from pagetoll.integrations import pjl_client, snmp_client
from pagetoll.integrations.pjl_client import PjlPrinter
from pagetoll.integrations.snmp_client import Agent
from pagetoll.wire.printer_mib import FIRST_MARKER, PRT_MARKER_LIFE_COUNT

TIMEOUT_S = 2.0
FIRST_COUNTER = (*PRT_MARKER_LIFE_COUNT, *FIRST_MARKER)


@dataclass(frozen=True, slots=True)
class NetworkProbe:
    """Asks real printers; `timeout_s` is for each question."""

    timeout_s: float = TIMEOUT_S
    snmp_port: int = snmp_client.PORT

    def counts_by_snmp(self, host: str) -> bool:
        """Whether its agent, with the community public, has the counter of the first marker."""
        agent = Agent(host, self.snmp_port, timeout_s=self.timeout_s, tries=2)
        try:
            value = snmp_client.get(agent, (FIRST_COUNTER,))[FIRST_COUNTER]
        except DeviceError:
            return False
        return value is not None and value.number is not None

    def counts_by_pjl(self, host: str, port: int) -> bool:
        """Whether it tells its counter on that port."""
        printer = PjlPrinter(host, port, connect_timeout_s=self.timeout_s, answer_timeout_s=self.timeout_s)
        try:
            return pjl_client.ask(printer).marker_life_count is not None
        except DeviceError:
            return False
