# SPDX-License-Identifier: Apache-2.0
"""Connections that end, servers that are killed, writers that are killed: nothing is lost and nothing there twice."""

import socket
import threading
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from lab.ldap_proxy import Cut, LdapProxy
from lab.slapd import SlapdServer
from pagetoll.core.errors import StorageConflict, StorageError, StorageUnavailable
from pagetoll.storage.ldap.commits import Change
from storage.directories import Rows, commit, directory, ledger, new_ledger, no_role, replayed, role

#: The connection ends after the server did it, or before.
SIDES = [True, False]


@pytest.mark.parametrize("answered", SIDES)
def test_a_commit_whose_connection_ends_is_written_once(slapd_server: SlapdServer, slapd_url: str, answered: bool):
    made = new_ledger(slapd_url)
    with LdapProxy(slapd_server.port, cut=Cut(at=1, answered=answered)) as proxy:
        there = directory(slapd_url, port=proxy.port)
        assert there.commit(there.position(), "first", [role("anna")]) == 1
        assert proxy.writes == 2
    assert [each.commit_id for each in made.head().pending] == ["first"]


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("answered", SIDES)
def test_others_may_commit_while_the_outcome_is_unknown(
    slapd_server: SlapdServer, slapd_url: str, answered: bool, others: int
):
    made = new_ledger(slapd_url)

    def then() -> None:
        for number in range(others):
            commit(made, role(f"other{number}"))

    with LdapProxy(slapd_server.port, cut=Cut(at=1, answered=answered, then=then)) as proxy:
        there = directory(slapd_url, port=proxy.port)
        if answered:
            assert there.commit(there.position(), "mine", [role("anna")]) == 1
        else:
            with pytest.raises(StorageConflict):
                there.commit(there.position(), "mine", [role("anna")])
    assert (("roles", ("anna", "admin")) in ledger(made)) is answered
    assert [each.number for each in made.head().pending] == list(range(1, others + answered + 1))


def test_where_others_have_dropped_the_commit_its_outcome_is_said_to_be_unknown(
    slapd_server: SlapdServer, slapd_url: str
):
    made = new_ledger(slapd_url)

    def others() -> None:
        for number in range(12):
            commit(made, role(f"other{number}"))
        made.checkpoint(large=False, deadline_s=None)

    with LdapProxy(slapd_server.port, cut=Cut(at=1, answered=True, then=others)) as proxy:
        there = directory(slapd_url, port=proxy.port)
        with pytest.raises(StorageUnavailable, match="unknown whether the change is written"):
            there.commit(there.position(), "mine", [role("anna")])
    assert ("roles", ("anna", "admin")) in ledger(made)


def test_a_directory_that_stays_away_is_unavailable(slapd_server: SlapdServer, slapd_url: str):
    new_ledger(slapd_url)
    with LdapProxy(slapd_server.port, cut=Cut(at=1, for_good=True)) as proxy:
        there = directory(slapd_url, port=proxy.port, timeout_s=0.5)
        after = there.position()
        with pytest.raises(StorageUnavailable):
            there.commit(after, "first", [role("anna")])
        with pytest.raises(StorageUnavailable):
            there.position()


def test_a_restarted_server_costs_no_error(slapd_server: SlapdServer, slapd_url: str):
    new_ledger(slapd_url)
    with LdapProxy(slapd_server.port) as proxy:
        there = directory(slapd_url, port=proxy.port)
        assert there.position()[0] == 0
        proxy.close_all()
        assert there.position()[0] == 0
        proxy.close_all()
        assert commit(there, role("anna")) == 1
        proxy.close_all()
        assert there.checkpoint(large=False, deadline_s=None) == 1


#: Hardly packs: two rows of it make a commit too large for the head.
NOISE = "".join(uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex for number in range(9000))


def large_changes(by: str) -> list[Change]:
    return [role(f"user{number}", by=by + NOISE[number:]) for number in range(2)]


def history() -> list[list[Change]]:
    small = [[role(f"user{number % 3}", by=str(number)), no_role(f"user{number % 2}")] for number in range(10)]
    return [*small[:5], large_changes(""), *small[5:]]


def started(url: str) -> Rows:
    made = new_ledger(url)
    for changes in history():
        commit(made, *changes)
    return replayed(history())


@pytest.mark.parametrize("answered", SIDES)
def test_a_checkpoint_may_be_killed_at_any_request(slapd_server: SlapdServer, answered: bool):
    """One that ends at its first, second, … request, until one is let through to its end."""
    at, finished = 0, False
    while not finished:
        at += 1
        url = slapd_server.new_base()
        expected = started(url)
        cut = Cut(at=at, answered=answered, for_good=True)
        with LdapProxy(slapd_server.port, cut=cut) as proxy, suppress(StorageUnavailable):
            directory(url, port=proxy.port).checkpoint(large=True, deadline_s=None)
            finished = True
        after = directory(url)
        assert ledger(after) == expected, at
        after.checkpoint(large=True, deadline_s=None)
        assert ledger(after) == expected, at
        slapd_server.drop_base(url)
    assert at > 6


@pytest.mark.parametrize("answered", SIDES)
def test_a_large_commit_may_be_killed_at_any_request(slapd_server: SlapdServer, slapd_url: str, answered: bool):
    made = new_ledger(slapd_url)
    at, finished = 0, False
    while not finished:
        at += 1
        before, (number, _commit_id) = ledger(made), made.position()
        changes = large_changes(str(at))
        cut = Cut(at=at, answered=answered, for_good=True)
        with LdapProxy(slapd_server.port, cut=cut) as proxy, suppress(StorageUnavailable):
            commit(directory(slapd_url, port=proxy.port, timeout_s=3), *changes)
            finished = True
        landed = made.position()[0] - number
        assert landed in (0, 1)
        assert ledger(made) == ({**before, **replayed([changes])} if landed else before), at
    assert at > 2


def test_a_server_that_is_killed_keeps_what_it_has_confirmed(lab_folder: Path):
    server = SlapdServer(lab_folder / "slapd", flush=True)
    try:
        server.start()
        url = server.new_base()
        made = new_ledger(url)
        for changes in history():
            commit(made, *changes)
        server.kill()
        with pytest.raises(StorageUnavailable):
            made.position()
        server.start()
        assert ledger(made) == replayed(history())
        made.check()
    finally:
        server.stop()


def test_a_server_that_accepts_and_says_nothing_is_given_up():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(8)
        for scheme, options in (("ldap", ""), ("ldap", "&starttls=yes"), ("ldaps", "")):
            url = f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/ou=x?bind_dn=cn%3Dx{options}"
            url = url.replace("//", "//:secret@", 1)
            with pytest.raises(StorageUnavailable) as caught:
                directory(url, timeout_s=0.3).position()
            assert "secret" not in str(caught.value)


def test_a_server_that_agrees_to_encrypt_and_then_says_nothing_is_given_up():
    agreed = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"  # ExtendedResponse: success
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            client, _address = listener.accept()
            with client:
                client.recv(1024)
                client.sendall(agreed)
                while client.recv(1024):
                    pass

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        url = f"ldap://:x@127.0.0.1:{listener.getsockname()[1]}/ou=x?bind_dn=cn%3Dx&starttls=yes"
        with pytest.raises(StorageUnavailable, match=r"no answer in 0\.3 s; check that the directory runs"):
            directory(url, timeout_s=0.3).position()
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x84\x7f\xff\xff\xff\x02", b"\x30\x05\x02\x01\x01\x61\x00", b""],
)
def test_a_server_that_talks_nonsense_is_an_error_of_the_ledger(said: bytes):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            for _connection in range(2):
                client, _address = listener.accept()
                with client:
                    client.recv(1)
                    client.sendall(said)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        there = directory(f"ldap://:x@127.0.0.1:{listener.getsockname()[1]}/ou=x?bind_dn=cn%3Dx", timeout_s=0.3)
        for _connection in range(2):
            with pytest.raises(StorageError):
                there.position()
        thread.join(60)
