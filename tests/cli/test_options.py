# SPDX-License-Identifier: Apache-2.0
"""Command lines from tables: letters, long names and their beginnings, mixed order, files of arguments, help."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import UsageError
from pagetoll.frontends.cli.options import Command, Option, parse
from pagetoll.frontends.pykota.output import plain_float, two_places
from pagetoll.frontends.values import amount

COMMAND = Command(
    name="sample",
    usage="[options] names",
    summary="A program for tests.",
    rows=(
        Option("a", "add", "", "add"),
        Option("r", "reset", "", "reset"),
        Option("R", "remove", "", "remove"),
        Option("b", "balance", "N", "balance " * 20),
    ),
)


@pytest.mark.parametrize(
    ("arguments", "values", "words"),
    [
        (["-ab", "1", "x"], {"add": "", "balance": "1"}, ("x",)),
        (["x", "--balance=1", "y", "--add"], {"add": "", "balance": "1"}, ("x", "y")),
        (["--bal", "-1"], {"balance": "-1"}, ()),
        (["-b", "1", "-b2"], {"balance": "2"}, ()),
        (["--", "-a"], {}, ("-a",)),
        (["-b", ""], {"balance": ""}, ()),
        ([], {}, ()),
    ],
)
def test_options_are_read_as_gnu_programs_do(arguments: list[str], values: dict[str, str], words: tuple[str, ...]):
    parsed = parse(COMMAND, arguments)
    assert (parsed.values, parsed.words) == (values, words)


@pytest.mark.parametrize("arguments", [["-x"], ["--nonsense"], ["-b"], ["--re"], ["--add=1"]])
def test_an_unknown_ambiguous_or_incomplete_option_is_refused(arguments: list[str]):
    with pytest.raises(UsageError, match="see sample --help"):
        parse(COMMAND, arguments)


def test_a_beginning_of_one_letter_is_named_as_it_was_typed():
    with pytest.raises(UsageError, match="option --r not a unique prefix; see sample --help"):
        parse(COMMAND, ["--r"])
    with pytest.raises(UsageError, match="option -x not recognized; see sample --help"):
        parse(COMMAND, ["-x"])


@given(st.lists(st.text(max_size=10), max_size=6))
def test_no_words_make_the_parser_fail_otherwise(arguments: list[str]):
    try:
        parse(COMMAND, arguments)
    except UsageError as error:
        assert "see sample --help" in str(error)


def test_a_file_of_arguments_is_put_in_where_it_stands(tmp_path: Path):
    inner = tmp_path / "inner"
    inner.write_text("-b\n2\n")
    outer = tmp_path / "outer"
    outer.write_text(f'--add\n  " two words "  \n"""\n-A\n{inner}\n--balance=3\n')
    parsed = parse(COMMAND, ["-b", "1", "-A", str(outer), "x"])
    assert parsed.values == {"add": "", "balance": "3"}
    assert sorted(parsed.words) == [" two words ", '"', "x"]
    assert parse(COMMAND, ["-A", str(outer), "-b", "4"]).text("balance") == "4"


def test_a_file_that_names_itself_ends_in_words(tmp_path: Path):
    file = tmp_path / "self"
    file.write_text(f"-A\n{file}\n")
    with pytest.raises(UsageError, match="nested too deeply"):
        parse(COMMAND, ["-A", str(file)])


def test_help_has_a_row_for_each_option_and_breaks_long_ones():
    shown = COMMAND.help()
    assert "  -b, --balance N                 balance balance" in shown
    assert "  -A, --arguments FILE" in shown
    assert max(map(len, shown.splitlines())) <= 100


@given(st.integers(min_value=-(2**62) + 5000, max_value=2**62 - 5000))
def test_an_amount_that_is_shown_reads_back_as_itself(steps: int):
    assert amount("balance", plain_float(steps)) == steps
    assert abs(amount("balance", two_places(steps)) - steps) <= 5000


@pytest.mark.parametrize(
    ("steps", "shown"),
    [(0, "0.0"), (1, "0.000001"), (50_000, "0.05"), (-500_000, "-0.5"), (10_000_000, "10.0"), (199_900_000, "199.9")],
)
def test_a_price_is_shown_with_as_many_places_as_it_has(steps: int, shown: str):
    assert plain_float(steps) == shown
