# SPDX-License-Identifier: Apache-2.0
"""LPRng's accounting file: its lines, and which pages are whose when jobs broke off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.lprng_records import Record, has_counters, line, parse, recover, since_last_end


def records(text: str) -> list[Record]:
    """`S1` is START of job 1, `s100` and `e105` its filter's lines with a counter, `E` an END line."""
    made = []
    for word in text.split():
        if word[0] == "S":
            made.append(Record("START", {"A": word[1:]}))
        elif word[0] == "E":
            made.append(Record("END", {}))
        else:
            names = {"s": "start", "e": "end", "f": "filestart", "g": "fileend"}
            made.append(Record(names[word[0]], {"p": word[1:]}))
    return made


@pytest.mark.parametrize(
    ("story", "pages"),
    [
        ("S1 s100 e105", [("1", 5)]),
        ("S1 f100 g103 f103 g107", [("1", 7)]),
        ("S1 S2 s100 e104", [("1", 0), ("2", 4)]),
        ("S1 s100 S2 s103 e110", [("1", 3), ("2", 7)]),
        ("S1 s100 S2 S3 s103 e110", [("1", 3), ("2", 0), ("3", 7)]),
        ("S1 s100", []),
        ("S1", []),
        ("S1 s100 e105 S2 s105", []),
        ("S1 s0 e0", []),
        ("s100 e105", []),
        ("", []),
        ("S1 s900 S2 s10 e12", [("1", 0), ("2", 2)]),
    ],
)
def test_pages_go_from_a_jobs_start_to_its_end_or_to_the_next_jobs_start(
    story: str, pages: list[tuple[str, int]]
) -> None:
    assert [(job.parts["A"], job.impressions) for job in recover(records(story))] == pages


def test_what_was_settled_before_is_not_settled_again() -> None:
    assert since_last_end(records("S1 s1 e2 E S2 s2 e5")) == records("S2 s2 e5")
    assert since_last_end(records("S1 s1")) == records("S1 s1")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=8))
def test_every_page_between_the_first_start_and_the_last_end_is_somebodys_once(
    jobs: list[tuple[bool, int]],
) -> None:
    counter, story = 100, []
    for number, (ends, printed) in enumerate([*jobs, (True, 1)]):
        story += [f"S{number}", f"s{counter}"]
        counter += printed
        story += [f"e{counter}"] * ends
    found = recover(records(" ".join(story)))
    assert sum(job.impressions for job in found) == counter - 100
    assert [job.parts["A"] for job in found] == [str(number) for number in range(len(jobs) + 1)]


def test_lines_of_lpd_and_of_its_filters_are_read() -> None:
    found = parse("jobstart '-Hhost' '-nalice' '-Plines'  '-b613' '-t2026-11-21-03:52:17.000' '-Ja -title'")
    assert found == Record(
        "jobstart",
        {"H": "host", "n": "alice", "P": "lines", "b": "613", "t": "2026-11-21-03:52:17.000", "J": "a -title"},
    )
    counted = parse("start '-p101' -q99 '-Aalice@host+1'")
    assert counted is not None
    assert (counted.counter, has_counters([counted])) == (101, True)


@pytest.mark.parametrize("text", ["", "   ", "'-x'", "\x00\xff", "12 'a=b'", "héllo 'a=b'"])
def test_what_is_no_line_is_left_out(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=300))
def test_no_line_breaks_the_reader(text: str) -> None:
    found = parse(text)
    assert found is None or found.counter >= 0


@given(st.lists(st.tuples(st.sampled_from("AnHJ"), st.text(max_size=50)), unique_by=lambda part: part[0], max_size=4))
def test_a_written_line_is_one_line_and_says_the_same_parts(parts: list[tuple[str, str]]) -> None:
    written = line("START", parts)
    assert written.count("\n") == 1
    found = parse(written)
    assert found is not None
    assert set(found.parts) == {letter for letter, _ in parts}
