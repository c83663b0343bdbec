# SPDX-License-Identifier: Apache-2.0
"""`pagetoll config` as it is typed, with PyKota's files beside our own."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.served import served
from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Done, Site, new_site
from pagetoll.config.load import parse
from pagetoll.config.options import OPTIONS

SAMPLES = Path(__file__).parents[1] / "samples-config"
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can be other users")


@pytest.fixture(scope="module")
def made() -> Iterator[Site]:
    with new_site() as site:
        yield site


@pytest.fixture
def site(made: Site) -> Iterator[Site]:
    with new_site(made) as site:
        site.folder.joinpath("pykota").mkdir()
        yield site


def old_file(site: Site, text: str, name: str = "pykota.conf", mode: int = 0o644) -> Path:
    path = site.folder / "pykota" / name
    path.write_text(text)
    path.chmod(mode)
    return path


def config(site: Site, *words: str, user: str = "", **environment: str) -> Done:
    named = {"PYKOTA_HOME": str(site.folder / "pykota")}
    return site.run("pagetoll", "config", *words, user=user, **(named | environment))


def test_check_names_the_files_it_read(site: Site):
    old = old_file(site, "[global]\n")
    done = config(site, "check")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{site.home}/pagetoll.toml: no problem found\n{old}: no problem found\n"


def test_check_names_everything_wrong_one_line_each(site: Site):
    (site.home / "pagetoll.toml").write_text('wait_s = "x"\n')
    old = old_file(site, "[global]\npolicy : perhaps\n[laser]\ngracedelay : soon\n")
    done = config(site, "check")
    assert (done.status, done.out) == (1, "")
    lines = done.err.splitlines()
    assert [line.partition(": must be ")[0].removeprefix("pagetoll config: ") for line in lines] == [
        f"{site.home}/pagetoll.toml:1: wait_s",
        f"{old}:2: policy",
        f"{old}:4: gracedelay",
    ]


def test_check_warns_of_what_changes_nothing(site: Site):
    old = old_file(site, "[global]\nstoragebackend : pgstorage\npolciy : deny\nlogourl : http://example.org/\n")
    done = config(site, "check")
    assert done.status == 0
    warnings = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    assert [line.split(": ")[1] for line in warnings] == [f"{old}:2", f"{old}:3", f"{old}:4"]


#: Options, and what is said of each; `ZZ` is a folder with a file `plain`.
FAULTY_PROGRAMS = {
    "prehook = ['/opt/none']": "there is no /opt/none",
    "prehook = ['no-such-program', '/bin/true']": "there is no program no-such-program in /",
    "prehook = {shell = 'LANG=C /opt/none $PYKOTATITLE'}": "there is no /opt/none",
    "prehook = {shell = 'echo a | /opt/none'}": "there is no /opt/none",
    "posthook = ['ZZ/plain', '-x']": "ZZ/plain cannot be started: it has no execute bit",
    "posthook = ['ZZ/plain/hook']": "there is no ZZ/plain/hook",
    "askconfirmation = ['ZZ']": "ZZ is no program",
    "overwrite_jobticket = ['ZZ/none']": "there is no ZZ/none",
    "denyduplicates = ['ZZ/none']": "there is no ZZ/none",
    "unknown_billingcode = {deny = ['ZZ/none']}": "there is no ZZ/none",
    "policy = {external = ['ZZ/none']}": "there is no ZZ/none",
    "mailto = ['ZZ/none']": "there is no ZZ/none",
    "accounter = {hardware = ['ZZ/none']}": "there is no ZZ/none",
    "preaccounter = {software = ['ZZ/none']}": "there is no ZZ/none",
    "startingbanner = 'ZZ/none.ps'": "there is no ZZ/none.ps",
    "endingbanner = 'ZZ'": "ZZ is no file",
    "endingbanner = ['ZZ/none']": "there is no ZZ/none",
}
SOUND_PROGRAMS = [
    "['/bin/true']",
    "['true', '/opt/none']",
    "{shell = 'if test -x /opt/none; then /opt/none; fi'}",
    "{shell = 'test -x /opt/none && /opt/none'}",
    "{shell = '/bin/true > /opt/none/out'}",
    "{shell = 'HOOK=/opt/none; $HOOK'}",
    "{shell = '/opt/$PYKOTAPRINTERNAME/hook'}",
    "{shell = '\"'}",
]


def sections(values: list[str]) -> str:
    """A section of two lines for each."""
    return "".join(f"[queue.q{number}]\n{value}\n" for number, value in enumerate(values))


def test_check_and_the_doctor_warn_of_each_command_whose_program_cannot_be_started(site: Site):
    (site.folder / "plain").write_text("#!/bin/sh\n")
    place = str(site.folder)
    (site.home / "pagetoll.toml").write_text(sections(list(FAULTY_PROGRAMS)).replace("ZZ", place))
    done = config(site, "check")
    warnings = [line.removeprefix("warning: ") for line in done.out.splitlines() if line.startswith("warning: ")]
    assert (done.status, done.err, len(warnings)) == (0, "", len(FAULTY_PROGRAMS))
    for number, (value, said) in enumerate(FAULTY_PROGRAMS.items()):
        where = f"{site.home}/pagetoll.toml:{2 * number + 2}: queue.q{number}.{value.partition(' ')[0]}: "
        assert warnings[number].startswith(where + said.replace("ZZ", place))
        assert warnings[number].count("; ") == 1, "what to do"
    told = json.loads(config(site, "check", "--json").out)["warnings"]
    assert [each["line"] for each in told] == [2 * number + 2 for number in range(len(FAULTY_PROGRAMS))]
    seen = site.run("pagetoll", "doctor").out
    assert all(f"configuration: {line}" in seen for line in warnings if "banner:" not in line)


def test_check_says_nothing_of_commands_that_may_well_start(site: Site):
    (site.home / "pagetoll.toml").write_text(sections([f"prehook = {value}" for value in SOUND_PROGRAMS]))
    assert config(site, "check").out == f"{site.home}/pagetoll.toml: no problem found\n"


def test_check_warns_of_programs_that_pykota_conf_names_and_of_none_that_do_not_hold(site: Site):
    (site.home / "pagetoll.toml").write_text("posthook = []\n")
    old = old_file(
        site,
        "[global]\nprehook : /opt/none -x\nposthook : /opt/none\n"
        "[laser]\naccounter : external(/opt/none %(printer)s)\nmailto : external(/opt/none %(action)s)\n",
    )
    told = json.loads(config(site, "check", "--json").out)["warnings"]
    missing = [(each["file"], each["line"], each["option"]) for each in told if "/opt/none" in each["text"]]
    assert missing == [
        (str(old), 2, "prehook"),
        (str(old), 5, "queue.laser.accounter"),
        (str(old), 6, "queue.laser.mailto"),
    ]


def test_check_says_what_there_is_instead_of_the_logo_of_web_pages(site: Site):
    old = old_file(site, "[global]\nlogourl : http://example.org/logo.png\nlogolink : http://example.org/\n")
    told = json.loads(config(site, "check", "--json").out)["warnings"]
    assert [(each["file"], each["line"], each["option"]) for each in told] == [
        (str(old), 2, "logourl"),
        (str(old), 3, "logolink"),
    ]
    assert all("no web pages" in each["text"] and "--logo of pkinvoice" in each["text"] for each in told)


def test_show_names_each_value_and_its_source(site: Site):
    (site.home / "pagetoll.toml").write_text('\nwait_s = 7\n[queue.laser]\non_limit = "hold"\n')
    old = old_file(site, "[global]\ngracedelay : 3\n[laser]\nadmin : Ann\n")
    shown = config(site, "show").out
    lines = shown.splitlines()
    assert f"wait_s = 7  # {site.home}/pagetoll.toml:2" in lines
    assert f"gracedelay_d = 3  # {old}:2" in lines
    assert f'enforcement = "laxist"  # default of PyKota, as {old} is read' in lines
    assert 'on_limit = "cancel"  # default' in lines
    section = lines[lines.index("[queue.laser]") :]
    assert section[1:] == [f'on_limit = "hold"  # {site.home}/pagetoll.toml:4', f'admin = "Ann"  # {old}:4']
    assert parse(shown, "shown").for_queue("laser").admin == "Ann"
    assert f'admin = "Ann"  # {old}:4' in config(site, "show", "laser").out.splitlines()


def test_show_for_programs_has_every_option(site: Site):
    old_file(site, "[global]\ngracedelay : 3\n")
    rows = json.loads(config(site, "show", "--json").out)
    assert [row["option"] for row in rows] == [option.name for option in OPTIONS]
    grace = next(row for row in rows if row["option"] == "gracedelay_d")
    assert (grace["toml"], grace["default"], grace["pykota"]) == ("3", "7", ["gracedelay"])
    assert grace["source"].endswith("pykota.conf:2")


def test_a_password_in_an_address_is_not_shown(site: Site):
    (site.home / "pagetoll.toml").write_text('database = "postgresql://toll:secret@db/pagetoll"\n')
    for words in (("show",), ("show", "-J"), ("explain", "database")):
        done = config(site, *words)
        assert "postgresql://toll:…@db/pagetoll" in done.out
        assert "secret" not in done.out + done.err


@pytest.mark.parametrize("name", ["gracedelay_d", "gracedelay", "GraceDelay"])
def test_explain_takes_both_names(site: Site, name: str):
    old = old_file(site, "[global]\n[laser]\ngracedelay : 3\n")
    out = config(site, "explain", name, "laser").out
    assert out.startswith("gracedelay_d: How long a user may go on printing")
    for line in (
        "allowed: a whole number of days from 0 to 3650",
        "holds: per queue",
        "default: 7",
        "now: 3",
        f"given in: {old}:3",
        "in pykota.conf: gracedelay",
    ):
        assert line in out.splitlines()


def test_explain_says_what_is_not_in_force_yet(site: Site):
    old_file(site, "[global]\nlogourl : http://example.org/\n")
    assert "not in force yet: there are no web pages" in config(site, "explain", "logourl").out


BAD_WORDS = [
    (("explain", "gracedly"), "did you mean gracedelay_d?"),
    (("explain", "storagecaching"), "nothing is cached"),
    (("explain",), "--help"),
    (("show", "a", "b"), "--help"),
    (("explode",), "--help"),
    ((), "--help"),
]


@pytest.mark.parametrize(("words", "said"), BAD_WORDS)
def test_wrong_words_end_with_what_to_say(site: Site, words, said):
    done = config(site, *words)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_convert_writes_what_reads_back_the_same_and_tells_of_every_directive(site: Site):
    for name in ("pykota.conf", "pykotadmin.conf"):
        shutil.copy(SAMPLES / name, site.folder / "pykota" / name)
    before = config(site, "show").out
    target = site.folder / "new.toml"
    done = config(site, "convert", "--output", str(target))
    assert (done.status, done.out) == (0, "")
    for line in (
        'pykota.conf:82: [global] gracedelay = "5": renamed: gracedelay_d = 5',
        "pykotadmin.conf:4: [global] storageadminpw = …: for the import: names PyKota's database",
        'pykota.conf:76: [global] requester = "snmp": dropped: the accounter reads the device\'s counter',
        'pykota.conf:114: [laser-1] accounter = "querying(pjl:9101)": kept: the same name = "hardware(pjl:9101)"',
    ):
        assert line in done.err
    assert "readwritepw" not in done.err
    (site.home / "pagetoll.toml").write_text(target.read_text())
    shutil.rmtree(site.folder / "pykota")
    assert without_sources(config(site, "show").out) == without_sources(before)


def without_sources(shown: str) -> list[str]:
    return [line.rpartition("  # ")[0] for line in shown.splitlines()]


def test_convert_replaces_a_file_only_when_told_to(site: Site):
    old_file(site, "[global]\ngracedelay : 3\n")
    target = site.folder / "new.toml"
    target.write_text("mine\n")
    done = config(site, "convert", "-o", str(target))
    assert done.status == 1
    assert f"{target}: home: is there already" in done.err
    assert target.read_text() == "mine\n"
    assert config(site, "convert", "-o", str(target), "--force").status == 0
    assert "gracedelay_d = 3" in target.read_text()
    assert sorted(path.name for path in site.folder.iterdir()) == ["home", "new.toml", "pykota"]


UNKNOWN = [
    ("pkusers", ["-a", "root", "no-such-user"], ["pkusers", "-L"], "root"),
    ("pkusers", ["-a", "-g", "root", "no-such-user"], ["pkusers", "-L", "-g"], "root"),
    ("pagetoll", ["user", "add", "root", "no-such-user"], ["pkusers", "-L"], "root"),
    ("pagetoll", ["group", "add", "root", "no-such-user"], ["pkusers", "-L", "-g"], "root"),
]


@pytest.mark.parametrize(("program", "words", "listing", "made_name"), UNKNOWN)
def test_names_that_the_system_does_not_know_are_left_out_where_the_site_says_so(
    site: Site, program, words, listing, made_name
):
    (site.home / "pagetoll.toml").write_text("reject_unknown = true\n")
    done = site.run(program, *words)
    assert done.status == 0
    assert "no-such-user: the system does not know this name" in done.err
    listed = site.run(*listing).out
    assert made_name in listed
    assert "no-such-user" not in listed
    refused = site.run(program, *words[:-2], "no-such-user")
    assert refused.status in (2, 254)
    assert "the system knows none of: no-such-user" in refused.err


@needs_root
def test_what_root_converts_belongs_to_the_home(site: Site):
    old_file(site, "[global]\n")
    target = site.home / "pagetoll.toml"
    assert config(site, "convert", "-o", str(target), "-f").status == 0
    assert (target.owner(), target.stat().st_mode & 0o777) == (SERVICE_USER, 0o640)
    assert config(site, "check").status == 0


def test_convert_runs_nothing(site: Site):
    ran = site.folder / "ran"
    names = ("prehook", "posthook", "startingbanner", "askconfirmation", "overwrite_jobticket", "denyduplicates")
    text = "".join(f"{name} : touch {ran}; `touch {ran}` $(touch {ran})\n" for name in names)
    old_file(site, f"[global]\n{text}accounter : software(touch {ran})\npolicy : external(touch {ran})\n")
    for words in (("convert",), ("check",), ("show",)):
        assert config(site, *words).status == 0
    assert not ran.exists()


def test_convert_of_wrong_values_names_each_and_writes_nothing(site: Site):
    old = old_file(site, "[global]\npolicy : perhaps\nmailto : everybody\n")
    target = site.folder / "new.toml"
    done = config(site, "convert", "-o", str(target), str(old))
    assert (done.status, done.out, target.exists()) == (1, "", False)
    assert [line.split(": ")[2] for line in done.err.splitlines()] == ["policy", "mailto"]


def test_convert_without_a_file_says_where_it_looked(site: Site):
    done = config(site, "convert")
    assert done.status == 2
    assert "no pykota.conf" in done.err
    assert config(site, "convert", str(site.folder / "pykota")).status == 1


def test_a_hostile_name_of_a_section_draws_no_line_of_its_own(site: Site):
    old_file(site, "[global]\n[a\x1b[2Jb]\npolicy : deny\n")
    done = config(site, "check")
    assert done.status == 1
    assert "\x1b" not in done.err


@needs_root
def test_others_are_told_that_the_file_is_closed_to_them(site: Site):
    done = config(site, "check", user=OTHER_USER)
    assert done.status == 1
    assert "Traceback" not in done.err


@needs_root
def test_the_home_of_the_user_pykota_is_looked_in(site: Site):
    """I1: the system user's home, pykota.conf 644 and pykotadmin.conf 640."""
    home = site.folder / "pykota"
    old_file(site, "[global]\ngracedelay : 3\n")
    old_file(site, "[global]\nstorageadmin : x\n", "pykotadmin.conf", 0o640)
    users = site.folder / "passwd"
    users.write_text(Path("/etc/passwd").read_text() + f"pykota:x:64999:64999::{home}:/bin/false\n")
    users.chmod(0o644)
    script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"'
    start = ["unshare", "--mount", "/bin/sh", "-c", script, "sh", str(users)]
    if subprocess.run([*start, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine gives no mount namespace")
    words = [sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", "config"]
    shown = subprocess.run([*start, *words, "show"], env=site.environment, capture_output=True, text=True, check=True)
    assert f"gracedelay_d = 3  # {home}/pykota.conf:2" in shown.stdout.splitlines()
    # the service user may not read pykotadmin.conf, and need not
    checked = subprocess.run(
        [*start, *words, "check"], env=site.environment, capture_output=True, text=True, check=True
    )
    assert "pykotadmin.conf" not in checked.stdout


@needs_root
def test_who_may_read_pykotadmin_conf_is_an_administrator(site: Site):
    """I1: root and the members of the file's group, and nobody else."""
    (site.home / "pagetoll.toml").write_text(f'pykota_home = "{site.folder}/pykota"\n')
    old_file(site, "[global]\n")
    path = old_file(site, "[global]\nstorageadmin : x\n", "pykotadmin.conf", 0o640)
    with served(site):
        assert site.run("pkusers", "-a", "eve", user=OTHER_USER).status == 254
        os.chown(path, -1, pwd.getpwnam(OTHER_USER).pw_gid)
        done = site.run("pkusers", "-a", "eve", user=OTHER_USER)
        assert (done.status, done.err) == (0, "")
        path.chmod(0o600)
        assert site.run("pkusers", "-d", "eve", user=OTHER_USER).status == 254
