# SPDX-License-Identifier: Apache-2.0
"""The site's commands: whatever a value holds, a real shell gets it as exactly one argument."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetoll.core.site_commands import SiteCommand, placeholders, quoted, scripts_inside, substituted

#: prints each of its arguments with an octet 0 behind
TELL = "printf '%%s\\0'"
HOSTILE = ("it's", '"; touch x; "', "$(id)", "`id`", "a b\nc", "\\", "'", "", "*", "~", "-e", "%(m)s", "%%", "#", "é")
ARGUMENTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
VALUES = st.one_of(st.sampled_from(HOSTILE), ARGUMENTS)


def arguments_of(line: str) -> list[str]:
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().split("\0")[:-1]


#: template -> what the arguments become, {} being the value
PLACES = [
    ("%(message)s", ["{}"]),
    ('"%(message)s"', ["{}"]),
    ("'%(message)s'", ["{}"]),
    ('--text="<%(message)s>" x', ["--text=<{}>", "x"]),
    ("a%(message)sb", ["a{}b"]),
    ("'it is %(message)s' \"and %(message)s\" %(message)s", ["it is {}", "and {}", "{}"]),
    ("100%% '%(message)s' %d", ["100%", "{}", "%d"]),
    ("\\%(message)s", ["{}"]),
    ('"\\%(message)s"', ["\\{}"]),
    ("$%(message)s", ["${}"]),
    ("\\$%(message)s", ["${}"]),
    ('"$%(message)s"', ["${}"]),
    ('"$(printf \'%%s.\' "%(message)s")"', ["{}."]),
    ('"`printf %%s. "%(message)s"`"', ["{}."]),
    ("\\\n  %(message)s", ["{}"]),
    ("a # never %(message)s", ["a"]),
    ("a#%(message)s", ["a#{}"]),
    ("'a\"b' %(message)s", ['a"b', "{}"]),
    ('"a\'b" %(message)s', ["a'b", "{}"]),
]


@pytest.mark.parametrize(("template", "wanted"), PLACES, ids=[template for template, _ in PLACES])
def test_a_value_is_one_argument_wherever_its_placeholder_stands(template, wanted):
    for value in HOSTILE:
        assert arguments_of(with_tell(template, value)) == [each.replace("{}", value) for each in wanted]


def with_tell(template: str, value: str) -> str:
    """The command line with the program in front of what the template says."""
    return quoted(f"{TELL} {template}", {"message": value})


@settings(max_examples=25, deadline=None)
@given(message=VALUES, username=VALUES)
def test_hostile_values_arrive_as_they_are(message, username):
    line = quoted(
        f'{TELL} %(username)s "%(message)s" \'%(message)s\' x%(username)s"y %(message)s"',
        {"message": message, "username": username},
    )
    assert arguments_of(line) == [username, message, message, f"x{username}y {message}"]


@settings(max_examples=60, deadline=None)
@given(
    template=st.lists(
        st.sampled_from(["%(m)s", "'", '"', "\\", "$", "(", ")", "`", "#", " ", "x", "\n", "{", "}"])
    ).map("".join)
)
def test_no_template_however_odd_lets_a_value_become_a_command(tmp_path_factory, template):
    """The value would leave a file behind if any shell read it as its language."""
    folder = tmp_path_factory.mktemp("value")
    value = "'\"`$(touch ran)`\n touch ran;touch ran #\\"
    line = quoted(template, {"m": value})
    subprocess.run(["/bin/sh", "-c", line], cwd=folder, capture_output=True, timeout=60, check=False)
    assert "ran" not in [path.name for path in folder.iterdir()]


def test_a_value_loses_only_the_octets_that_no_argument_can_hold():
    assert arguments_of(quoted(f"{TELL} %(m)s", {"m": "a\0b"})) == ["ab"]
    assert SiteCommand(words=("tell", "<%(m)s> 5%%")).argv({"m": "a\0 b"}) == ("tell", "<a b> 5%")


def test_without_values_a_command_is_taken_as_it_is():
    assert SiteCommand(shell="date +%%s %(m)s").argv() == ("/bin/sh", "-c", "date +%%s %(m)s")
    assert SiteCommand(words=("tell", "%(m)s")).argv() == ("tell", "%(m)s")
    assert str(SiteCommand(words=("tell", "a b"))) == "tell 'a b'"


def test_placeholders_are_named_and_a_doubled_percent_sign_begins_none():
    assert placeholders("%(a)s %%(b)s %(c)d %(a)s") == ["a", "a"]
    assert substituted("%(a)s %%(b)s %(x)s", {"a": "1", "b": "2"}) == "1 %(b)s %(x)s"


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("sh -c 'echo %(m)s'", ["m"]),
        ('bash -xc "echo %(m)s"', ["m"]),
        ("eval %(m)s", ["m"]),
        ("notify -c x '%(m)s'", []),
        ("notify --color %(m)s", []),
        ("sh -c 'echo \"$1\"' sh %(m)s", []),
    ],
)
def test_a_placeholder_inside_a_script_for_another_shell_is_found(template, found):
    assert scripts_inside(template) == found
