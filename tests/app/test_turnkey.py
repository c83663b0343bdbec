# SPDX-License-Identifier: Apache-2.0
"""Which commands fill a ledger from a machine's queues and accounts, and which accounter suits a device URI."""

import shlex
from dataclasses import dataclass, field, replace

import pytest

from pagetoll.app.turnkey import (
    NAMES_PER_COMMAND,
    Account,
    AccountGroup,
    TurnkeyOrder,
    TurnkeyPlan,
    accounter_for,
    matching_queues,
    plan_turnkey,
)
from pagetoll.core.errors import UsageError

ACCOUNTS = [
    Account("root", 0, 0),
    Account("anna", 1000, 100),
    Account("bert", 1001, 1001),
    Account("carl", 2000, 100),
]
GROUPS = [
    AccountGroup("root", 0),
    AccountGroup("users", 100, ("bert", "gone")),
    AccountGroup("bert", 1001),
    AccountGroup("empty", 3000),
]
PRINTERS = "pkprinters --add --skipexisting --cups --description 'printer created from pkturnkey' -- hp laser"
NEW_USERS = "pkusers --add --skipexisting --limitby noquota --description 'user created from pkturnkey' --"
NEW_GROUPS = "pkusers --groups --add --skipexisting --limitby noquota --description 'group created from pkturnkey' --"
ENTRIES = "edpykota --add --skipexisting --noquota --printer hp,laser"
PEOPLE = TurnkeyOrder(users=True, uid_min=1000)


def plan(order: TurnkeyOrder, queues: tuple[str, ...] = ("hp", "laser")) -> TurnkeyPlan:
    return plan_turnkey(order, queues, ACCOUNTS, GROUPS)


def lines(order: TurnkeyOrder) -> list[str]:
    return [step.line for step in plan(order).steps]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (TurnkeyOrder(), [PRINTERS]),
        (
            TurnkeyOrder(users=True),
            [PRINTERS, f"{NEW_USERS} root anna bert carl", f"{ENTRIES} -- root anna bert carl"],
        ),
        (
            replace(PEOPLE, uid_max=1999),
            [PRINTERS, f"{NEW_USERS} anna bert", f"{ENTRIES} -- anna bert"],
        ),
        (
            replace(PEOPLE, groups=True),
            [
                PRINTERS,
                f"{NEW_GROUPS} users bert",
                f"{NEW_USERS} anna bert carl",
                "pkusers --ingroups users -- anna carl bert",
                "pkusers --ingroups bert -- bert",
                f"{ENTRIES} -- anna bert carl",
                f"{ENTRIES} --groups -- users bert",
            ],
        ),
        (
            replace(PEOPLE, uid_max=1000, groups=True, empty_groups=True, gid_min=100, gid_max=3000),
            [
                PRINTERS,
                f"{NEW_GROUPS} users bert empty",
                f"{NEW_USERS} anna",
                "pkusers --ingroups users -- anna",
                f"{ENTRIES} -- anna",
                f"{ENTRIES} --groups -- users bert empty",
            ],
        ),
        (replace(PEOPLE, uid_min=5000), [PRINTERS]),
    ],
    ids=["printers", "all users", "a range", "groups", "empty groups", "nobody"],
)
def test_the_commands_follow_from_the_order(order: TurnkeyOrder, expected: list[str]):
    assert lines(order) == expected


def test_names_that_the_ledger_does_not_take_are_left_out_with_a_remark():
    odd = [Account("a,b", 1, 1), Account("x\ny", 2, 2), Account("-f", 3, 3), Account("DOM\\eve o'neil", 4, 4)]
    whole = plan_turnkey(TurnkeyOrder(users=True), ["hp", "a/b"], odd, [])
    assert [shlex.split(step.line)[-2:] for step in whole.steps] == [["--", "hp"], *[["-f", "DOM\\eve o'neil"]] * 2]
    assert len(whole.remarks) == 3
    assert all("is left out: invalid" in remark for remark in whole.remarks)


def test_many_names_become_several_commands():
    many = [Account(f"u{number}", number, 0) for number in range(2 * NAMES_PER_COMMAND + 1)]
    steps = plan_turnkey(TurnkeyOrder(users=True), ["hp"], many, []).steps
    assert len(steps) == 1 + 3 + 3
    assert [name for step in steps[1:4] for name in step.words[step.words.index("--") + 1 :]] == [
        one.name for one in many
    ]


def test_without_a_printer_that_can_be_made_there_is_nothing_to_do():
    assert plan(TurnkeyOrder(users=True, groups=True), ("a@b",)).steps == ()


def test_queues_are_chosen_by_patterns():
    assert matching_queues(["hp1", "hp2", "laser"], ["hp*"]) == ["hp1", "hp2"]
    assert matching_queues(["hp1", "laser"], []) == ["hp1", "laser"]
    for names, patterns in ((["hp"], ["x*"]), ([], [])):
        with pytest.raises(UsageError, match="there is no queue that matches"):
            matching_queues(names, patterns)


@dataclass
class Network:
    """A network by script: who counts by SNMP, which ports answer PJL; `asked` is the order of questions."""

    snmp: frozenset[str] = frozenset()
    pjl: frozenset[int] = frozenset()
    asked: list[object] = field(default_factory=list)

    def counts_by_snmp(self, host: str) -> bool:
        self.asked.append(host)
        return host in self.snmp

    def counts_by_pjl(self, host: str, port: int) -> bool:
        self.asked.append(port)
        return bool(host) and port in self.pjl


@pytest.mark.parametrize(
    ("uri", "network", "accounter", "asked"),
    [
        ("socket://p1", Network(snmp=frozenset({"p1"})), "hardware(snmp)", ["p1"]),
        ("cupspykota:socket://p1:9100", Network(snmp=frozenset({"p1"})), "hardware(snmp)", ["p1"]),
        ("socket://p1", Network(pjl=frozenset({9100, 9101})), "hardware(pjl)", ["p1", 9100]),
        ("lpd://p1/queue", Network(pjl=frozenset({9101})), "hardware(pjl:9101)", ["p1", 9100, 9101]),
        ("socket://p1:9101", Network(pjl=frozenset({9100, 9101})), "hardware(pjl:9101)", ["p1", 9101]),
        ("ipp://p1:8631/ipp", Network(pjl=frozenset({8631})), "hardware(pjl:8631)", ["p1", 9100, 9101, 8631]),
        ("socket://[fe80::1]:3001", Network(pjl=frozenset({3001})), "hardware(pjl:3001)", ["fe80::1", 3001]),
        ("http://user:secret@p1/", Network(), "software()", ["p1", 9100, 9101]),
        ("ipps://p1", Network(snmp=frozenset({"p1"})), "software()", []),
        ("usb://HP/LaserJet?serial=1", Network(snmp=frozenset({"HP"})), "software()", []),
        ("dnssd://HP._ipp._tcp.local/", Network(), "software()", []),
        ("file:/dev/null", Network(), "software()", []),
        ("socket://p1:99999999", Network(), "software()", []),
        ("socket://[::1", Network(), "software()", []),
        ("", Network(), "software()", []),
    ],
)
def test_the_accounter_is_what_answers_first(uri: str, network: Network, accounter: str, asked: list[object]):
    assert accounter_for(uri, network) == accounter
    assert network.asked == asked
