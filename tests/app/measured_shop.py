# SPDX-License-Identifier: Apache-2.0
"""A print shop with a laboratory printer that is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.print_shop import Shop
from pagetoll.core.accounting import SnmpAccounter
from pagetoll.frontends.meters import open_meter
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent


@dataclass
class Machine:
    """A printer with its agent."""

    engine: PrintEngine
    agent: SnmpAgent

    @property
    def uri(self) -> str:
        return self.engine.device_uri

    @property
    def backend(self) -> str:
        """What a socket backend does, as a shell command."""
        return f"bash -c 'cat >/dev/tcp/{self.engine.address}/{self.engine.port}'"

    @property
    def accounter(self) -> SnmpAccounter:
        return SnmpAccounter(port=self.agent.port)


QUICK = {
    "noprintingmaxdelay_s": 3,
    "statusstabilizationloops": 2,
    "statusstabilizationdelay_s": 0.2,
    "measure_max_s": 25,
    "measure_wait_s": 10,
}


@contextmanager
def machine(
    habits: EngineHabits | None = None, address: str = "127.0.0.1", serial: str = "LAB1"
) -> Iterator[Machine]:
    with (
        PrintEngine(habits=habits, address=address) as engine,
        SnmpAgent(engine.objects(serial=serial), address=address, awake=lambda: engine.powered) as agent,
    ):
        yield Machine(engine, agent)


def measured_by(shop: Shop, place: Machine, **options: object) -> None:
    shop.limits(soft=1000, hard=1000)
    shop.queue(**{"accounter": place.accounter, **QUICK, **options})
    commands = shop.services.commands
    shop.services = replace(shop.services, meter_of=lambda uri, queue: open_meter(uri, queue, commands))
