# SPDX-License-Identifier: Apache-2.0
"""tea4cups.conf read as it is: what holds for each queue, old faults mended, wrong lines named with their place."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.config.tea4cups.read import TeaFile, of_text, read_tea4cups
from pagetoll.core.errors import ConfigError
from pagetoll.core.tea4cups import Hook, TeaSettings

FILE = "/etc/cups/tea4cups.conf"
WHOLE = """\
# hooks of the whole site
[global]
debug : yes
directory : /var/tmp
keepfiles = no
serialize : no
retry : 3,60
onfail : /usr/local/bin/tell "$TEATITLE" ; true
filter : /bin/cat
prehook_b : echo two
prehook_a : date +%%s >> /tmp/log
posthook_a : cat ;
   exit 0
; a queue of its own
[Lab]
serialize : ON
prehook_a :
prehook_c = exit 255
posthook_nowhere :
[lab]
filter :
"""


def read(text: str) -> TeaFile:
    return of_text(text, FILE)


def test_a_whole_file_says_what_holds_for_a_queue_without_a_section() -> None:
    assert read(WHOLE).for_queue("other") == TeaSettings(
        prehooks=(Hook("a", "date +%s >> /tmp/log"), Hook("b", "echo two")),
        posthooks=(Hook("a", "cat ;\nexit 0"),),
        filter_line="/bin/cat",
        onfail='/usr/local/bin/tell "$TEATITLE" ; true',
        tries=3,
        pause_s=60,
        folder="/var/tmp",
        debug=True,
    )


def test_a_section_overrides_empties_and_adds_and_its_name_depends_on_case() -> None:
    file = read(WHOLE)
    lab = file.for_queue("Lab")
    assert [hook.name for hook in lab.prehooks] == ["b", "c"]
    assert [hook.name for hook in lab.posthooks] == ["a"]
    assert lab.serialize
    assert file.for_queue("lab").filter_line == ""
    assert not file.for_queue("lab").serialize


@pytest.mark.parametrize("value", ["y", "YES", "1", "on", "T", "True"])
def test_words_for_yes(value: str) -> None:
    assert read(f"[global]\nserialize : {value}\n").for_queue("q").serialize


@pytest.mark.parametrize("value", ["n", "no", "0", "off", "", "maybe"])
def test_all_other_words_are_no(value: str) -> None:
    assert not read(f"[global]\nserialize : {value}\n").for_queue("q").serialize


def test_odd_words_are_told() -> None:
    told = [str(warning) for warning in read("[global]\nserialize : maybe\nprehok_a : x\n").warnings]
    assert len(told) == 2
    assert told[0].startswith(f"{FILE}:2: ")
    assert told[1].startswith(f"{FILE}:3: ")


@pytest.mark.parametrize(
    ("value", "meant"),
    [("3,60", (3, 60)), (" 0 , 5 ", (0, 5)), ("2", (2, 0)), ("", (None, 0))],
)
def test_retry_tells_how_often_and_after_which_pause(value: str, meant: tuple[int | None, int]) -> None:
    settings = read(f"[global]\nretry : {value}\n").for_queue("q")
    assert (settings.tries, settings.pause_s) == meant


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("retry : often", "retry"),
        ("retry : -1,5", "retry"),
        ("directory : tmp", "directory"),
        ("what is this", "what is this"),
    ],
)
def test_a_wrong_line_is_named_with_its_place(line: str, named: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(f"[global]\nserialize : yes\n{line}\n")
    (problem,) = told.value.problems
    assert (problem.file, problem.line, problem.option) == (FILE, 3, named)


def test_all_wrong_lines_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        read("[global]\nretry : x\n[q]\nretry : y\n")
    assert [problem.line for problem in told.value.problems] == [2, 4]


def test_a_file_without_global_is_obeyed_and_told() -> None:
    file = read("[q]\nprehook_a : true\n")
    assert file.for_queue("q").prehooks == (Hook("a", "true"),)
    assert file.warnings


def test_an_old_file_in_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tea4cups.conf"
    path.write_bytes(b"[global]\nonfail : echo gr\xfcn\n")
    assert read_tea4cups(path).for_queue("q").onfail == "echo grün"


def test_what_is_no_file_of_ours_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    open_to_all = tmp_path / "open"
    open_to_all.write_text("[global]\n")
    open_to_all.chmod(0o666)
    long = tmp_path / "long"
    long.write_text("#" * 1_000_001)
    for path in (pipe, open_to_all, long, tmp_path / "missing"):
        with pytest.raises(ConfigError, match=str(path)):
            read_tea4cups(path)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_places(text: str) -> None:
    try:
        file = read(f"[global]\n{text}")
    except ConfigError as error:
        assert all(problem.file == FILE for problem in error.problems)
        return
    for hook in file.for_queue("q").prehooks:
        assert hook.name
        assert hook.line
