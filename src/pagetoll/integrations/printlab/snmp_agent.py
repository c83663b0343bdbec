# SPDX-License-Identifier: Apache-2.0
"""A printer's SNMP agent, versions 1 and 2c: a UDP responder with a table of objects and the faults of real ones."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pagetoll.core.errors import ProtocolError
from pagetoll.integrations.printlab.running import Running
from pagetoll.wire import snmp
from pagetoll.wire.snmp import Binding, ErrorStatus, Kind, Message, Oid, Operation, Value, Version

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class AgentFaults:
    """What goes wrong: the first `lost` requests get no answer; before each right answer comes `noise`; with
    `wrong_id` every answer is one to another request; with `backward` GETNEXT always names the first object;
    `elsewhere` answers from another port; with `one_at_a_time` requests of several get tooBig."""

    lost: int = 0
    noise: tuple[bytes, ...] = ()
    wrong_id: bool = False
    backward: bool = False
    elsewhere: bool = False
    one_at_a_time: bool = False
    error_status: int = 0


#: A number (a Counter32), a value, or a function that gives one.
Shown = int | Value | Callable[[], Value | None]


class SnmpAgent(Running):
    """Answers on `address:port` (port 0: a free one) in a thread of its own until `stop`. `objects` may be changed
    while it runs. `awake` says whether it answers at all."""

    def __init__(
        self,
        objects: Mapping[Oid, Shown],
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        community: str = "public",
        faults: AgentFaults | None = None,
        awake: Callable[[], bool] = lambda: True,
    ) -> None:
        self.objects: dict[Oid, Shown] = dict(objects)
        self._awake = awake
        self._community = community.encode()
        self._faults = faults or AgentFaults()
        self._lost = self._faults.lost
        self._stopping = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(_POLL_S)
        self.address: str
        self.port: int
        self.address, self.port = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                octets, sender = self._socket.recvfrom(snmp.MESSAGE_OCTETS_MAX)
                request = snmp.decode(octets)
            except (TimeoutError, ProtocolError):
                continue
            if request.community != self._community or not self._awake():
                continue  # a real agent is silent too
            if self._lost > 0:
                self._lost -= 1
                continue
            for noise in self._faults.noise:
                self._socket.sendto(noise, sender)
            self._reply(snmp.encode(self._answer(request)), sender)

    def _reply(self, octets: bytes, sender: tuple[str, int]) -> None:
        if not self._faults.elsewhere:
            self._socket.sendto(octets, sender)
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((self.address, 0))
            other.sendto(octets, sender)

    def _answer(self, request: Message) -> Message:
        number = request.request_id ^ 1 if self._faults.wrong_id else request.request_id
        answer = replace(request, operation=Operation.RESPONSE, request_id=number)
        if self._faults.one_at_a_time and len(request.bindings) > 1:
            return replace(answer, error_status=ErrorStatus.TOO_BIG)
        if self._faults.error_status:
            return replace(answer, error_status=self._faults.error_status)
        found = []
        for place, asked in enumerate(request.bindings, 1):
            one = self._next(asked.oid) if request.operation is Operation.GET_NEXT else self._one(asked.oid)
            if one.value.is_missing and request.version is Version.V1:
                return replace(answer, error_status=ErrorStatus.NO_SUCH_NAME, error_index=place)
            found.append(one)
        return replace(answer, bindings=tuple(found))

    def _one(self, oid: Oid) -> Binding:
        value = self.objects.get(oid)
        value = value() if callable(value) else value
        value = Value(Kind.NO_SUCH_OBJECT) if value is None else value
        return Binding(oid, Value(Kind.COUNTER32, value) if isinstance(value, int) else value)

    def _next(self, oid: Oid) -> Binding:
        names = sorted(self.objects)
        later = names[:1] if self._faults.backward else [name for name in names if name > oid]
        return self._one(later[0]) if later else Binding(oid, Value(Kind.END_OF_MIB_VIEW))
