# SPDX-License-Identifier: Apache-2.0
"""The option words of argv[5]: quoting as CUPS writes it, booleans, forged words, hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.wire.cups_options import OF_THE_SPOOLER, parse_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("   ", {}),
        ("sides=one-sided", {"sides": "one-sided"}),
        ("sides=one-sided media=A4", {"sides": "one-sided", "media": "A4"}),
        ("sides=one-sided\tmedia=A4\n", {"sides": "one-sided", "media": "A4"}),
        ("Sides=one-sided", {"sides": "one-sided"}),
        ("fit-to-page", {"fit-to-page": "true"}),
        ("nofit-to-page", {"fit-to-page": "false"}),
        ("no", {"no": "true"}),
        ("noCollate", {"collate": "false"}),
        (r"job-billing=cost\ 42", {"job-billing": "cost 42"}),
        ('job-billing="cost 42"', {"job-billing": "cost 42"}),
        ("job-billing='cost 42'", {"job-billing": "cost 42"}),
        ("job-billing=co'st 4'2", {"job-billing": "cost 42"}),
        (r'job-billing="say \"hi\""', {"job-billing": 'say "hi"'}),
        (r"job-billing=it\'s", {"job-billing": "it's"}),
        (r"job-billing=a\\b", {"job-billing": r"a\b"}),
        ("job-billing=", {"job-billing": ""}),
        ("a= b=1", {"a": "", "b": "1"}),
        (
            "media-col={media-size={x=1 y=2} type='a b'} sides=x",
            {"media-col": "{media-size={x=1 y=2} type='a b'}", "sides": "x"},
        ),
        ("page-ranges=1-3,5", {"page-ranges": "1-3,5"}),
        ("media=A4 media=A5", {"media": "A5"}),
        ("job-billing=$(touch${IFS}x)", {"job-billing": "$(touch${IFS}x)"}),
        ('job-billing="never closed sides=x', {"job-billing": "never closed sides=x"}),
        ("media-col={never closed", {"media-col": "{never closed"}),
        ("ends-in-backslash=a\\", {"ends-in-backslash": "a\\"}),
        ("=value", {}),
        ("a}b={c}", {"a}b": "{c}"}),
        ("x=a} y=2", {"x": "a}", "y": "2"}),
        ("title=жук\U0001f4a9", {"title": "жук\U0001f4a9"}),
    ],
)
def test_words_are_read_as_cups_writes_them(text: str, options: dict[str, str]) -> None:
    assert parse_options(text) == options


@pytest.mark.parametrize("forged", ["{0}=999", "{0}", "no{0}", "{0}=", '{0}="999"', " {0}=1 {0}=2"])
@pytest.mark.parametrize("name", sorted(OF_THE_SPOOLER))
def test_what_the_spooler_wrote_first_cannot_be_overwritten(name: str, forged: str) -> None:
    for spelling in (name, name.upper()):
        assert parse_options(f"{name}=123 sides=x {forged.format(spelling)}")[name] == "123"


def test_a_forged_word_inside_a_value_is_only_text() -> None:
    options = parse_options(r"time-at-creation=5 job-billing=a\ time-at-creation=9")
    assert options == {"time-at-creation": "5", "job-billing": "a time-at-creation=9"}


def escaped(value: str) -> str:
    return "".join("\\" + character if character in " \t\n\"'\\" else character for character in value)


PLAIN = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="{}"), max_size=40).filter(
    lambda value: not any(c.isspace() and c not in " \t\n" for c in value)
)


@given(st.dictionaries(st.sampled_from(["sides", "media", "job-billing", "page-ranges"]), PLAIN))
def test_escaped_values_come_back(options: dict[str, str]) -> None:
    assert parse_options(" ".join(f"{name}={escaped(value)}" for name, value in options.items())) == options


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    for name, value in parse_options(text).items():
        assert name
        assert isinstance(value, str)


def test_a_long_line_of_braces_ends_soon() -> None:
    assert parse_options("a=" + "{" * 3_000_000)["a"].startswith("{{{")
