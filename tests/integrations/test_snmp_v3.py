# SPDX-License-Identifier: Apache-2.0
"""SNMP version 3 against net-snmp's agent: users with and without privacy, wrong passwords, and who is unknown."""

import importlib.util
import os
import shutil
from collections.abc import Iterator

import pytest

from pagetoll.core.accounting import SnmpUser
from pagetoll.core.errors import DeviceError, DeviceRefused, UsageError
from pagetoll.integrations import snmp_client
from pagetoll.integrations.printlab import processes
from pagetoll.integrations.snmp_client import Agent
from pagetoll.wire import snmp

SNMPD = shutil.which("snmpd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
HAS_LIBRARY = importlib.util.find_spec("gufo") is not None
pytestmark = pytest.mark.skipif(not HAS_LIBRARY, reason="gufo-snmp is not installed")
SYSTEM = snmp.oid_of("1.3.6.1.2.1.1")
NAME, LOCATION = (*SYSTEM, 5, 0), (*SYSTEM, 6, 0)
MISSING = snmp.oid_of("1.3.6.1.2.1.43.10.2.1.4.1.1")
HIDDEN = SnmpUser("hidden", "authpass123", "SHA", "privpass123", "AES")
PROVEN = SnmpUser("proven", "authpass123", "SHA256")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """net-snmp's agent on a free port."""
    assert SNMPD is not None
    assert SNMPD is not None, "the Debian package snmpd is missing; make test installs it"
    folder = tmp_path_factory.mktemp("snmpd")
    port = processes.free_port()
    (folder / "snmpd.conf").write_text(
        "createUser hidden SHA authpass123 AES privpass123\ncreateUser proven SHA-256 authpass123\n"
        "rouser hidden priv\nrouser proven auth\nsysName printer ü\nsysLocation second floor\n"
    )
    words = [SNMPD, "-f", "-C", "-c", str(folder / "snmpd.conf"), "-Lf", str(folder / "log"), "-I", "-smux"]
    daemon = processes.Daemon(
        [*words, f"udp:127.0.0.1:{port}"],
        log=folder / "output",
        environment=os.environ | {"SNMP_PERSISTENT_DIR": str(folder)},
    )
    found = Agent("127.0.0.1", port, user=HIDDEN, timeout_s=5)
    daemon.start(lambda: answers(found))
    yield found
    daemon.stop()


def answers(agent: Agent) -> bool:
    try:
        return snmp_client.get(agent, (NAME,))[NAME] is not None
    except DeviceError:
        return False


def as_user(agent: Agent, user: SnmpUser, timeout_s: float = 5) -> Agent:
    return Agent(agent.host, agent.port, user=user, timeout_s=timeout_s, tries=2)


@pytest.mark.parametrize("user", [HIDDEN, PROVEN], ids=lambda user: user.name)
def test_objects_are_read_and_missing_ones_told(agent: Agent, user: SnmpUser):
    found = snmp_client.get(as_user(agent, user), (NAME, MISSING, LOCATION))
    assert {oid: value and value.content for oid, value in found.items()} == {
        NAME: "printer ü".encode(),
        MISSING: None,
        LOCATION: b"second floor",
    }


def test_a_walk_stays_below_its_root_and_ends(agent: Agent):
    found = snmp_client.walk(agent, SYSTEM)
    assert [one.oid for one in found] == sorted({one.oid for one in found})
    assert {NAME, LOCATION} <= {one.oid for one in found}
    assert all(one.oid[: len(SYSTEM)] == SYSTEM for one in found)
    assert snmp_client.walk(agent, MISSING) == []


@pytest.mark.parametrize(
    "user",
    [
        SnmpUser("hidden", "wrongpass123", "SHA", "privpass123", "AES"),
        SnmpUser("hidden", "authpass123", "SHA", "wrongpass123", "AES"),
        SnmpUser("hidden", "authpass123", "SHA"),
        SnmpUser("nobody-known", "authpass123"),
        SnmpUser("proven"),
    ],
    ids=["wrong password", "wrong privacy password", "not hidden", "unknown", "without password"],
)
def test_who_may_not_gets_an_error(agent: Agent, user: SnmpUser):
    with pytest.raises(DeviceError) as raised:
        snmp_client.get(as_user(agent, user, timeout_s=1), (NAME,))
    assert "pass123" not in str(raised.value)


@pytest.mark.parametrize(
    "user",
    [
        SnmpUser("anna", "authpass123", "SHA3"),
        SnmpUser("anna", "authpass123", "SHA", "privpass123", "ROT13"),
        SnmpUser("anna", "", "SHA", "privpass123"),
    ],
    ids=["unknown authentication", "unknown privacy", "privacy alone"],
)
def test_a_user_that_cannot_be_one_is_refused_before_anything_is_sent(user: SnmpUser):
    with pytest.raises(UsageError):
        snmp_client.get(Agent("127.0.0.1", processes.free_port(), user=user), (NAME,))


def test_nobody_there_is_an_error_and_no_password_is_shown():
    agent = Agent("127.0.0.1", processes.free_port(), user=HIDDEN, timeout_s=0.4, tries=2)
    with pytest.raises(DeviceError) as raised:
        snmp_client.get(agent, (NAME,))
    assert not isinstance(raised.value, DeviceRefused)
    assert "pass123" not in f"{raised.value} {agent!r}"
