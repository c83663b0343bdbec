# SPDX-License-Identifier: Apache-2.0
"""A print shop with a laboratory printer that is measured."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.print_shop import Shop, pages
from app.thin_caller import Caller
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


def share_a_reading(shop: Shop, place: Machine) -> None:
    """A job of four pages jams, one of eight comes by another queue and does not wait for it; both end."""
    measured_by(shop, place, measure_wait_s=0)
    first = shop.hand_in(shop.job(uri=place.uri), pages(4))
    first.begin(place.backend)
    first.backend_ends()
    first.wait_for_word("STATE: +media-jam")
    second = shop.hand_in(shop.job(queue="hp2", uri=place.uri + "/?x=1"), pages(8))
    second.begin(place.backend)
    place.engine.clear()
    second.end()
    first.conclude()


def print_at_once(callers: Sequence[Caller], place: Machine) -> None:
    """All jobs begin together; none may fail."""
    threads = [threading.Thread(target=caller.print, args=(place.backend,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [caller.failure for caller in callers] == [""] * len(callers)
