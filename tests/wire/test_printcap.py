# SPDX-License-Identifier: Apache-2.0
"""LPRng's printcap and lpd.conf, as sites write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.wire.printcap import program_in, read_printcap, read_value

FILE = """\
# queues
.common
  :sd=/var/spool/lpd/%P:sh:mc#99
  :tc=.programs
.programs:as=|/p/pykota start:ae=|/p/pykota end
laser|lw|the printer: of all :lp=laser%9100
  :tc=.common
  :sh@
old|older:\\
\t:sd=/var/spool/lpd/old:\\
\t:lp=/dev/lp0:
laser
  :af=acct
all:all=laser,old
"""


def test_entries_have_their_own_and_included_options() -> None:
    laser, old = read_printcap(FILE)
    assert (laser.name, old.name) == ("laser", "old")
    assert laser.options["as"] == "|/p/pykota start"
    assert (laser.options["lp"], laser.options["mc"], laser.options["sh"], laser.options["af"]) == (
        "laser%9100",
        "99",
        "0",
        "acct",
    )
    assert dict(old.options) == {"sd": "/var/spool/lpd/old", "lp": "/dev/lp0"}


def test_entries_that_include_each_other_come_to_an_end_and_are_named() -> None:
    (entry,) = read_printcap("q:tc=.a\n.a:x=1:tc=.b\n.b:y=2:tc=.a\n")
    assert (entry.options["x"], entry.options["y"]) == ("1", "2")
    assert entry.faults == (":tc= leads from .a back to .a; take it out",)
    (alone,) = read_printcap("q:x=1:tc=q\n")
    assert (alone.options["x"], alone.faults) == ("1", (":tc= leads from q back to q; take it out",))


def test_an_entry_that_includes_one_that_is_not_there_says_so() -> None:
    q, p = read_printcap("q:x=1:tc=.none\np:tc=q\n")
    assert q.faults == p.faults == (":tc= names .none, which has no entry; add it",)
    assert read_printcap("q:tc=.a\n.a:x=1\n")[0].faults == ()


def test_of_what_several_entries_bring_the_later_holds() -> None:
    (entry,) = read_printcap("q:tc=.a,.b,.a\n.a:x=1\n.b:x=2:y=2\n")
    assert (entry.options["x"], entry.options["y"], entry.faults) == ("1", "2", ())


@pytest.mark.parametrize("last", ["", ":tc=.e0", ":tc=.none"])
def test_each_entry_is_put_together_once_however_many_ways_lead_to_it(last: str) -> None:
    """A thousand steps that each double the ways: nobody would see the end of going them all."""
    steps = "".join(
        f".e{number}:o{number % 100}=1:tc=.e{number + 1}\n.f{number}:tc=.e{number}\n" for number in range(1000)
    )
    doubled = "".join(
        f".g{number}:tc=.g{number + 1} .h{number + 1}\n.h{number}:tc=.g{number + 1}\n" for number in range(1000)
    )
    (entry,) = read_printcap(f"q:tc=.e0,.g0\n{steps}.e1000:z=2{last}\n{doubled}.g1000:v=3\n.h1000:w=4\n")
    assert (entry.options["z"], entry.options["o99"], entry.options["v"], entry.options["w"]) == ("2", "1", "3", "4")
    assert len(entry.faults) == bool(last)


def test_options_without_end_are_not_gathered() -> None:
    parts = "".join(
        f".p{number}:" + "".join(f"o{number}x{each}=1:" for each in range(400)) + "\n" for number in range(3)
    )
    (entry,) = read_printcap(f"q:tc=.p0,.p1,.p2:sh\n{parts}")
    assert (entry.options["o1x0"], entry.options["sh"], "o2x0" in entry.options) == ("1", "1", False)
    assert entry.faults == (":tc= brings more than 1000 options, and .p2 was left out; include less",)


@pytest.mark.parametrize(
    ("value", "program"),
    [
        ("|/p/pykota start", "/p/pykota"),
        ("/p/pykota", "/p/pykota"),
        ("|-$/p/pykota start -n$-n", "/p/pykota"),
        ("| -$ ROOT /p/pykota", "/p/pykota"),
        ("|ROOT /p/pykota", "/p/pykota"),
        ("jobstart $H", ""),
        ("acct", ""),
        ("host%port", ""),
        ("", ""),
    ],
)
def test_the_program_of_an_option(value: str, program: str) -> None:
    assert program_in(value) == program


def test_the_last_value_of_lpd_conf_holds() -> None:
    assert read_value("# user=root\nuser=lp\n group = lp\nuser=spool\n", "user") == "spool"
    assert read_value("# user=root\n", "user") == ""


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    assert all(entry.name for entry in read_printcap(text))
