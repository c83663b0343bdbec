# SPDX-License-Identifier: Apache-2.0
"""Accounters in pagetoll.toml, and what is said of a wrong one."""

import pytest

from pagetoll.config.load import parse
from pagetoll.core.accounting import (
    Accounter,
    CommandAccounter,
    InkAccounter,
    InkSpace,
    IppAccounter,
    PjlAccounter,
    SnmpAccounter,
    SnmpUser,
    SoftwareAccounter,
)
from pagetoll.core.errors import ConfigError
from pagetoll.core.site_commands import SiteCommand

WORDS = SiteCommand(words=("/bin/counter", "%(printer)s"))


@pytest.mark.parametrize(
    ("text", "accounter"),
    [
        ('"software()"', SoftwareAccounter()),
        ('"ink(cmyk, 150)"', InkAccounter(InkSpace.CMYK, 150)),
        ('"hardware(snmp)"', SnmpAccounter()),
        ('"hardware(snmp:secret)"', SnmpAccounter("secret")),
        ('"hardware(pjl:9101)"', PjlAccounter(9101)),
        ('"ipp()"', IppAccounter()),
        ('{ hardware = ["/bin/counter", "%(printer)s"] }', CommandAccounter(WORDS)),
        ("{ pjl = {} }", PjlAccounter()),
        ("{ pjl = { port = 9101, ustatus = false } }", PjlAccounter(9101, ustatus=False)),
        ("{ snmp = {} }", SnmpAccounter()),
        ('{ snmp = { version = "2c", community = "c", port = 1161 } }', SnmpAccounter("c", "2c", 1161)),
        ('{ snmp = { user = "u" } }', SnmpAccounter("public", "3", 161, SnmpUser("u"))),
        (
            (
                '{ snmp = { version = "3", user = "u", password = "p", authentication = "SHA256", '
                'privacy_password = "q", privacy = "AES256" } }'
            ),
            SnmpAccounter("public", "3", 161, SnmpUser("u", "p", "SHA256", "q", "AES256")),
        ),
    ],
)
def test_an_accounter_is_read(text: str, accounter: Accounter) -> None:
    assert parse(f"accounter = {text}", "file").defaults.accounter == accounter


@pytest.mark.parametrize(
    "text",
    [
        '"hardware()"',
        '"hardware(snmp"',
        '"hardware snmp)"',
        '"hardware(snmp))"',
        '"ink(cmyk"',
        '"software"',
        '"ipp(9)"',
        '"hardware(pjl:0)"',
        "{ pjl = { port = 0 } }",
        "{ pjl = { port = true } }",
        '{ pjl = { ustatus = "no" } }',
        "{ pjl = { community = 1 } }",
        '{ snmp = { version = "4" } }',
        '{ snmp = { version = "3" } }',
        '{ snmp = { version = "2c", user = "u" } }',
        '{ snmp = { password = "p" } }',
        '{ snmp = { user = "u", authentication = "ROT13" } }',
        '{ snmp = { user = "u", privacy = "none" } }',
        "{ snmp = { port = 0 } }",
        "{ snmp = { port = true } }",
        '{ snmp = { comunity = "c" } }',
        "{ snmp = { community = 5 } }",
        '{ snmp = "public" }',
        "{ snmp = {}, hardware = [] }",
    ],
)
def test_a_wrong_accounter_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="accounter"):
        parse(f"accounter = {text}", "file")


def test_a_password_is_not_shown() -> None:
    shown = repr(parse('accounter = { snmp = { user = "u", password = "hush", privacy_password = "hush" } }', "f"))
    assert "hush" not in shown
