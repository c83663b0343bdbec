# SPDX-License-Identifier: Apache-2.0
"""pkturnkey and pkhint, run as programs beside a private scheduler, an SNMP agent and PJL printers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.feeding import feed
from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Done, Site, module_of
from pagetoll.app.turnkey import SOFTWARE
from pagetoll.integrations.counter_probe import FIRST_COUNTER
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.pjl_printer import PjlPrinter
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent

PROGRAM = "pkturnkey"
# An address of its own, where nothing else listens on the ports that are fixed.
NOWHERE = "127.71.9.1"
WITH_SNMP = "127.71.9.2"
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root may change the queues of the scheduler")
PRINTERS = "pkprinters --add --skipexisting --cups --description 'printer created from pkturnkey' -- laser other"
NEW = "--add --skipexisting --limitby noquota --description"
HEAD = "#!/bin/sh\n# Nothing was done: these are the commands; add --force to run them.\n"


@pytest.fixture
def spooler(site: Site, cups: PrivateCups) -> PrivateCups:
    """A scheduler with our backend and the queues `laser` and `other`."""
    installed = site.run(
        "pagetoll", "cups", "install", "--backend-dir", str(cups.backend_dir), CUPS_SERVER=cups.server
    )
    assert installed.status == 0, installed.err
    for name in ("laser", "other"):
        cups.run("lpadmin", f"-p{name}", "-E", f"-vsocket://{NOWHERE}:9100", "-mraw")
    return cups


def turnkey(site: Site, cups: PrivateCups, *words: str, user: str = "") -> Done:
    return site.run(PROGRAM, *words, user=user, CUPS_SERVER=cups.server)


def uris(cups: PrivateCups) -> dict[str, str]:
    return dict(re.findall(r"^device for (\S+): (.*)$", cups.run("lpstat", "-v"), re.MULTILINE))


@needs_root
def test_without_force_the_commands_are_only_shown(site: Site, spooler: PrivateCups):
    before = uris(spooler)
    assert turnkey(site, spooler) == Done(0, f"{HEAD}{PRINTERS}\n", "")
    done = turnkey(site, spooler, "-u", "0", "-U", "root", "-G", "0", "las*")
    assert done.out.splitlines()[2:] == [
        PRINTERS.removesuffix(" other"),
        f"pkusers --groups {NEW} 'group created from pkturnkey' -- root",
        f"pkusers {NEW} 'user created from pkturnkey' -- root",
        "pkusers --ingroups root -- root",
        "edpykota --add --skipexisting --noquota --printer laser -- root",
        "edpykota --add --skipexisting --noquota --printer laser --groups -- root",
    ]
    assert uris(spooler) == before
    for program, word in (("pkprinters", "-l"), ("pkusers", "-L")):
        assert site.run(program, word).status == 254


@needs_root
def test_with_force_printers_users_and_groups_are_made_and_queues_led_through_us(site: Site, spooler: PrivateCups):
    words = ("-f", "-U", "root", "-G", "0")
    first = turnkey(site, spooler, *words)
    assert (first.status, first.err) == (0, "")
    assert uris(spooler) == dict.fromkeys(("laser", "other"), f"cupspykota:socket://{NOWHERE}:9100")
    assert "laser [printer created from pkturnkey] (0.0 + #*0.0)\n" in site.do("pkprinters", "-l")
    assert "root - <root@localhost> - user created from pkturnkey\n    Limited by : noquota\n" in site.do(
        "pkusers", "-L"
    )
    assert "root - group created from pkturnkey\n    Limited by : noquota\n" in site.do("pkusers", "-L", "-g")
    listing = site.do("edpykota", "-L")
    assert re.findall(r"^\S.*", listing, re.MULTILINE) == ["root@laser", "root@other"]
    assert re.findall(r"^\S.*", site.do("edpykota", "-L", "-g"), re.MULTILINE) == ["root@laser", "root@other"]
    assert (turnkey(site, spooler, *words), site.do("edpykota", "-L")) == (first, listing)
    assert site.audit() == []


@needs_root
def test_what_it_prints_is_a_script_that_does_the_same(site: Site, spooler: PrivateCups):
    script = turnkey(site, spooler, "-U", "root", "-G", "0", "-c").out
    programs = site.folder / "bin"
    programs.mkdir()
    for name in ("pkprinters", "pkusers", "edpykota"):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {module_of(name)} "$@"\n')
        (programs / name).chmod(0o755)
    done = subprocess.run(
        ["sh"],
        input=script,
        env=site.environment | {"CUPS_SERVER": spooler.server, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert re.findall(r"^\S.*", site.do("edpykota", "-L"), re.MULTILINE) == ["root@laser", "root@other"]
    assert uris(spooler)["laser"].startswith("cupspykota:")


@needs_root
def test_each_command_is_an_act_of_its_own_in_the_list_of_acts(site: Site, spooler: PrivateCups):
    assert turnkey(site, spooler, "-f", "-U", "root", "laser").status == 0
    with site.books() as books:
        acts = books.database.read(lambda c: c.exec_driver_sql("select text from acts order by id").all())
    assert [text.split()[0] for (text,) in acts][-3:] == ["pkprinters", "pkusers", "edpykota"]
    assert acts[-1][0] == "edpykota --add --skipexisting --noquota --printer laser -- root"


@needs_root
def test_a_queue_that_cannot_be_led_through_us_does_not_stop_the_rest(site: Site, spooler: PrivateCups):
    spooler.run("lpadmin", "-pdirect", "-E", "-vipp://anna:xyzzy@127.71.9.1/ipp", "-mraw")
    done = turnkey(site, spooler, "-f", "-U", "root")
    assert (done.status, "xyzzy" in done.out + done.err) == (0, False)
    assert "WARN: direct: the URI " in done.err
    assert "root - <root@localhost>" in site.do("pkusers", "-L")
    assert uris(spooler)["laser"].startswith("cupspykota:")


@needs_root
def test_sections_are_suggested_by_asking_the_printers(site: Site, spooler: PrivateCups):
    with (
        PjlPrinter(marker_life_count=3, address=NOWHERE) as pjl,
        SnmpAgent({FIRST_COUNTER: 3}, address=WITH_SNMP, port=161),
    ):
        spooler.run("lpadmin", "-pbypjl", "-E", f"-vsocket://{NOWHERE}:{pjl.port}", "-mraw")
        spooler.run("lpadmin", "-pbysnmp", "-E", f"-vlpd://{WITH_SNMP}/q", "-mraw")
        done = turnkey(site, spooler, "-c", "by*", "laser")
    assert (done.status, done.err) == (0, "")
    commands, sections, after = done.out.split("--- CUT ---\n")
    assert (after, commands.endswith("exit 0\n")) == ("", True)
    assert sections == "".join(
        f"[{queue}]\npreaccounter : software()\naccounter : {accounter}\n\n"
        for queue, accounter in (
            ("bypjl", f"hardware(pjl:{pjl.port})"),
            ("bysnmp", "hardware(snmp)"),
            ("laser", SOFTWARE),
        )
    )


@needs_root
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["x*"], "there is no queue that matches x*; list CUPS's queues with: lpstat -v"),
        (["-u", "no-such-login"], "there is no user 'no-such-login' on this machine; give a login or a number"),
        (["-G", "no-such-group"], "there is no group 'no-such-group' on this machine; give a name or a number"),
        ([""], "an empty name was given; leave it out to mean all, see --help"),
        (["-x"], "option -x not recognized; see pkturnkey --help"),
    ],
)
def test_wrong_words_and_queues_that_are_not_there(
    site: Site, spooler: PrivateCups, words: list[str], complaint: str
):
    done = turnkey(site, spooler, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


@needs_root
def test_only_administrators_may_see_even_the_dry_run(site: Site, spooler: PrivateCups):
    for words in ((), ("-f",)):
        done = turnkey(site, spooler, *words, user=OTHER_USER)
        assert (done.status, done.out, "not allowed" in done.err) == (254, "", True)
    assert turnkey(site, spooler, user=SERVICE_USER) == Done(0, f"{HEAD}{PRINTERS}\n", "")


@needs_root
def test_the_homes_owner_fills_the_ledger_also_where_cups_takes_no_change_from_him(site: Site, spooler: PrivateCups):
    done = turnkey(site, spooler, "-f", "-U", "root", "laser", user=SERVICE_USER)
    assert (done.status, "ERROR: laser: " in done.err) == (255, True)
    assert uris(spooler)["laser"] == f"socket://{NOWHERE}:9100"
    assert re.findall(r"^\S.*", site.do("edpykota", "-L"), re.MULTILINE) == ["root@laser"]


def test_without_a_scheduler_it_says_so(shared_site: Site):
    done = shared_site.run(PROGRAM)
    assert (done.status, done.out) == (255, "")
    assert "start CUPS, or set CUPS_SERVER" in done.err


# --- pkhint -------------------------------------------------------------------------------------------------------


@pytest.fixture
def printers_conf() -> Iterator[bytes]:
    """A printers.conf with a PJL printer behind our backend, and queues that cannot be asked."""
    with PjlPrinter(marker_life_count=3, address=NOWHERE) as pjl:
        text = f"""# Printer configuration file
<DefaultPrinter pjl>
UUID urn:uuid:1
DeviceURI cupspykota:socket://{NOWHERE}:{pjl.port}
State Idle
</DefaultPrinter>
<Printer usb>
DeviceURI usb://HP/LaserJet
</Printer>
<Printer silent>
DeviceURI socket://{NOWHERE}
</Printer>
"""
        yield text.encode() + f"# {pjl.port}\n".encode()


def test_pkhint_prints_the_accounter_of_each_queue(shared_site: Site, printers_conf: bytes):
    port = printers_conf.split()[-1].decode()
    done = feed(shared_site, printers_conf, "pkhint", PAGETOLL_HOME="/nowhere/at/all")
    sections = {"pjl": f"hardware(pjl:{port})", "silent": SOFTWARE, "usb": SOFTWARE}
    assert done == Done(0, "".join(f"[{name}]\naccounter: {found}\n\n" for name, found in sections.items()), "")
    assert feed(shared_site, printers_conf, "pkhint", "u*").out == f"[usb]\naccounter: {SOFTWARE}\n\n"


@pytest.mark.parametrize(
    ("text", "words", "complaint"),
    [
        (b"<Printer a>\nDeviceURI usb://x\n</Printer>\n", ["b*"], "there is no queue that matches b*; "),
        (b"", [], "standard input has no queues; give it the file: pkhint < /etc/cups/printers.conf"),
        (b"\x00\xff<Printer" * 1000, [], "standard input has no queues"),
        (b" " * 17_000_000, [], "standard input is too long to be a printers.conf"),
        (b"", ["-x"], "option -x not recognized; see pkhint --help"),
    ],
    ids=["no match", "empty", "noise", "huge", "bad option"],
)
def test_pkhint_refuses_what_it_cannot_use(shared_site: Site, text: bytes, words: list[str], complaint: str):
    done = feed(shared_site, text, "pkhint", *words)
    assert (done.status, done.out) == (254, "")
    assert done.err.partition(" : ")[2].startswith(complaint)
