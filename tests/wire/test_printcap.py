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


def test_entries_that_include_each_other_come_to_an_end() -> None:
    (entry,) = read_printcap("q:tc=.a\n.a:x=1:tc=.b\n.b:y=2:tc=.a\n")
    assert (entry.options["x"], entry.options["y"]) == ("1", "2")


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
