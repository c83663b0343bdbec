# SPDX-License-Identifier: Apache-2.0
"""Asking SNMP agents: values, missing objects, lost and foreign datagrams, agents that lead in circles."""

import socket

import pytest

from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable
from pagetoll.integrations import snmp_client
from pagetoll.integrations.printlab.snmp_agent import AgentFaults, SnmpAgent
from pagetoll.integrations.snmp_client import Agent
from pagetoll.wire import snmp
from pagetoll.wire.printer_mib import FIRST_MARKER, PRT_MARKER_LIFE_COUNT
from pagetoll.wire.snmp import Kind, Value, Version

LIFE_COUNT = (*PRT_MARKER_LIFE_COUNT, *FIRST_MARKER)
STATUS = snmp.oid_of("1.3.6.1.2.1.25.3.5.1.1.1")
ERRORS = snmp.oid_of("1.3.6.1.2.1.25.3.5.1.2.1")
OBJECTS = {LIFE_COUNT: 4294967295, STATUS: Value(Kind.INTEGER, 3), ERRORS: Value(Kind.OCTET_STRING, b"\x40")}
every_version = pytest.mark.parametrize("version", list(Version))


def at(agent: SnmpAgent, version: Version = Version.V1, **more: float) -> Agent:
    return Agent(agent.address, agent.port, version=version, timeout_s=more.get("timeout_s", 3), tries=3)


@every_version
def test_objects_are_read_in_one_request_and_missing_ones_are_told(version: Version):
    missing = snmp.oid_of("1.3.6.1.4.1")
    with SnmpAgent(OBJECTS) as agent:
        found = snmp_client.get(at(agent, version), (missing, LIFE_COUNT, STATUS, missing[:-1], ERRORS))
    assert found == {
        missing: None,
        missing[:-1]: None,
        LIFE_COUNT: Value(Kind.COUNTER32, 4294967295),
        STATUS: Value(Kind.INTEGER, 3),
        ERRORS: Value(Kind.OCTET_STRING, b"\x40"),
    }


@every_version
def test_an_agent_that_has_nothing_of_it_says_so(version: Version):
    with SnmpAgent({}) as agent:
        assert snmp_client.get(at(agent, version), (LIFE_COUNT, STATUS)) == {LIFE_COUNT: None, STATUS: None}


@pytest.mark.parametrize(
    "faults",
    [
        AgentFaults(lost=1),
        AgentFaults(lost=2),
        AgentFaults(noise=(b"", b"noise", b"\x30\x80", bytes(9000))),
        AgentFaults(noise=(snmp.encode(snmp.Message(Version.V1, b"", snmp.Operation.RESPONSE, 1, ())),)),
    ],
    ids=["one lost", "two lost", "noise", "an answer to somebody else"],
)
def test_lost_and_foreign_datagrams_do_no_harm(faults: AgentFaults):
    with SnmpAgent(OBJECTS, faults=faults) as agent:
        assert snmp_client.get(at(agent), (STATUS,)) == {STATUS: Value(Kind.INTEGER, 3)}


def test_an_answer_to_another_request_is_none():
    with SnmpAgent(OBJECTS, faults=AgentFaults(wrong_id=True)) as agent, pytest.raises(DeviceTimeout, match="SNMP"):
        snmp_client.get(at(agent, timeout_s=0.3), (STATUS,))


def test_an_answer_from_another_port_is_not_heard():
    with SnmpAgent(OBJECTS, faults=AgentFaults(elsewhere=True)) as agent, pytest.raises(DeviceTimeout, match="SNMP"):
        snmp_client.get(at(agent, timeout_s=0.3), (STATUS,))


def test_an_agent_that_takes_one_object_at_a_time_is_asked_so():
    missing = snmp.oid_of("1.3.6.1.4.1")
    with SnmpAgent(OBJECTS, faults=AgentFaults(one_at_a_time=True)) as agent:
        found = snmp_client.get(at(agent), (STATUS, missing, LIFE_COUNT, STATUS))
    assert found == {STATUS: OBJECTS[STATUS], missing: None, LIFE_COUNT: Value(Kind.COUNTER32, OBJECTS[LIFE_COUNT])}


def test_an_agent_that_does_not_say_which_object_is_missing_has_none():
    with SnmpAgent(OBJECTS, faults=AgentFaults(error_status=2)) as agent:
        assert snmp_client.get(at(agent), (STATUS, LIFE_COUNT)) == {STATUS: None, LIFE_COUNT: None}
        assert snmp_client.walk(at(agent), STATUS) == []


def test_a_wrong_community_is_met_with_silence():
    with SnmpAgent(OBJECTS, community="secret") as agent:
        with pytest.raises(DeviceTimeout, match="is the community right"):
            snmp_client.get(at(agent, timeout_s=0.3), (STATUS,))
        known = Agent(agent.address, agent.port, community="secret")
        assert snmp_client.get(known, (STATUS,))[STATUS] == Value(Kind.INTEGER, 3)


def test_an_error_that_names_no_object_is_a_refusal():
    with SnmpAgent(OBJECTS, faults=AgentFaults(error_status=5)) as agent:
        with pytest.raises(DeviceRefused, match="error 5"):
            snmp_client.get(at(agent), (STATUS,))
        with pytest.raises(DeviceRefused, match="error 5"):
            snmp_client.walk(at(agent), STATUS)


def test_a_closed_port_and_a_name_that_is_none_are_unreachable():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeviceUnreachable, match="switched on"):
        snmp_client.get(Agent("127.0.0.1", port), (STATUS,))
    for name in ("no-such-host.invalid", "a" * 300, ""):
        with pytest.raises((DeviceUnreachable, DeviceTimeout)):
            snmp_client.get(Agent(name, port, timeout_s=0.2), (STATUS,))


@every_version
def test_a_walk_finds_what_is_below_and_ends(version: Version):
    objects = {(*PRT_MARKER_LIFE_COUNT, 1, number): number * 100 for number in range(1, 4)}
    with SnmpAgent({**objects, STATUS: 3, (1, 3, 9): 1}) as agent:
        found = snmp_client.walk(at(agent, version), PRT_MARKER_LIFE_COUNT)
        assert [(one.oid[-1], one.value.number) for one in found] == [(1, 100), (2, 200), (3, 300)]
        assert snmp_client.walk(at(agent, version), (2, 1)) == []


def test_a_walk_in_circles_ends():
    with SnmpAgent({STATUS: 1}, faults=AgentFaults(backward=True)) as agent:
        assert len(snmp_client.walk(at(agent), STATUS[:-1])) == 1
