# SPDX-License-Identifier: Apache-2.0
"""Mails over a real connection to a real listener: what arrives, hostile texts, servers that misbehave."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.mail_server import mail_server
from pagetoll.core.errors import NoticeError
from pagetoll.core.notices import Mail
from pagetoll.notifiers.mail import SmtpMailSender, host_and_port, message_of, single_address
from pagetoll.storage.sql.instants import EPOCH

MAIL = Mail("root@example.org", "anna@example.org", "Print Quota Low", "Hello.\n.\n..dots and ünïcode\nbye\n")


def test_a_mail_arrives_as_it_was_written():
    with mail_server() as server:
        sender = SmtpMailSender(server.address)
        sender.send(MAIL)
        sender.close()
    (taken,) = server.taken
    assert (taken.sender, taken.recipients) == ("root@example.org", ("anna@example.org",))
    assert (taken.message["From"], taken.message["To"]) == ("root@example.org", "anna@example.org")
    assert taken.message["Subject"] == "Print Quota Low"
    assert taken.message["Auto-Submitted"] == "auto-generated"
    assert taken.message["Date"]
    assert taken.message["Message-ID"].endswith("@example.org>")
    assert taken.text == MAIL.body


def test_many_mails_go_over_one_connection_and_none_opens_none():
    with mail_server() as server:
        sender = SmtpMailSender(server.address)
        sender.close()
        assert server.connections == 0
        for number in range(5):
            sender.send(Mail("root@example.org", f"u{number}@example.org", "s", "b"))
        sender.close()
    assert (server.connections, len(server.taken)) == (1, 5)


def test_a_server_that_ends_the_connection_is_called_again():
    with mail_server(mails_per_connection=2) as server:
        sender = SmtpMailSender(server.address)
        for number in range(5):
            sender.send(Mail("root@example.org", f"u{number}@example.org", "s", "b"))
        sender.close()
    assert [taken.recipients[0][:2] for taken in server.taken] == ["u0", "u1", "u2", "u3", "u4"]
    assert server.connections == 3


def test_a_refused_recipient_stops_nobody_else():
    with mail_server(refused=frozenset({"bert@example.org"})) as server:
        sender = SmtpMailSender(server.address)
        with pytest.raises(NoticeError, match=r"bert@example\.org was not taken by .* 550 no such mailbox here"):
            sender.send(Mail("root@example.org", "bert@example.org", "s", "b"))
        sender.send(MAIL)
        sender.close()
    assert (server.connections, len(server.taken)) == (1, 1)


def test_a_server_that_is_away_is_asked_a_few_times_only():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sender = SmtpMailSender(f"127.0.0.1:{port}")
    for _try in range(3):
        with pytest.raises(NoticeError, match="Connection refused"):
            sender.send(MAIL)
    with mail_server() as server:
        sender._port = server.port
        with pytest.raises(NoticeError, match="did not answer before"):
            sender.send(MAIL)
    assert server.connections == 0


def test_a_server_that_says_nothing_costs_its_timeout_only():
    with mail_server(silent=True) as server:
        sender = SmtpMailSender(server.address, timeout_s=0.2)
        with pytest.raises(NoticeError, match="timed out"):
            sender.send(MAIL)
        server.released.set()


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org\r\nBcc: all@example.org",
        "anna@example.org, all@example.org",
        "anna@example.org,all",
        "Anna <anna@example.org>",
        "anna@example.org (Anna)",
        "anna@example.org>",
        "anna@exam ple.org",
        "anna@",
        "@example.org",
        "anna",
        "",
        "a" * 250 + "@example.org",
        "anna\0@example.org",
    ],
)
def test_what_is_not_one_address_is_refused_before_anybody_is_asked(address: str):
    with mail_server() as server:
        sender = SmtpMailSender(server.address)
        with pytest.raises(NoticeError, match="is no mail address"):
            sender.send(Mail("root@example.org", address, "s", "b"))
        assert server.connections == 0


@pytest.mark.parametrize("local", ["joe smith", 'q"uote', "back\\slash", "josé", "a.b", ".dot", "-oq", "<x>", "a,b"])
def test_a_strange_login_stays_one_recipient(local: str):
    with mail_server() as server:
        sender = SmtpMailSender(server.address)
        sender.send(Mail("root@example.org", f"{local}@example.org", "s", "b"))
        sender.close()
    (taken,) = server.taken
    assert taken.recipients == (single_address(f"{local}@example.org").addr_spec,)
    assert len(taken.message["To"].addresses) == 1


@given(subject=st.text(), body=st.text(st.characters(exclude_categories=[])))
def test_no_text_begins_a_header_of_its_own(subject: str, body: str):
    written = message_of(Mail("root@example.org", "anna@example.org", subject, body), EPOCH).as_bytes()
    head = written.partition(b"\n\n")[0]
    names = {line.partition(b":")[0].lower() for line in head.split(b"\n") if not line.startswith((b" ", b"\t"))}
    assert names <= {
        *(b"from", b"to", b"subject", b"date", b"message-id", b"auto-submitted"),
        *(b"content-type", b"content-transfer-encoding", b"mime-version"),
    }


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("localhost", ("localhost", 25)),
        ("mail.example.org:587", ("mail.example.org", 587)),
        ("[::1]", ("::1", 25)),
        ("[::1]:2525", ("::1", 2525)),
        ("::1", ("::1", 25)),
    ],
)
def test_a_server_is_a_host_with_or_without_a_port(server: str, expected: tuple[str, int]):
    assert host_and_port(server) == expected
