# SPDX-License-Identifier: Apache-2.0
"""Trying what a printer answers, and the machine's accounts by number and name."""

import grp
import os
import pwd

import pytest

from pagetoll.core.errors import UsageError
from pagetoll.integrations import system_accounts
from pagetoll.integrations.counter_probe import FIRST_COUNTER, NetworkProbe
from pagetoll.integrations.printlab.pjl_printer import PjlHabits, PjlPrinter
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.wire.snmp import Kind, Value


@pytest.mark.parametrize(
    ("objects", "counts"),
    [
        ({FIRST_COUNTER: 5}, True),
        ({FIRST_COUNTER: 0}, True),
        ({FIRST_COUNTER: Value(Kind.OCTET_STRING, b"5")}, False),
        ({(1, 3, 6): 1}, False),
    ],
    ids=["counts", "is new", "says no number", "has no marker"],
)
def test_an_agent_counts_when_it_has_the_first_markers_counter(objects: dict[tuple[int, ...], int], counts: bool):
    with SnmpAgent(objects) as agent:
        assert NetworkProbe(1.0, agent.port).counts_by_snmp(agent.address) is counts


def test_a_silent_agent_and_a_wrong_community_do_not_count():
    with SnmpAgent({FIRST_COUNTER: 5}, community="other") as agent:
        assert not NetworkProbe(0.2, agent.port).counts_by_snmp(agent.address)
    assert not NetworkProbe(0.2, agent.port).counts_by_snmp(agent.address)


@pytest.mark.parametrize(
    ("habits", "counts"),
    [(PjlHabits(), True), (PjlHabits(says=b"?\r\n\x0c"), False), (PjlHabits(hangs_up=True), False)],
)
def test_a_printer_counts_when_it_tells_its_counter(habits: PjlHabits, counts: bool):
    with PjlPrinter(marker_life_count=7, habits=habits) as printer:
        assert NetworkProbe(0.5).counts_by_pjl(printer.address, printer.port) is counts


def test_accounts_are_read_from_the_machine():
    me = pwd.getpwuid(os.getuid())
    assert (me.pw_name, me.pw_uid, me.pw_gid) in system_accounts.all_users()
    group = grp.getgrgid(0)
    assert (group.gr_name, 0, tuple(group.gr_mem)) in system_accounts.all_groups()
    assert system_accounts.uid_of(me.pw_name) == system_accounts.uid_of(str(me.pw_uid)) == me.pw_uid
    assert system_accounts.gid_of(group.gr_name) == system_accounts.gid_of("0") == 0


@pytest.mark.parametrize("text", ["no-such-name-here", "", "-1", "1e3", "4294967296", "٣", "a\0b"])
def test_what_names_no_account_is_refused(text: str):
    for number_of in (system_accounts.uid_of, system_accounts.gid_of):
        with pytest.raises(UsageError):
            number_of(text)
