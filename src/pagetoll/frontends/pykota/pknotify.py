# SPDX-License-Identifier: Apache-2.0
"""`pknotify`: ask or tell the person at a desktop, with PyKota's letters. What it prints is read by the directives
`askconfirmation` and `overwrite_jobticket`, so every way to end has its word.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence

from pagetoll.core.errors import DeviceTimeout, DeviceUnreachable, ProtocolError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REFUSED, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act
from pagetoll.integrations import desktop_questions
from pagetoll.integrations.desktop_questions import Desktop, Question
from pagetoll.integrations.pam_passwords import Verdict, check

COMMAND = Command(
    name="pknotify",
    usage="--destination HOST[:PORT] [options] TEXT  |  --ask ... label:variable:default ...",
    summary="Asks or tells the person at a desktop where the desktop helper (pykoticon) runs, and prints the answer. "
    "In texts \\n is a line break.",
    rows=(
        Option("a", "ask", "", "show a form; each further word is a line of it, label:variable:default"),
        Option("c", "confirm", "", "ask for OK or Cancel; one further word is the text"),
        Option("C", "checkauth", "", "with -a: check the variables username and password against the system's (PAM)"),
        Option("d", "destination", "HOST[:PORT]", "where the desktop helper listens; the port is 7654 without it"),
        Option("D", "denyafter", "N", "with -C: ask N times at most, then print DENY (1)"),
        Option("n", "notify", "", "tell something; one further word is the text"),
        Option("N", "noremote", "WORD", "CANCEL or CONTINUE: printed when the desktop cannot be reached (CANCEL)"),
        Option("q", "quit", "", "end the desktop helper, after all else"),
        Option("t", "timeout", "SECONDS", "how long an answer may take, then print CANCEL; 0 is for ever (0)"),
    ),
    remarks=("Wrong words print CANCEL too, so that no job is printed by mistake.", EXIT_REMARK),
)
ACTIONS = ("ask", "confirm", "notify")
NO_REMOTE = ("CANCEL", "CONTINUE")
TIMEOUT_MAX_S = 7 * 86400
TRIES_MAX = 100
_DESTINATION = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+)(?::([0-9]{1,5}))?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", re.ASCII)

#: Asks the desktop and returns the lines to print.
Talk = Callable[[Desktop], list[str]]


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    values.one_of(parsed, ACTIONS)
    action = next((name for name in ACTIONS if name in parsed), None)
    if action is None and "quit" not in parsed:
        raise UsageError(_("say what to do: one of --ask, --confirm, --notify or --quit; see --help"))
    if action != "ask" or "checkauth" not in parsed:
        values.refuse_together(parsed, _("what is no --ask with --checkauth"), ("denyafter",))
    if action != "ask":
        values.refuse_together(parsed, _("what is no --ask"), ("checkauth",))
    no_remote = (parsed.text("noremote") or "CANCEL").strip().upper()
    if no_remote not in NO_REMOTE:
        raise UsageError(
            _("invalid --noremote {word}: give CANCEL or CONTINUE").format(word=repr(parsed.text("noremote")))
        )
    desktop = _desktop(parsed)
    talks = []
    if action is not None:
        talks.append(_talk(parsed, action))
    elif parsed.words:
        raise UsageError(_("--quit alone takes no further words; see --help"))
    if "quit" in parsed:
        talks.append(_quit)
    return lambda _opening: _perform(desktop, talks, no_remote)


def _perform(desktop: Desktop, talks: Sequence[Talk], no_remote: str) -> int:
    for number, talk in enumerate(talks):
        try:
            lines, fault = talk(desktop), ""
        except DeviceTimeout as error:
            lines, fault = ["CANCEL"], str(error)
        except DeviceUnreachable as error:
            lines, fault = [no_remote], str(error)
        except ProtocolError as error:
            lines, fault = [no_remote], error.text
        if fault:
            tell("WARN", fault)
        if not fault or number == 0:  # a helper that only could not be ended changes no answer
            for line in lines:
                write(line)
        sys.stdout.flush()
        if fault:
            break
    return EXIT_DONE


def _talk(parsed: Parsed, action: str) -> Talk:
    if action == "ask":
        return _asking(parsed)
    if len(parsed.words) != 1:
        raise UsageError(
            _("--{action} needs one text, in quotes; {number} words were given").format(
                action=action, number=len(parsed.words)
            )
        )
    text = _text(parsed.words[0])
    if action == "confirm":
        return lambda desktop: ["OK" if desktop_questions.show(desktop, text, confirm=True) else "CANCEL"]

    def notify(desktop: Desktop) -> list[str]:
        desktop_questions.show(desktop, text, confirm=False)
        return ["OK"]

    return notify


def _quit(desktop: Desktop) -> list[str]:
    desktop_questions.end_helper(desktop)
    return []


def _asking(parsed: Parsed) -> Talk:
    questions = [_question(word) for word in parsed.words]
    if not questions:
        raise UsageError(_("--ask needs lines of the form label:variable:default; see --help"))
    if len({one.name for one in questions}) != len(questions):
        raise UsageError(_("two lines of --ask have the same variable; give each its own"))
    denies = "denyafter" in parsed
    tries = values.whole(parsed, "denyafter") if denies else 1
    if tries is None or not 1 <= tries <= TRIES_MAX:
        raise UsageError(
            _("invalid --denyafter {text}: give a number from 1 to {most}").format(
                text=repr(parsed.text("denyafter")), most=TRIES_MAX
            )
        )
    if "checkauth" not in parsed:
        return lambda desktop: _lines(
            questions, desktop_questions.ask(desktop, questions) or {}, hidden=("password",)
        )
    return lambda desktop: _authenticated(desktop, questions, tries, denies=denies)


def _authenticated(desktop: Desktop, questions: Sequence[Question], tries: int, *, denies: bool) -> list[str]:
    """Asks until the password is right; a closed form is a failed try."""
    lines: list[str] = []
    for _number in range(tries):
        answers = desktop_questions.ask(desktop, questions)
        if answers is None:
            lines = []
            continue
        verdict = Verdict.IMPOSSIBLE
        if {"username", "password"} <= set(answers):
            verdict = check(answers["username"], answers["password"])
        hidden = ("password", "username") if verdict is Verdict.NO else ("password",)
        lines = [*_lines(questions, answers, hidden=hidden), f"AUTH={verdict}"]
        if verdict is not Verdict.NO:
            return lines
    return ["DENY", *lines] if denies else lines


def _lines(questions: Sequence[Question], answers: Mapping[str, str], *, hidden: tuple[str, ...]) -> list[str]:
    return [
        f"{one.name.upper()}={answers[one.name]}"
        for one in questions
        if one.name in answers and one.name.lower() not in hidden
    ]


def _question(word: str) -> Question:
    label, _colon, rest = word.partition(":")
    name, colon, default = rest.partition(":")
    if not colon or not _VARIABLE.fullmatch(name):
        raise UsageError(
            _("{word} is no line of a form; give label:variable:default, the variable in plain letters").format(
                word=repr(word)
            )
        )
    return Question(_text(label), name, _text(default))


def _desktop(parsed: Parsed) -> Desktop:
    text = parsed.text("destination")
    if text is None:
        raise UsageError(_("--destination is missing; name the desktop, as in: --destination pc12.example.org"))
    found = _DESTINATION.fullmatch(text.strip())
    port = int(found[2] or desktop_questions.PORT) if found else 0
    if not found or not 1 <= port <= 65535:
        raise UsageError(
            _("invalid --destination {text}: give a host name or address, and :PORT if it is not 7654").format(
                text=repr(text)
            )
        )
    seconds = values.whole(parsed, "timeout") or 0
    if seconds > TIMEOUT_MAX_S:
        raise UsageError(
            _("invalid --timeout {given}: give at most {most} seconds, or 0 to wait for ever").format(
                given=seconds, most=TIMEOUT_MAX_S
            )
        )
    return Desktop(found[1].strip("[]"), port, float(seconds))


def _text(word: str) -> str:
    return word.replace("\\n", "\n")


def main() -> int:
    """The program; returns the exit status."""
    status = run(Program(COMMAND, plan))
    if status == EXIT_REFUSED:
        write("CANCEL")
    return status


if __name__ == "__main__":
    sys.exit(main())
