# SPDX-License-Identifier: Apache-2.0
"""pknotify, run as a program against a desktop helper by script: every word it prints, and hostile desktops."""

import importlib.util
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from cli.site import AS_ROOT, OTHER_USER, Done, Site, module_of
from lab.desktop import ScriptedDesktop, listener

PROGRAM = "pknotify"
FORM = ["User:username:anna", "Password:password:", "Why:reason:"]
HAS_PAM = importlib.util.find_spec("pam") is not None


def notify(site: Site, address: str, *words: str) -> Done:
    return site.run(PROGRAM, "-d", address, *words)


@pytest.mark.parametrize(
    ("words", "button", "printed", "shown"),
    [
        (["-c", "Print it?"], "OK", "OK\n", ("Print it?", True)),
        (["--confirm", "Print it?"], "CANCEL", "CANCEL\n", ("Print it?", True)),
        (["-c", "x"], "<script>", "CANCEL\n", ("x", True)),
        (["--notify", "two\\nlines, ünd more"], "OK", "OK\n", ("two\nlines, ünd more", False)),
        (["-n", "x"], "CANCEL", "OK\n", ("x", False)),
        (["-c", "x", "-t", "30", "-N", "CONTINUE"], "OK", "OK\n", ("x", True)),
    ],
)
def test_n1_the_answer_of_the_desktop_is_printed(
    shared_site: Site, words: list[str], button: str, printed: str, shown: tuple[str, bool]
):
    with ScriptedDesktop(button=button).listening() as desktop:
        assert notify(shared_site, desktop.address, *words) == Done(0, printed, "")
    assert desktop.asked == [shown]


def test_n1_the_directive_of_the_talk_works_as_it_is(shared_site: Site):
    with ScriptedDesktop(button="CANCEL").listening() as desktop:
        done = shared_site.run(
            PROGRAM, "--destination", desktop.address, "--timeout", "120", "--confirm", "Do you want\n \\nto print?"
        )
    assert (done.status, done.out) == (0, "CANCEL\n")
    assert desktop.asked == [("Do you want\n \nto print?", True)]


def test_n1_the_value_over_several_lines_works_in_the_shell_that_runs_it(shared_site: Site):
    host = "$PYKOTAJOBORIGINATINGHOSTNAME"
    command = f'$PKNOTIFY --destination {host} --timeout 120 \\\n  --confirm "Title: $PYKOTATITLE\\\n!"'
    title = "`id` $(id) ; & 'x' -d"
    with ScriptedDesktop().listening() as desktop:
        ours = {"PKNOTIFY": f"{sys.executable} -m {module_of(PROGRAM)}", "PYKOTATITLE": title}
        done = subprocess.run(
            ["sh", "-c", command],
            env=shared_site.environment | ours | {"PYKOTAJOBORIGINATINGHOSTNAME": desktop.address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK\n", "")
    assert desktop.asked == [(f"Title: {title}!", True)]


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_everybody_may_and_no_home_is_needed(shared_site: Site):
    with ScriptedDesktop().listening() as desktop:
        done = shared_site.run(
            PROGRAM, "-d", desktop.address, "-c", "x", user=OTHER_USER, PAGETOLL_HOME="/nowhere/at/all"
        )
    assert done == Done(0, "OK\n", "")


def test_a_text_may_begin_with_a_dash_behind_two(shared_site: Site):
    with ScriptedDesktop().listening() as desktop:
        assert notify(shared_site, desktop.address, "-n", "--", "-rf /").out == "OK\n"
    assert desktop.asked == [("-rf /", False)]


def test_a_form_is_shown_and_its_values_are_printed(shared_site: Site):
    with ScriptedDesktop(
        forms=[{"username": "bert", "password": "x", "reason": "théâtre: B"}]
    ).listening() as desktop:
        done = notify(shared_site, desktop.address, "-a", *FORM)
    assert (done.status, done.out) == (0, "USERNAME=bert\nREASON=théâtre: B\n")
    labels, names, defaults = desktop.asked[0]
    assert (labels, names) == (["User", "Password", "Why"], ["username", "password", "reason"])
    assert defaults == {"username": "anna", "password": "", "reason": ""}


def test_a_default_may_hold_colons_and_values_stay_one_line_each(shared_site: Site):
    forms = [{"job": "a\nPRICE=0\r\x1b[2J\x00b", "more": "not asked for", "isValid": True}]
    with ScriptedDesktop(forms=forms).listening() as desktop:
        done = notify(shared_site, desktop.address, "-a", "Job\\nname:job:a:b:c")
    assert done.out == "JOB=a PRICE=0  [2J b\n"
    assert desktop.asked[0][2] == {"job": "a:b:c"}


@pytest.mark.parametrize("value", [5, ["x"], {"x": 1}, True], ids=type)
def test_a_value_of_another_kind_is_empty(shared_site: Site, value: object):
    with ScriptedDesktop(forms=[{"job": value}]).listening() as desktop:
        assert notify(shared_site, desktop.address, "-a", "Job:job:x") == Done(0, "JOB=\n", "")


@pytest.mark.parametrize(
    ("words", "forms", "printed", "times"),
    [
        (["-a", "x:job:"], [None], "", 1),
        (["-a", "-C", *FORM], [None], "", 1),
        (["-a", "-C", "-D", "2", *FORM], [None, None], "DENY\n", 2),
        (
            ["-a", "-C", "-D", "3", "Name:username:", "Why:why:"],
            [{"username": "b"}],
            "USERNAME=b\nWHY=\nAUTH=IMPOSSIBLE\n",
            1,
        ),
    ],
    ids=["closed", "closed, to be checked", "closed twice", "nothing to check"],
)
def test_closed_forms_and_forms_without_a_password(
    shared_site: Site, words: list[str], forms: list[dict[str, object] | None], printed: str, times: int
):
    with ScriptedDesktop(forms=forms).listening() as desktop:
        done = notify(shared_site, desktop.address, *words)
    assert (done.status, done.out, len(desktop.asked)) == (0, printed, times)


@pytest.mark.skipif(not HAS_PAM, reason="python-pam is not installed")
@pytest.mark.parametrize(
    ("words", "printed", "times"),
    [(["-C"], "REASON=exam\nAUTH=NO\n", 1), (["-C", "-D", "2"], "DENY\nREASON=exam\nAUTH=NO\n", 2)],
    ids=["without -D", "-D 2"],
)
def test_a_wrong_password_is_told_and_neither_it_nor_the_name_is_printed(
    shared_site: Site, words: list[str], printed: str, times: int
):
    form = {"username": "no-such-user-here", "password": "wrong", "reason": "exam"}
    with ScriptedDesktop(forms=[dict(form), dict(form)]).listening() as desktop:
        done = notify(shared_site, desktop.address, "-a", *words, *FORM)
    assert (done.status, done.out, len(desktop.asked)) == (0, printed, times)


def test_nobody_answers_in_time(shared_site: Site):
    with ScriptedDesktop(thinks_s=60).listening() as desktop:
        done = notify(shared_site, desktop.address, "-c", "-t", "1", "-N", "CONTINUE", "Print it?")
    assert (done.status, done.out) == (0, "CANCEL\n")
    assert done.err == "WARN: nobody at 127.0.0.1 answered within 1 s\n"


@pytest.mark.parametrize(("words", "word"), [([], "CANCEL"), (["-N", "continue"], "CONTINUE")])
@pytest.mark.parametrize("action", [["-c", "x"], ["-n", "x"], ["-a", "x:y:z"], ["-q"]], ids=" ".join)
def test_a_desktop_that_cannot_be_reached_gives_the_chosen_word(
    shared_site: Site, words: list[str], word: str, action: list[str]
):
    with socket.socket() as taken:  # nobody listens there, nor begins to
        taken.bind(("127.0.0.1", 0))
        done = notify(shared_site, f"127.0.0.1:{taken.getsockname()[1]}", *words, *action)
    assert (done.status, done.out) == (0, f"{word}\n")
    assert done.err.startswith("WARN: the desktop helper at 127.0.0.1 ")
    assert "cannot be reached" in done.err


def test_the_helper_is_ended_after_the_question(shared_site: Site):
    with ScriptedDesktop().listening() as desktop:
        assert notify(shared_site, desktop.address, "-q", "-c", "x") == Done(0, "OK\n", "")
        assert notify(shared_site, desktop.address, "-q") == Done(0, "", "")
    assert desktop.asked == [("x", True), ("quit",), ("quit",)]


def sends(octets: bytes) -> Callable[[socket.socket], None]:
    return lambda talk: talk.sendall(octets)


def answer_of(body: bytes) -> Callable[[socket.socket], None]:
    return sends(b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n" + body)


def value_of(value: str, before: str = "") -> Callable[[socket.socket], None]:
    whole = f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    return answer_of(f"<?xml version='1.0'?>{before}{whole}".encode())


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;'>]>"


@pytest.mark.parametrize(
    "answer",
    [
        sends(b""),
        sends(b"\x00\xff" * 1000),
        sends(b"HTTP/1.0 500 Broken\r\n\r\n"),
        sends(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 1000),
        sends(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        answer_of(b""),
        answer_of(b"<html>login please</html>"),
        answer_of(b"<methodResponse>" + b"<a>" * 10000),
        answer_of(b" " * 3_000_000),
        value_of("<string>&c;</string>", BOMB),
        value_of("<string>OK</string>", "<!DOCTYPE methodResponse>"),
        value_of("<int>" + "9" * 5000 + "</int>"),
        value_of("<base64>!</base64></value><value>"),
        answer_of(b"<methodResponse><params></params></methodResponse>"),
        answer_of(
            b"<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member>"
            b"<member><name>faultString</name><value>x</value></member></struct></value></fault></methodResponse>"
        ),
    ],
    ids=[
        "hangs up",
        "noise",
        "status 500",
        "heads without end",
        "cut off",
        "empty",
        "another server",
        "deep",
        "huge",
        "entities",
        "a document type",
        "a long number",
        "odd base64",
        "no value",
        "a fault",
    ],
)
def test_an_answer_that_is_none_gives_the_chosen_word(shared_site: Site, answer: Callable[[socket.socket], None]):
    with listener(answer) as address:
        done = notify(shared_site, address, "-c", "-N", "CONTINUE", "Print it?")
    assert (done.status, done.out, "Traceback" in done.err) == (0, "CONTINUE\n", False)
    assert done.err.startswith("WARN: ")


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 100 Continue\r\n\r\n"], ids=["head", "body", "100"]
)
def test_an_answer_that_dribbles_in_ends_with_the_time(shared_site: Site, beginning: bytes):
    stop = threading.Event()

    def dribble(talk: socket.socket) -> None:
        talk.sendall(beginning)
        while not stop.wait(0.05):
            talk.sendall(b" ")

    try:
        with listener(dribble) as address:
            done = notify(shared_site, address, "-c", "-t", "1", "-N", "CONTINUE", "Print it?")
            stop.set()
    finally:
        stop.set()
    assert (done.status, done.out) == (0, "CANCEL\n")


D = ["-d", "pc1"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-c", "x"], "--destination is missing; name the desktop, as in: --destination pc12.example.org"),
        ([*D], "say what to do: one of --ask, --confirm, --notify or --quit; see --help"),
        ([*D, "-c", "-n", "x"], "--confirm and --notify cannot go together; give one of them"),
        ([*D, "-c"], "--confirm needs one text, in quotes; 0 words were given"),
        ([*D, "-n", "a", "b"], "--notify needs one text, in quotes; 2 words were given"),
        ([*D, "-q", "b"], "--quit alone takes no further words; see --help"),
        ([*D, "-a"], "--ask needs lines of the form label:variable:default; see --help"),
        ([*D, "-a", "x"], "'x' is no line of a form; give label:variable:default, the variable in plain letters"),
        (
            [*D, "-a", "x:a=b:"],
            "'x:a=b:' is no line of a form; give label:variable:default, the variable in plain letters",
        ),
        ([*D, "-a", "x:a:", "y:a:"], "two lines of --ask have the same variable; give each its own"),
        ([*D, "-C", "-c", "x"], "what is no --ask cannot go with --checkauth; see --help"),
        ([*D, "-a", "-D", "2", "x:y:"], "what is no --ask with --checkauth cannot go with --denyafter; see --help"),
        ([*D, "-a", "-C", "-D", "0", "x:y:"], "invalid --denyafter '0': give a number from 1 to 100"),
        ([*D, "-c", "-N", "MAYBE", "x"], "invalid --noremote 'MAYBE': give CANCEL or CONTINUE"),
        ([*D, "-c", "-t", "soon", "x"], "invalid --timeout 'soon': give a whole number from 0"),
        (
            [*D, "-c", "-t", "99999999", "x"],
            "invalid --timeout 99999999: give at most 604800 seconds, or 0 to wait for ever",
        ),
        (
            ["-d", ":7654", "-c", "x"],
            "invalid --destination ':7654': give a host name or address, and :PORT if it is not 7654",
        ),
        (
            ["-d", "pc:0", "-c", "x"],
            "invalid --destination 'pc:0': give a host name or address, and :PORT if it is not 7654",
        ),
        (["-x"], "option -x not recognized; see pknotify --help"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_words_print_cancel_so_that_the_job_is_not_printed(shared_site: Site, words: list[str], complaint: str):
    done = shared_site.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "CANCEL\n", f"{complaint}\n")


def test_an_interrupted_question_ends_with_253(shared_site: Site):
    heard = threading.Event()

    def wait(talk: socket.socket) -> None:
        heard.set()
        while talk.recv(65536):  # the rest of the question; nothing more is heard before its end
            pass

    with listener(wait) as address:
        process = shared_site.start(PROGRAM, "-d", address, "-c", "x")
        assert heard.wait(60)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (253, "")
