# SPDX-License-Identifier: Apache-2.0
"""pagetoll.toml: what is read, and what is said about a wrong one."""

import os
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.config.home import Home
from pagetoll.config.load import load, load_home, parse, template, thin_conf
from pagetoll.config.options import OPTIONS, OnFailure, OnLimit, QueueSettings, Settings
from pagetoll.core.errors import ConfigError
from pagetoll.core.policy import Enforcement, Rule

FILE = "/etc/pagetoll/pagetoll.toml"


def problems_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE)
    assert all(problem.file == FILE for problem in caught.value.problems)
    return [(problem.line, problem.option, problem.text) for problem in caught.value.problems]


def test_every_option_is_a_field_with_the_same_default():
    kept = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    per_queue = {field.name: getattr(QueueSettings(), field.name) for field in fields(QueueSettings)}
    for option in OPTIONS:
        assert (per_queue if option.per_queue else kept).pop(option.name) == option.default
    assert per_queue == {}
    assert set(kept) == {"defaults", "queues"}


def test_the_template_changes_nothing_and_works_with_every_comment_taken_away():
    assert parse(template(), FILE) == Settings()
    names = [option.name for option in OPTIONS]
    uncommented = "\n".join(
        line[2:] for line in template().splitlines() if line.startswith(tuple(f"# {name} = " for name in names))
    )
    assert uncommented.count("=") == len(OPTIONS)
    assert parse(uncommented, FILE) == Settings()


def test_a_queue_takes_the_top_options_and_its_own():
    settings = parse(
        'on_limit = "hold"\nbalancezero = -0.000001\n'
        '[queue."Müller & Sons"]\nenforcement = "laxist"\ngracedelay_d = 3\n',
        FILE,
    )
    queue = settings.for_queue("Müller & Sons")
    assert (queue.on_limit, queue.enforcement) == (OnLimit.HOLD, Enforcement.LAXIST)
    assert settings.for_queue("another").enforcement is Enforcement.STRICT
    assert settings.rules == {"Müller & Sons": Rule(Enforcement.LAXIST, 3 * 86400, -1, poorman=1_000_000)}
    assert settings.default_rule == Rule(Enforcement.STRICT, 7 * 86400, -1, poorman=1_000_000)


CASES = [
    ('polcy = "deny"', 1, "polcy", "did you mean policy?"),
    ('policy = "maybe"', 1, "policy", 'must be "deny", "allow" or { external = COMMAND }'),
    ("policy = true", 1, "policy", "not true"),
    ("wait_s = -1", 1, "wait_s", "a whole number of seconds from 0 to 3600, not -1"),
    ("wait_s = 1.5", 1, "wait_s", "not 1.5"),
    ("wait_s = true", 1, "wait_s", "not true"),
    ("\nbalancezero = nan", 2, "balancezero", "a number of credits"),
    ("balancezero = 1e99999999999999999999", 0, "TOML", "too long"),
    ("balancezero = " + "1" * 5000, 0, "TOML", "too long"),
    ("balancezero = 1e300", 1, "balancezero", "a number of credits"),
    ('balancezero = "1"', 1, "balancezero", 'not "1"'),
    ('keepfiles = "yes"', 1, "keepfiles", 'true or false, not "yes"'),
    ('database = "a\\u0000b"', 1, "database", "a text"),
    ('[queue.laser]\n\ndatabase = ""', 3, "queue.laser.database", "move it above the first"),
    ('[queue.laser]\nfoo = ""', 2, "queue.laser.foo", "there is no such option"),
    ("[queue]\nwait_s = 1", 2, "queue.wait_s", "write the queue's name"),
    ("queue = 1", 1, "queue", "[queue.NAME]"),
    ("[globl]\nx = 1", 1, "globl", "there is no such section"),
    ('[queue."a\\tb"]', 1, "queue.a\tb", "control characters"),
    ('wait_s = """\n5\nwait_s\n"""\n', 1, "wait_s", "whole number"),
    ("policy =", 1, "TOML", "mend the syntax"),
    ("wait_s = 1\nwait_s = 2\n", 2, "TOML", "mend the syntax"),
]


@pytest.mark.parametrize(("text", "line", "option", "said"), CASES)
def test_a_wrong_line_is_named_with_what_is_allowed(text, line, option, said):
    ((found_line, found_option, found_text),) = problems_of(text)
    assert (found_line, found_option) == (line, option)
    assert said in found_text


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines():
    text = 'polcy = 1\n# comment\nwait_s = "x" # why\n'
    text += '[queue.a] # first\non_failure = "explode"\n[queue."b.c"]\nnope = 1\n'
    assert [line for line, _, _ in problems_of(text)] == [1, 3, 5, 7]


@given(st.text())
def test_any_text_is_settings_or_a_configuration_error(text):
    try:
        assert isinstance(parse(text, FILE), Settings)
    except ConfigError as error:
        assert error.problems


def test_an_unreadable_file_says_what_to_do(tmp_path: Path):
    with pytest.raises(ConfigError, match="pagetoll init"):
        load(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# ok\n# M\xfcller\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: TOML: is not UTF-8"):
        load(latin)


def test_a_pipe_in_the_place_of_the_file_keeps_nobody_waiting(tmp_path: Path):
    os.mkfifo(tmp_path / "pagetoll.toml")
    with pytest.raises(ConfigError, match="is no regular file"):
        load(tmp_path / "pagetoll.toml")


def test_the_database_is_the_sqlite_file_of_the_home_unless_named(tmp_path: Path):
    home = Home.at(tmp_path)
    home.configuration.write_text("wait_s = 1\r\n")
    assert load_home(home).database == f"sqlite:///{tmp_path}/pagetoll.db"
    home.configuration.write_text('database = "postgresql:///pagetoll"\n')
    assert load_home(home).database == "postgresql:///pagetoll"


def test_the_thin_client_gets_a_line_for_each_queue_and_one_for_the_others():
    settings = parse('wait_s = 7\n[queue.b]\non_failure = "retry"\n[queue.a]\nwait_s = 0\n', FILE)
    assert settings.for_queue("b").on_failure is OnFailure.RETRY
    assert thin_conf(settings) == "a\thold\t0\nb\tretry\t7\n*\thold\t7\n"
