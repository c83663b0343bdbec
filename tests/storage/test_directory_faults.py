# SPDX-License-Identifier: Apache-2.0
"""What is said where a directory is damaged, refuses something, or lets nobody in."""

from pathlib import Path

import pytest

from lab.slapd import ACCOUNT, SlapdServer
from pagetoll.core.errors import StorageError, StorageUnavailable
from pagetoll.storage.ldap.row_writes import BATCH_ROWS
from storage.directories import commit, directory, large_changes, new_ledger, role

DAMAGES = [
    ("pagetollPending", "nonsense"),
    ("pagetollPending", "1 1 a b 10 here"),
    ("pagetollHead", "-5"),
    ("pagetollCommitId", "an id with blanks"),
    ("pagetollLedgerId", "*"),
    ("pagetollPurged", "1234567890123456789012"),
    ("pagetollFormat", "2"),
]


@pytest.mark.parametrize(("attribute", "value"), DAMAGES)
def test_a_damaged_head_is_named(slapd_server: SlapdServer, slapd_url: str, attribute: str, value: str):
    made = new_ledger(slapd_url)
    commit(made, role("anna"))
    base = slapd_server.base(slapd_url)
    slapd_server.change(f"dn: cn=ledger,{base}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
    said = "format 2; upgrade" if attribute == "pagetollFormat" else f"the entry cn=ledger,{base} is damaged"
    for work in (made.head, lambda: made.checkpoint(large=True, deadline_s=None)):
        with pytest.raises(StorageError, match=said):
            work()


def test_a_large_commit_that_lacks_a_part_is_named(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    commit(made, *large_changes())
    base = slapd_server.base(slapd_url)
    name = slapd_server.search(base, "(cn=*-1)", "cn").partition("cn: ")[2].split()[0]
    slapd_server.change(f"dn: cn={name},ou=parts,{base}\nchangetype: delete\n")
    for work in (made.head, lambda: made.checkpoint(large=True, deadline_s=None)):
        with pytest.raises(StorageError, match=f"the entry cn=ledger,{base} is damaged"):
            work()


ROW_DAMAGES = ["delete: pagetollGrantedAt", "replace: pagetollGrantedAt\npagetollGrantedAt: 123456789012345678901",
               "replace: pagetollUserName\npagetollUserName: bob"]  # fmt: skip


@pytest.mark.parametrize("damage", ROW_DAMAGES)
def test_a_damaged_row_is_named(slapd_server: SlapdServer, slapd_url: str, damage: str):
    made = new_ledger(slapd_url)
    commit(made, role("anna"))
    made.checkpoint(large=False, deadline_s=None)
    dn = f"pagetollRow=anna/admin,ou=roles,{slapd_server.base(slapd_url)}"
    slapd_server.change(f"dn: {dn}\nchangetype: modify\n{damage}\n")
    with pytest.raises(StorageError, match=f"the entry {dn} is damaged"):
        list(made.rows_since(0))


def test_a_row_of_a_commit_that_there_never_was_is_named(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    commit(made, role("anna"))
    made.checkpoint(large=False, deadline_s=None)
    dn = f"pagetollRow=anna/admin,ou=roles,{slapd_server.base(slapd_url)}"
    slapd_server.change(f"dn: {dn}\nchangetype: modify\nreplace: pagetollChanged\npagetollChanged: 2\n")
    with pytest.raises(StorageError, match=f"the entry {dn} is damaged"):
        list(made.rows_since(0))


class HidingServer(SlapdServer):
    """Whose rules let the print servers write which commit a row is from, and not see it."""

    def _database_lines(self) -> list[str]:
        *lines, last = super()._database_lines()
        return [*lines, f'access to attrs=pagetollChanged by dn.exact="{ACCOUNT}" =w by * none', last]


def test_where_rules_hide_an_attribute_nothing_is_taken_for_written(lab_folder: Path):
    """An assertion about what may not be seen fails as one does that is untrue."""
    server = HidingServer(lab_folder / "slapd")
    try:
        server.start()
        made = new_ledger(server.new_base())
        commit(made, role("anna"))
        made.checkpoint(large=False, deadline_s=None)
        commit(made, role("anna", by="later"))
        with pytest.raises(StorageError, match=r"is damaged \(pagetollChanged\)"):
            made.checkpoint(large=False, deadline_s=None)
        assert [each.number for each in made.head().pending] == [1, 2]
    finally:
        server.stop()


class RefusingServer(SlapdServer):
    """Whose rules let the print servers write all rows but one."""

    def _database_lines(self) -> list[str]:
        *lines, last = super()._database_lines()
        return [*lines, 'access to dn.regex="^pagetollRow=user1/" by * none', last]


def test_one_row_that_is_refused_keeps_back_no_other(lab_folder: Path):
    server = RefusingServer(lab_folder / "slapd")
    try:
        server.start()
        made = new_ledger(server.new_base())
        commit(made, *(role(f"user{number}") for number in range(2 * BATCH_ROWS)))
        commit(made, role("late"))
        for _again in range(2):
            with pytest.raises(StorageError, match="let it read and write there"):
                made.checkpoint(large=False, deadline_s=None)
            assert len(list(made.rows_since(0))) == 2 * BATCH_ROWS
        # what others have checkpointed is dropped, whatever was refused
        assert [each.number for each in made.head().pending] == [1, 2]
    finally:
        server.stop()


def test_a_server_without_the_schema_names_the_file_to_load(lab_folder: Path):
    server = SlapdServer(lab_folder / "slapd", with_schema=False)
    try:
        server.start()
        with pytest.raises(StorageError, match="does not know pagetollHead; load Pagetoll's schema"):
            new_ledger(server.new_base())
    finally:
        server.stop()


def test_a_wrong_password_is_said_without_it(slapd_server: SlapdServer, slapd_url: str, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    url = slapd_server.url(slapd_server.base(slapd_url), password_file=str(secret))
    with pytest.raises(StorageUnavailable, match="Invalid credentials; check bind_dn and its password") as caught:
        directory(url).position()
    assert "hunter2" not in str(caught.value)


def test_a_password_is_octets_and_none_of_them_is_said(slapd_server: SlapdServer, slapd_url: str, tmp_path: Path):
    """RFC 4513 §5.1.3; UTF-8 or not."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"hunter\xff\n")
    url = slapd_server.url(slapd_server.base(slapd_url), password_file=str(secret))
    with pytest.raises(StorageUnavailable, match="Invalid credentials; check bind_dn and its password") as caught:
        directory(url).position()
    assert "0xff" not in str(caught.value)


@pytest.mark.parametrize(("text", "says"), [("", "the password is empty"), (None, "must be readable")])
def test_a_password_file_must_have_one(
    slapd_server: SlapdServer, slapd_url: str, tmp_path: Path, text: str | None, says: str
):
    secret = tmp_path / "secret"
    if text is not None:
        secret.write_text(text)
    url = slapd_server.url(slapd_server.base(slapd_url), password_file=str(secret))
    with pytest.raises(StorageUnavailable, match=says):
        directory(url).position()
