# SPDX-License-Identifier: Apache-2.0
"""pkmail, run as a program with mails on its standard input and a real mail server for the answers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.site import AS_ROOT, OTHER_USER, Done, Site, module_of, new_site
from lab.mail_server import MailServer, mail_server
from pagetoll.frontends.pykota.pkmail import COMMAND

PROGRAM = "pkmail"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def school(fresh_site: Site, server: MailServer) -> Iterator[Site]:
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "hp", "canon")
        site.do("pkusers", "-a", "anna/Anna@example.org", "bert")
        site.do("edpykota", "-a", "-P", "hp", "-U", "7", "anna", "bert")
        with (site.home / "pagetoll.toml").open("a") as file:
            file.write(
                f'smtpserver = "{server.address}"\nmaildomain = "school.example"\nadminmail = "desk@example.org"\n'
            )
        yield site


def received(site: Site, mail: str | bytes, *words: str) -> Done:
    """Run with a mail on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", module_of(PROGRAM), *words],
        env=site.environment,
        input=mail.encode() if isinstance(mail, str) else mail,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def mail(sender: str, subject: str, *headers: str) -> str:
    lines = [
        f"From: {sender}",
        "To: printquota@school.example",
        f"Subject: {subject}",
        "Message-ID: <1@here>",
        *headers,
    ]
    return "\n".join(lines) + "\n\nHello\n"


def reported(text: str) -> list[str]:
    """Whose lines are in a report."""
    return [line.split()[0] for line in text.splitlines() if line[16:18] in ("-Q", "+Q")]


@pytest.mark.parametrize(
    ("sender", "subject", "answered", "names"),
    [
        ("Anna <anna@EXAMPLE.org>", "report", "Anna@example.org", ["anna"]),
        ("anna@example.org", "Report bert", "Anna@example.org", ["anna"]),
        ("bert@school.example", "=?utf-8?q?report?=", "bert@school.example", ["bert"]),
        ("desk@example.org", "report", "desk@example.org", ["anna", "bert"]),
        ("desk@example.org", "report bert", "desk@example.org", ["bert"]),
    ],
)
def test_a_user_gets_his_own_report_and_the_administrator_all(
    school: Site, server: MailServer, sender: str, subject: str, answered: str, names: list[str]
):
    server.taken.clear()
    done = received(school, mail(sender, subject))
    assert (done.status, done.out, done.err) == (0, "", "")
    (answer,) = server.taken
    assert (answer.sender, answer.recipients) == ("desk@example.org", (answered,))
    assert answer.message["In-Reply-To"] == "<1@here>"
    assert answer.message["Auto-Submitted"] == "auto-replied"
    assert "Report for user quota on printer hp ()" in answer.text
    assert reported(answer.text) == names


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("hello", "The subject is no command. Write: report\n"),
        ("", "The subject is no command. Write: report\n"),
        ("report $(touch hurt)", "A name in the subject has characters that are not allowed there. Write: report\n"),
        ("report *", "A name in the subject has characters that are not allowed there. Write: report\n"),
    ],
)
def test_what_is_no_command_is_answered_with_how_to_write_one(
    school: Site, server: MailServer, subject: str, said: str
):
    server.taken.clear()
    assert received(school, mail("desk@example.org", subject)).status == 0
    assert [answer.text for answer in server.taken] == [said]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (mail("stranger@example.org", "report"), "no user has its sender's address"),
        (mail("anna@example.org", "report", "Auto-Submitted: auto-generated"), "it was sent automatically"),
        (mail("anna@example.org", "report", "Precedence: bulk"), "it came from a mailing list"),
        (mail("anna@example.org", "report", "List-Id: <x.example.org>"), "it came from a mailing list"),
        (mail("anna@example.org", "report", "Return-Path: <>"), "it is a delivery report"),
        (mail("anna@example.org, bert@school.example", "report"), "it has not one sender"),
        ("Subject: report\n\nno sender\n", "it has not one sender"),
        (b"From: \xff\xfe@\xff\nSubject: report\n\n", ""),
        (b"\0\0\0garbage\n\n", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_machines_and_strangers_get_no_answer_and_the_mail_server_no_error(
    school: Site, server: MailServer, text: str | bytes, why: str
):
    server.taken.clear()
    done = received(school, text)
    assert (done.status, done.out, server.taken) == (0, "", [])
    assert done.err.startswith("INFO: ")
    assert why in done.err


def test_an_answer_of_ours_is_not_answered(school: Site, server: MailServer):
    server.taken.clear()
    received(school, mail("anna@example.org", "report"))
    ours = server.taken.pop().message.as_bytes()
    done = received(school, ours)
    assert (done.status, server.taken) == (0, [])


def test_a_report_that_cannot_be_sent_is_an_error(school: Site):
    with mail_server(refused=frozenset({"Anna@example.org"})) as refusing, new_site(school) as site:
        config = site.home / "pagetoll.toml"
        lines = [line for line in config.read_text().splitlines() if not line.startswith("smtpserver")]
        top = [line for line in lines if not line.startswith("[")]
        config.write_text("\n".join([f'smtpserver = "{refusing.address}"', *top]) + "\n")
        done = received(site, mail("anna@example.org", "report"))
    assert (done.status, "550 no such mailbox here" in done.err) == (255, True)


@pytest.mark.parametrize(
    ("text", "words", "complaint"),
    [
        ("", [], "there is no mail on standard input; see --help"),
        ("x", ["anna"], "pkmail takes no names; it reads a mail from standard input, see --help"),
        ("x", ["-g"], "option -g not recognized; see pkmail --help"),
    ],
)
def test_wrong_words_end_with_254(school: Site, text: str, words: list[str], complaint: str):
    done = received(school, text, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


def test_an_interruption_ends_with_253(school: Site):
    pipe = school.folder / "arguments"
    os.mkfifo(pipe)
    process = school.start(PROGRAM, "-A", str(pipe))
    with pipe.open("w"):  # opens once the program reads: it is waiting for its arguments now
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 253
    assert err.endswith(" : interrupted; a change that was not complete was not made\n")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_another_user_may_not(school: Site):
    become = ["setpriv", "--reuid", OTHER_USER, "--clear-groups"]
    done = subprocess.run(
        [*become, sys.executable, "-m", module_of(PROGRAM)],
        env=school.environment,
        input=mail("anna@example.org", "report"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (254, "")
    assert f" : {OTHER_USER} : you are not allowed to use this command; run it as root or as " in done.stderr


def test_the_reference_page_has_its_options():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "pkmail.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `-(.)`, `--", page, re.MULTILINE))
    assert documented == {option.letter for option in COMMAND.options}
