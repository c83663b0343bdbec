# SPDX-License-Identifier: Apache-2.0
"""pykota.conf as its old parser read it: syntax, each directive's texts, and what is said about wrong ones."""

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.config.layers import pykota_default_layer, settings_of
from pagetoll.config.load import parse, read_old
from pagetoll.config.options import OPTION_BY_NAME, Settings
from pagetoll.config.pykota_conf.convert import converted, report
from pagetoll.config.pykota_conf.directives import DIRECTIVE_BY_NAME, DIRECTIVES, Fate
from pagetoll.config.pykota_conf.read import PykotaFile, read_pykota
from pagetoll.config.pykota_conf.syntax import decode
from pagetoll.config.pykota_conf.syntax import parse as parse_syntax
from pagetoll.core.accounting import (
    CommandAccounter,
    InkAccounter,
    InkSpace,
    OnBackendError,
    PjlAccounter,
    SnmpAccounter,
    SoftwareAccounter,
    TrustJobSize,
)
from pagetoll.core.errors import ConfigError
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.policy import Enforcement
from pagetoll.core.site_commands import SiteCommand

FILE = "/etc/pykota/pykota.conf"
SAMPLES = Path(__file__).parents[1] / "samples-config"
SHELL = SiteCommand(shell="/bin/x -y")


def entries_of(text: str) -> dict[tuple[str, str], str]:
    parsed = parse_syntax(text)
    assert parsed.faults == ()
    return {(entry.section, entry.name): entry.value for entry in parsed.entries}


def read(text: str) -> PykotaFile:
    return read_pykota(f"[global]\n{text}", FILE)


def settings_of_pykota(found: PykotaFile) -> Settings:
    """What a pykota.conf alone makes."""
    return settings_of([found.layer, pykota_default_layer(found.file)])


def value_of(text: str, option: str, queue: str = "") -> object:
    found = read(text)
    assert found.problems == []
    return found.layer.given[(queue, option)].value


SYNTAX = [
    ("a : 1\nb = 2\nC=3", {"a": "1", "b": "2", "c": "3"}),
    ("a : x ; a comment", {"a": "x"}),
    ("a : x;y", {"a": "x;y"}),
    ("a : x;y ; z", {"a": "x;y ; z"}),
    ("a : ; all of it", {"a": ""}),
    ("# no\n; no\nrem no\nREM no\nremark : yes", {"remark": "yes"}),
    ("a : 1\na : 2", {"a": "2"}),
    ("a : 1\nA : 2", {"a": "2"}),
    ("a : one\n  two\n\tthree", {"a": "one\ntwo\nthree"}),
    ("a : one\n\n  two\n \n\nb : 1", {"a": "one\n\ntwo", "b": "1"}),
    ("a : one\n# between\n  two ; stays", {"a": "one\ntwo ; stays"}),
    ("a :\n  one", {"a": "one"}),
    ("a : 100% of %(this)s", {"a": "100% of %(this)s"}),
    ('a : ""\nb : "x"', {"a": "", "b": '"x"'}),
    ("a : http://h:80/=x", {"a": "http://h:80/=x"}),
    ("a : one \\\r\n two\r\n", {"a": "one \\\ntwo"}),
]


@pytest.mark.parametrize(("text", "wanted"), SYNTAX, ids=[text for text, _ in SYNTAX])
def test_lines_are_read_as_the_old_parser_did(text, wanted):
    assert entries_of(f"[global]\n{text}\n") == {("global", name): value for name, value in wanted.items()}


def test_sections_are_named_as_queues_and_may_come_again():
    text = "[global]\na:1\n[Laser 1] # comment\na:2\n[laser 1]\na:3\n[Laser 1]\nb:4\na:5\n"
    assert entries_of(text) == {
        ("global", "a"): "1",
        ("Laser 1", "a"): "5",
        ("laser 1", "a"): "3",
        ("Laser 1", "b"): "4",
    }


FAULTS = [
    ("a : 1\n", [(1, "a", "stands in no section")]),
    ("[laser]\npolicy : deny\n", [(1, "global", "is missing")]),
    ("[global]\nnonsense\n", [(2, "nonsense", "neither [section] nor")]),
    ("[global]\n  a : 1\n", [(2, "a : 1", "white space")]),
    ("", [(1, "global", "is missing")]),
]


@pytest.mark.parametrize(("text", "wanted"), FAULTS)
def test_a_line_that_cannot_be_read_is_named(text, wanted):
    faults = parse_syntax(text).faults
    assert [(fault.line, fault.name) for fault in faults] == [(line, name) for line, name, _ in wanted]
    assert all(said in fault.text for fault, (_, _, said) in zip(faults, wanted, strict=True))


@pytest.mark.parametrize(
    ("data", "text", "warned"),
    [
        ("[global]\nadmin : Müller".encode(), "Müller", False),
        ("\ufeff[global]\nadmin : Müller".encode(), "Müller", False),
        ("[global]\nadmin : Müller".encode("latin-1"), "Müller", True),
        ("[global]\nConfig_Charset = iso-8859-15\nadmin : 5 €".encode("iso-8859-15"), "5 €", False),
    ],
)
def test_a_file_is_read_in_its_charset(data, text, warned):
    found, warning = decode(data)
    assert found.endswith(text)
    assert found.startswith("[global]")
    assert bool(warning) is warned


@pytest.mark.parametrize("charset", ["klingon", "rot13", "ascii"])
def test_a_charset_that_is_none_or_wrong_is_said(charset):
    with pytest.raises(ValueError, match="charset"):
        decode(f"[global]\nconfig_charset : {charset}\nadmin : ü".encode())


VALUES = [
    ("accounter : software()", "accounter", SoftwareAccounter()),
    ("accounter : SOFTWARE(/bin/x -y)", "accounter", SoftwareAccounter(SHELL)),
    ("accounter : software(/bin/x -y", "accounter", SoftwareAccounter(SHELL)),
    ("accounter : external(/bin/x -y)", "accounter", SoftwareAccounter(SHELL)),
    ("accounter : hardware(snmp)", "accounter", SnmpAccounter("public")),
    ("accounter : querying(snmp:private)", "accounter", SnmpAccounter("private")),
    ("accounter : hardware(PJL)", "accounter", PjlAccounter(9100)),
    ("accounter : hardware(pjl:9101)", "accounter", PjlAccounter(9101)),
    ("accounter : hardware(/bin/x -y)", "accounter", CommandAccounter(SHELL)),
    (
        "accounter : hardware(a (b) %(printer)s)",
        "accounter",
        CommandAccounter(SiteCommand(shell="a (b) %(printer)s")),
    ),
    ("accounter : ink(rgb, 300)", "accounter", InkAccounter(InkSpace.RGB, 300)),
    ("accounter : stupid", "accounter", SoftwareAccounter()),
    ("preaccounter : ink(BW)", "preaccounter", InkAccounter(InkSpace.BW, 72)),
    ("enforcement : Laxist", "enforcement", Enforcement.LAXIST),
    ("gracedelay : 0", "gracedelay_d", 0),
    ("balancezero : -2.50", "balancezero", -2_500_000),
    ("poorman : 1", "poorman", 1_000_000),
    ("policy : external(/bin/x -y)", "policy", SHELL),
    ("mailto : external(/bin/x -y)", "mailto", MailTo(Recipients.COMMAND, SHELL)),
    ("mailto : NoOne", "mailto", MailTo(Recipients.NOBODY)),
    ("mailto : bitbucket", "mailto", MailTo(Recipients.NOBODY)),
    ("mailto : admin", "mailto", MailTo(Recipients.ADMIN)),
    ("unknown_billingcode : deny(/bin/x -y)", "unknown_billingcode", SHELL),
    ("denyduplicates : Y", "denyduplicates", True),
    ("denyduplicates : 0", "denyduplicates", False),
    ("denyduplicates : /bin/x -y", "denyduplicates", SHELL),
    ("askconfirmation : /bin/x \\\n\n  -y", "askconfirmation", SiteCommand(shell="/bin/x \\\n-y")),
    ("prehook :", "prehook", None),
    ("startingbanner : /etc/logo.ps", "startingbanner", "/etc/logo.ps"),
    ("startingbanner : /bin/x -y", "startingbanner", SHELL),
    ("avoidduplicatebanners : yes", "avoidduplicatebanners", True),
    ("avoidduplicatebanners : 1", "avoidduplicatebanners", 1),
    ("avoidduplicatebanners : 0", "avoidduplicatebanners", False),
    ("snmperrormask : 0xffff", "snmperrormask", 0xFFFF),
    ("snmperrormask : 0777", "snmperrormask", 0o777),
    ("snmperrormask : 10", "snmperrormask", 10),
    ("statusstabilizationdelay : 0.25", "statusstabilizationdelay_s", 0.25),
    ("trustjobsize : >10:25", "trustjobsize", TrustJobSize(10, 25)),
    ("trustjobsize : > 10 : Precomputed", "trustjobsize", TrustJobSize(10, None)),
    ("onbackenderror : Charge, retry:3:10", "onbackenderror", OnBackendError(True, 3, 10)),
    ("onbackenderror : retry:0:5", "onbackenderror", OnBackendError(False, 0, 5)),
    ("onbackenderror : retry:-1:5", "onbackenderror", OnBackendError(False, 1, 0)),
    ("utolower : yes", "usernamecase", "lower"),
    ("usernamecase : upper\nutolower : yes", "usernamecase", "upper"),
    ("keepfiles : T", "keepfiles", True),
    ("keepfiles : perhaps", "keepfiles", False),
    ("poorwarn : a\n  b", "poorwarn", "a\nb"),
]


@pytest.mark.parametrize(("text", "option", "wanted"), VALUES, ids=[text for text, _, _ in VALUES])
def test_a_directive_becomes_an_option(text, option, wanted):
    assert value_of(text, option) == wanted


def test_a_colors_factor_may_be_taken_back_for_a_queue():
    text = "coefficient_cyan : 1.5\ncoefficient_black : 2\n[laser]\ncoefficient_cyan :\ncoefficient_red : 0.5\n"
    of_laser = value_of(text, "coefficients", "laser")
    assert value_of(text, "coefficients").of("cyan") == Decimal("1.5")
    assert [of_laser.of(color) for color in ("cyan", "black", "red", "green")] == [1, 2, Decimal("0.5"), 1]


WRONG = [
    ("policy : maybe", "policy", "allow, deny or external(command)"),
    ("policy : external(x %(user)s)", "policy", "the placeholders are %(printername)s %(username)s"),
    ("policy : external(sh -c 'x %(username)s')", "policy", "which is a script"),
    ("enforcement : strong", "enforcement", "strict or laxist"),
    ("gracedelay : a week", "gracedelay", "days, from 0 to 3650"),
    ("gracedelay : 99999", "gracedelay", "days, from 0 to 3650"),
    ("accounter : software", "accounter", "hardware(snmp[:community]"),
    ("accounter : hardware()", "accounter", "hardware(snmp[:community]"),
    ("accounter : hardware(pjl:99999)", "accounter", "not"),
    ("accounter : ink(cmyk, 9)", "accounter", "not"),
    ("preaccounter : hardware(snmp)", "preaccounter", "72 to 1200 dpi"),
    ("mailto : everybody", "mailto", "nobody, user, admin"),
    ("snmperrormask : 65536", "snmperrormask", "0 to 65535"),
    ("snmperrormask : 089", "snmperrormask", "not"),
    ("trustjobsize : no", "trustjobsize", ">N:M"),
    ("onbackenderror : stop", "onbackenderror", "charge, nocharge and retry:N:S"),
    ("coefficient_cyan : much", "coefficient_cyan", "a number of 0 or more"),
    ("statusstabilizationdelay : 0.1", "statusstabilizationdelay", "0.25"),
    ("balancezero : nan", "balancezero", "a number of credits"),
    ("balancezero : 1e99", "balancezero", "a number of credits"),
    ("logger : file", "logger", "stderr or system"),
    ("smtpserver : a b", "smtpserver", "host:port"),
    ("directory : var", "directory", "an absolute path"),
]


@pytest.mark.parametrize(("text", "name", "said"), WRONG, ids=[text for text, _, _ in WRONG])
def test_a_wrong_text_is_one_line_with_what_is_allowed(text, name, said):
    (problem,) = read(text).problems
    assert (problem.file, problem.line, problem.option) == (FILE, 2, name)
    assert said in problem.text
    assert "\n" not in str(problem)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines():
    text = "\n".join(line for line, _, _ in WRONG)
    problems = read(text + "\n[laser]\nkeepfiles : yes\nlogger = x\npolicy : x").problems
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    # of directives given twice only the last counts
    assert {problem.option for problem in problems} == {name for _, name, _ in WRONG}
    assert problems[-1].line == len(WRONG) + 5


WARNED = [
    ("polciy : deny", "polciy", "did you mean policy?"),
    ("storagecaching : yes", "storagecaching", "nothing is cached"),
    ("requester : snmp", "requester", "accounter"),
    ("utolower : yes", "utolower", "usernamecase : lower"),
    ("keepfiles : perhaps", "keepfiles", "counts as no"),
    ("gracedelay : 1\ngracedelay : 2", "gracedelay", "again in line 3"),
    ("[laser]\npoorman : 3", "poorman", "holds in [global] only"),
    ("denyduplicates : yes", "denyduplicates", "duplicatesdelay : 60"),
    ("onbackenderror : charge, retry:-1:2", "onbackenderror", "negative"),
    ("accounter : stupid(x)", "accounter", "showpage"),
    ("storagebackend : pgstorage\nstoragename : pykota", "storagebackend, storagename", "the ledger is what"),
]


@pytest.mark.parametrize(("text", "name", "said"), WARNED, ids=[text for text, _, _ in WARNED])
def test_what_changes_nothing_is_warned_of_with_what_to_do(text, name, said):
    found = read(text)
    (warning,) = found.warnings
    assert found.problems == []
    assert warning.option == name
    assert said in warning.text


@given(st.text())
def test_any_text_is_read(text):
    found = read_pykota(text, FILE)
    assert found.file == FILE
    if not found.problems:
        assert isinstance(settings_of_pykota(found), Settings)


# --- a whole site -----------------------------------------------------------------------------------------------


def test_the_sample_has_every_directive():
    names = {entry.name for each in ("pykota.conf", "pykotadmin.conf") for entry in sample(each).entries}
    assert names == set(DIRECTIVE_BY_NAME)
    assert len(DIRECTIVES) == len(names)


def sample(name: str):
    text, _ = decode((SAMPLES / name).read_bytes())
    return parse_syntax(text)


@pytest.mark.parametrize("directive", DIRECTIVES, ids=lambda directive: directive.name)
def test_each_directive_of_the_sample_is_in_force_or_named(directive):
    files = [read_old(SAMPLES / name) for name in ("pykota.conf", "pykotadmin.conf")]
    became = [each for file in files for each in file.became if each.entry.name == directive.name]
    warned = " ".join(warning.option for file in files for warning in file.warnings)
    assert became
    for each in became:
        if each.option:
            assert any((each.queue, each.option) in file.layer.given for file in files)
        elif each.fate is not Fate.OBEYED:
            assert directive.name in warned
        assert each.option or each.why


def test_the_sample_converts_without_loss():
    found = read_old(SAMPLES / "pykota.conf")
    assert found.problems == []
    wanted = settings_of_pykota(found)
    assert parse(converted(found), "converted.toml") == wanted
    assert set(wanted.queues) == {"laser-1", "Colour Printers", "old", "matrix"}
    assert wanted.for_queue("laser-1").admin == "The secretary"
    assert wanted.for_queue("old").admin == "Jean Dupré"
    lines = list(report(found))
    assert len(lines) == len(found.became) == len(sample("pykota.conf").entries) + 1
    assert not any("readonlypw" in line for line in lines)


MESSAGES = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
OPTION_TEXTS = st.sampled_from([text for text, _, _ in VALUES])


@given(st.lists(OPTION_TEXTS, max_size=8), st.lists(OPTION_TEXTS, max_size=8))
def test_whatever_is_converted_reads_back_the_same(common, own):
    found = read("\n".join([*common, "[Müller & Sons]", *own]))
    assert found.problems == []
    assert parse(converted(found), "converted.toml") == settings_of_pykota(found)


@given(MESSAGES, MESSAGES)
def test_texts_survive_the_conversion(message, command):
    found = read(f"hardwarn : {message}\nprehook : {command}\n")
    if not found.problems:
        assert parse(converted(found), "converted.toml") == settings_of_pykota(found)


def test_every_option_of_a_directive_exists():
    named = {directive.option for directive in DIRECTIVES if directive.option}
    assert named <= set(OPTION_BY_NAME)
    for directive in DIRECTIVES:
        assert bool(directive.option) is not bool(directive.instead)
        if directive.option:
            assert OPTION_BY_NAME[directive.option].per_queue is directive.per_queue


def test_a_file_in_the_wrong_charset_is_an_error_with_what_to_do(tmp_path):
    path = tmp_path / "pykota.conf"
    path.write_bytes(b"[global]\nconfig_charset : ascii\nadmin : \xfc\n")
    with pytest.raises(ConfigError, match="config_charset: the file is not in the charset ascii"):
        read_old(path)


# --- rows of the acceptance list ----------------------------------------------------------------------------------


def told_by(command: SiteCommand, values: dict[str, str] | None = None, **environment: str) -> list[str]:
    """The arguments that the command's program gets; pknotify is a shell function that prints them."""
    function = "pknotify() { printf '%s\\0' \"$@\"; }\n"
    *shell, line = command.argv(values)
    done = subprocess.run([*shell, function + line], env=environment, capture_output=True, timeout=60, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_n1_a_command_over_several_lines_is_joined_by_the_shell():
    found = value_of(
        "askconfirmation : pknotify --destination $PYKOTAJOBORIGINATINGHOSTNAME:7654 \\\n"
        "    --timeout 120 \\\n"
        '    --confirm "$PYKOTAPRECOMPUTEDJOBSIZE pages?"\n',
        "askconfirmation",
    )
    assert isinstance(found, SiteCommand)
    told = told_by(found, PYKOTAJOBORIGINATINGHOSTNAME="pc1", PYKOTAPRECOMPUTEDJOBSIZE="3")
    assert told == ["--destination", "pc1:7654", "--timeout", "120", "--confirm", "3 pages?"]


def test_n2_a_message_of_several_lines_and_signs_is_one_argument_of_the_notice():
    found = value_of(
        "mailto : external(pknotify --destination $PYKOTAJOBORIGINATINGHOSTNAME:7654 "
        '--notify "%(message)s" 2>&1 > /dev/null)\n',
        "mailto",
    )
    assert isinstance(found, MailTo)
    assert found.command is not None
    message = 'No "more"\n$(paper); `x` \\ %(email)s'
    # what is shown goes to /dev/null there, so the redirection is taken off to look
    shown = SiteCommand(shell=found.command.shell.replace("> /dev/null", ""))
    told = told_by(shown, {"message": message, "email": "x"}, PYKOTAJOBORIGINATINGHOSTNAME="pc1")
    assert told == ["--destination", "pc1:7654", "--notify", message]
    assert told_by(found.command, {"message": message}) == []


def test_n3_texts_over_several_lines_are_kept():
    for name in ("poorwarn", "softwarn", "hardwarn"):
        assert (
            value_of(f"{name} : First.\n  Second.\n\n  Fourth: 100%.\n", name) == "First.\nSecond.\n\nFourth: 100%."
        )


def test_x1_the_old_names_of_the_accounters_are_understood():
    assert value_of("accounter : querying(snmp)", "accounter") == value_of("accounter : hardware(snmp)", "accounter")
    assert value_of("accounter : external(wc)", "accounter") == value_of("accounter : software(wc)", "accounter")
