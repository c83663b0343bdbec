# SPDX-License-Identifier: Apache-2.0
"""Asking SNMP agents over UDP: some objects in one request, or all objects below one (RFC 1157 §4, RFC 3416 §4.2).
Versions 1 and 2c are spoken here; an agent with a `user` is asked in version 3, by `snmp_v3`.

Each call has a socket of its own, which the kernel keeps to the agent's address, and random request ids; what
comes with another id, or is no SNMP, is passed over. A lost datagram is asked again; the time is the caller's.
"""

import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pagetoll.core.accounting import SnmpUser
from pagetoll.core.errors import DeviceError, DeviceRefused, DeviceTimeout, DeviceUnreachable, ProtocolError
from pagetoll.core.messages import _
from pagetoll.integrations import snmp_v3
from pagetoll.integrations.snmp_v3 import SecureAgent
from pagetoll.wire import snmp
from pagetoll.wire.snmp import Binding, ErrorStatus, Message, Oid, Operation, Value, Version

PORT = 161
COMMUNITY = "public"
TIMEOUT_S = 2.0
TRIES = 3
WALK_OBJECTS_MAX = 1000
WALK_TIMEOUT_S = 30.0

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Agent:
    """Whom to ask and how long: `timeout_s` is for the whole request, `tries` datagrams are spread over it. With a
    `user`, version 3 is spoken, whatever `version` and `community` say."""

    host: str
    port: int = PORT
    community: str = COMMUNITY
    version: Version = Version.V1
    timeout_s: float = TIMEOUT_S
    tries: int = TRIES
    user: SnmpUser | None = None


def get(agent: Agent, oids: tuple[Oid, ...]) -> dict[Oid, Value | None]:
    """The values of these objects, None for each that the agent does not have.

    Raises DeviceUnreachable, DeviceTimeout, and DeviceRefused for an error that names no missing object.
    """
    if agent.user is not None:
        return snmp_v3.get(_secured(agent, agent.user), oids)
    with _Talk(agent) as talk:
        found = _present(talk, agent, list(dict.fromkeys(oids)))
    return {oid: found.get(oid) for oid in oids}


def _present(talk: "_Talk", agent: Agent, wanted: list[Oid]) -> dict[Oid, Value]:
    """Those of the objects that the agent has."""
    while wanted:
        answer = talk.ask(Operation.GET, tuple(wanted))
        missing = answer.error_status == ErrorStatus.NO_SUCH_NAME
        # In version 1 one missing object spoils the whole answer; it is named by its place.
        if missing and 1 <= answer.error_index <= len(wanted):
            del wanted[answer.error_index - 1]
        elif answer.error_status != ErrorStatus.NO_ERROR and len(wanted) > 1:
            # Too much for one datagram, or an agent that does not say which object it means: one by one.
            return {key: value for one in wanted for key, value in _present(talk, agent, [one]).items()}
        elif missing:
            break
        else:
            _refuse_error(agent, answer)
            return {one.oid: one.value for one in answer.bindings if not one.value.is_missing}
    return {}


def walk(agent: Agent, root: Oid) -> list[Binding]:
    """All objects below `root`, in their order, at most WALK_OBJECTS_MAX and what comes within WALK_TIMEOUT_S.

    Raises the DeviceError kinds of `get`.
    """
    until_s = time.monotonic() + WALK_TIMEOUT_S
    if agent.user is not None:
        secured = _secured(agent, agent.user)
        return [Binding(*row) for row in snmp_v3.walk(secured, root, WALK_OBJECTS_MAX, until_s)]
    found: list[Binding] = []
    last = root
    with _Talk(agent) as talk:
        while len(found) < WALK_OBJECTS_MAX and time.monotonic() < until_s:
            answer = talk.ask(Operation.GET_NEXT, (last,))
            if answer.error_status == ErrorStatus.NO_SUCH_NAME or not answer.bindings:
                break
            _refuse_error(agent, answer)
            one = answer.bindings[0]
            # an agent that does not go forward would hold us for ever
            if one.value.is_missing or one.oid[: len(root)] != root or one.oid <= last:
                break
            found.append(one)
            last = one.oid
    return found


def _secured(agent: Agent, user: SnmpUser) -> SecureAgent:
    """The same agent for version 3, by its address."""
    address = str(_addresses(agent)[0][4][0])
    return SecureAgent(address, agent.port, user, agent.timeout_s, agent.tries)


def _refuse_error(agent: Agent, answer: Message) -> None:
    if answer.error_status != ErrorStatus.NO_ERROR:
        raise DeviceRefused(
            _("the SNMP agent of {host} answered with error {number}").format(
                host=agent.host, number=answer.error_status
            )
        )


class _Talk:
    """A socket that hears only the agent, for the requests of one call."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._socket = _connected(agent)

    def __enter__(self) -> "_Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, operation: Operation, oids: tuple[Oid, ...]) -> Message:
        """The answer to one request, sent again when it is lost."""
        agent = self._agent
        request_id = secrets.randbelow(2**31 - 1) + 1
        request = Message(
            agent.version, agent.community.encode(), operation, request_id, tuple(Binding(oid) for oid in oids)
        )
        octets = snmp.encode(request)
        try:
            for _number in range(agent.tries):
                self._socket.send(octets)
                answer = self._hear(request, time.monotonic() + agent.timeout_s / agent.tries)
                if answer is not None:
                    return answer
        except OSError as error:
            raise _unreachable(agent, error) from error
        raise DeviceTimeout(
            _(
                "{host} port {port} does not answer SNMP within {seconds:g} s; is SNMP switched on there, and is the "
                "community right?"
            ).format(host=agent.host, port=agent.port, seconds=agent.timeout_s)
        )

    def _hear(self, request: Message, until_s: float) -> Message | None:
        while (left_s := until_s - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                octets = self._socket.recv(snmp.MESSAGE_OCTETS_MAX)
                answer = snmp.decode(octets)
            except TimeoutError:
                return None
            except ProtocolError:  # not from an agent, or a damaged one: the right answer may still come
                continue
            if (answer.operation, answer.request_id) == (Operation.RESPONSE, request.request_id):
                return answer
        return None


def _connected(agent: Agent) -> socket.socket:
    fault: DeviceError | None = None
    for family, kind, protocol, _name, address in _addresses(agent):
        made = socket.socket(family, kind, protocol)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            fault = _unreachable(agent, error)
            continue
        return made
    raise fault or DeviceUnreachable(_("{host} has no address; check the device URI").format(host=agent.host))


def _addresses(agent: Agent) -> Sequence[_Address]:
    try:
        return socket.getaddrinfo(agent.host, agent.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise _unreachable(agent, error) from error


def _unreachable(agent: Agent, error: Exception) -> DeviceUnreachable:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return DeviceUnreachable(
        _("{host} port {port} cannot be asked by SNMP: {why}; is it switched on, is the name right?").format(
            host=agent.host, port=agent.port, why=why
        )
    )


@dataclass(frozen=True, slots=True)
class AgentQuestions:
    """One agent to be asked again and again, as meters do."""

    agent: Agent

    @property
    def host(self) -> str:
        return self.agent.host

    @property
    def address(self) -> str:
        """The address that its name leads to. Raises DeviceUnreachable."""
        return str(_addresses(self.agent)[0][4][0])

    def get(self, oids: tuple[Oid, ...]) -> dict[Oid, Value | None]:
        return get(self.agent, oids)

    def walk(self, root: Oid) -> list[Binding]:
        return walk(self.agent, root)
