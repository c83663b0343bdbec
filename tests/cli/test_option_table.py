# SPDX-License-Identifier: Apache-2.0
"""Every option that PyKota's commands had, of both its lines, is there: its letter, its name, and whether it takes a
value; and the conventions that hold for the options of every command."""

import pytest

from cli.site import Site
from pagetoll.frontends.cli.options import parse
from pagetoll.frontends.programs import PYKOTA_PROGRAMS, command_of

#: program -> letter/name, with = where a value follows
PYKOTAS_OPTIONS = {
    "pkprinters": "a/add c/charge= C/cups d/delete D/description= g/groups= l/list m/maxjobsize= n/nopassthrough "
    "p/passthrough r/remove s/skipexisting",
    "pkusers": "a/add b/balance= C/comment= d/delete D/description= e/email= g/groups i/ingroups= l/limitby= L/list "
    "o/overcharge= r/remove s/skipexisting",
    "edpykota": "a/add d/delete g/groups H/hardlimit= I/increase= L/list m/maxjobsize= n/noquota P/printer= r/reset "
    "R/hardreset s/skipexisting S/softlimit= U/used=",
    "pkbcodes": "a/add d/delete D/description= l/list r/reset s/skipexisting",
    "dumpykota": "d/data= f/format= o/output= O/orderby= s/sum",
    "repykota": "g/groups i/ingroups= P/printer= u/users",
    "warnpykota": "g/groups P/printer= u/users",
    "pykotme": "P/printer= u/user=",
    "pykosd": "c/color= d/duration= f/font= l/loop= s/sleep=",
    "pkinvoice": "l/logo= p/pagesize= n/number= o/output= u/unit= V/vat=",
    "pkrefund": "f/force i/info= l/logo= n/number= p/pagesize= u/unit= o/output= r/reason=",
    "pkbanner": "l/logo= p/pagesize= s/savetoner= u/url=",
    "pknotify": "d/destination= a/ask c/confirm n/notify q/quit C/checkauth D/denyafter= N/noremote= t/timeout=",
    "pkmail": "",
    "pkturnkey": "c/doconf d/dousers D/dogroups e/emptygroups f/force u/uidmin= U/uidmax= g/gidmin= G/gidmax=",
    "pksetup": "",
    "pkhint": "",
    "autopykota": "i/initbalance= e/email=",
    "pkpgcounter": "c/colorspace= r/resolution= d/debug",
}
COMMON = "h/help v/version A/arguments="
ROWS = [
    pytest.param(program, option, id=f"{program} {option}")
    for program, options in PYKOTAS_OPTIONS.items()
    for option in [*options.split(), *COMMON.split()]
]
#: Two of these in one call mean two different things: refused, as in 1.26.
WHAT_TO_DO = {"pkprinters": "adl", "pkusers": "adL", "edpykota": "adL", "pkbcodes": "adl"}


def test_every_command_is_in_the_table():
    assert set(PYKOTAS_OPTIONS) == set(PYKOTA_PROGRAMS)


@pytest.mark.parametrize(("program", "option"), ROWS)
def test_an_option_of_pykota_is_there_by_letter_and_name(program: str, option: str):
    letter, name = option.rstrip("=").split("/")
    found = {row.name: row for row in command_of(program).options}[name]
    assert (found.letter, bool(found.argument)) == (letter, option.endswith("="))


@pytest.mark.parametrize(("program", "option"), ROWS)
def test_an_option_is_taken_by_letter_by_name_and_by_every_unique_prefix(program: str, option: str):
    letter, name = option.rstrip("=").split("/")
    if name == "arguments":
        return  # reads a file; tests of its own
    command = command_of(program)
    value = "7" if option.endswith("=") else ""
    others = [row.name for row in command.options if row.name != name]
    unique = [
        name[:length]
        for length in range(1, len(name) + 1)
        if length == len(name) or not any(other.startswith(name[:length]) for other in others)
    ]
    written = [[f"-{letter}{value}"], [f"--{name}", *([value] if value else [])]]
    written += [[f"--{prefix}" + (f"={value}" if value else "")] for prefix in unique]
    for words in written:
        for line in ([*words, "one", "two"], ["one", *words, "two"], ["one", "two", *words]):
            parsed = parse(command, line)
            assert (parsed.values, parsed.words) == ({name: value}, ("one", "two")), line


@pytest.mark.parametrize("program", [program for program in PYKOTA_PROGRAMS if program != "pkpgcounter"])
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--no-such-option"], "option --no-such-option not recognized"),
        (["-Z"], "option -Z not recognized"),
        (["name", "--version=7"], "option --version must not have an argument"),
        (["-A"], "option -A requires argument"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_a_bad_option_ends_with_254_and_says_which(shared_site: Site, program: str, words: list[str], complaint: str):
    done = shared_site.run(program, *words)
    shown = "CANCEL\n" if program == "pknotify" else ""  # what a printing system reads as: do not print
    assert (done.status, done.out) == (254, shown)
    assert complaint in done.err
    assert f"see {program} --help" in done.err


@pytest.mark.parametrize("program", WHAT_TO_DO)
@pytest.mark.parametrize("count", [2, 3])
def test_to_add_to_delete_and_to_list_at_once_is_refused(shared_site: Site, program: str, count: int):
    letters = WHAT_TO_DO[program]
    for first in range(len(letters)):
        chosen = (letters[first:] + letters[:first])[:count]
        done = shared_site.run(program, *(f"-{letter}" for letter in chosen), "name")
        assert (done.status, done.out) == (254, ""), chosen
        assert " together" in done.err
    assert shared_site.run(program, f"-{letters[2]}").out == ""


@pytest.mark.parametrize(
    ("program", "given", "meant"),
    [
        ("pkprinters", ["-lA", "FILE", "c"], ["-l", "a b", "it's", "c"]),
        ("pkusers", ["-L", "--arguments=FILE", "c"], ["-L", "a b", "it's", "c"]),
        ("edpykota", ["c", "-A", "FILE", "-L"], ["-L", "a b", "it's", "c"]),
        ("dumpykota", ["-A", "FILE", "-d", "users"], ["-d", "users", "a b", "it's"]),
        ("repykota", ["-P", "hp", "--arg", "FILE"], ["-P", "hp", "a b", "it's"]),
    ],
)
def test_a_file_of_arguments_is_merged_and_its_lines_lose_their_quotes(
    shared_site: Site, program: str, given: list[str], meant: list[str]
):
    file = shared_site.folder / "arguments"
    file.write_text('"a b"\n  it\'s  \n')
    words = [word.replace("FILE", str(file)) for word in given]
    merged, plain = parse(command_of(program), words), parse(command_of(program), meant)
    assert (merged.values, sorted(merged.words)) == (plain.values, sorted(plain.words))
    assert shared_site.run(program, *words) == shared_site.run(program, *meant)


@pytest.mark.parametrize("spelled", ["--colour", "--colou", "--color", "--colo", "--c", "-c"])
def test_pykosd_takes_both_spellings_of_color(shared_site: Site, spelled: str):
    for words in ([spelled, "nonsense"], [f"{spelled}{'=' * (spelled != '-c')}nonsense"]):
        done = shared_site.run("pykosd", *words, "-l", "1")
        assert "invalid --color 'nonsense'" in done.err
