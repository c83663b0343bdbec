# SPDX-License-Identifier: Apache-2.0
"""A mirror's file: whatever its name, whoever replaces it when, and whatever lies beside it."""

from pathlib import Path

import pytest
from sqlalchemy import event

from contract.books import Books
from contract.mirrors import neighbour, prove
from lab.slapd import SlapdServer
from pagetoll.core.errors import StorageUnavailable
from pagetoll.storage.ldap.migrate import upgrade
from pagetoll.storage.ldap.mirror import Mirror, Position, make_mirror, read_position, set_position


@pytest.mark.parametrize("name", ["what?.db", "100%.db", "a%20b.db", "a&b=c.db", "#1.db", "grün.db"])
def test_a_mirror_may_have_any_name(slapd_server: SlapdServer, ldap_ledger: str, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    url = slapd_server.url(slapd_server.base(ldap_ledger), mirror=str(folder / name))
    upgrade(url)
    books = neighbour(url)
    books.user()
    prove(books)
    books.close()
    beside = {f"{name}{end}" for end in ("", "-wal", "-shm", ".lock")}
    assert {file.name for file in folder.iterdir()} <= beside
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_older_ledger_is_brought_up_beside_a_mirror_of_any_name(
    slapd_server: SlapdServer, ldap_ledger: str, tmp_path: Path
) -> None:
    folder = tmp_path / "100%?"
    folder.mkdir()
    head = f"cn=ledger,{slapd_server.base(ldap_ledger)}"
    slapd_server.change(
        f"dn: {head}\nchangetype: modify\nreplace: pagetollSchemaVersion\npagetollSchemaVersion: 0006\n"
    )
    url = slapd_server.url(slapd_server.base(ldap_ledger), mirror=str(folder / "mirror.db"))
    upgrade(url)
    books = Books(url)
    books.ledger.check()
    books.close()
    assert [file.name for file in tmp_path.iterdir()] == [folder.name]


def test_a_mirror_that_is_replaced_while_it_is_opened_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "mirror.db"
    make_mirror(file)
    old = Mirror(file, 5.0)
    with old.engine.begin() as connection:
        set_position(connection, Position("old", 7, "x"))
    old.engine.dispose()
    mirror, beside = Mirror(file, 5.0), Mirror(file, 5.0)
    inodes = []

    def replace(_connection: object, _record: object) -> None:
        if not inodes:
            inodes.append(mirror.inode())
            beside.replace(inodes[0])

    event.listen(mirror.engine, "connect", replace, insert=True)
    with mirror.engine.begin() as connection:
        assert read_position(connection) == Position("", 0, "")
    assert mirror.inode() not in [None, *inodes]
    mirror.engine.dispose()


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    file, target = tmp_path / "mirror.db", tmp_path / "target"
    (tmp_path / "mirror.db.lock").symlink_to(target)
    with pytest.raises(StorageUnavailable, match="check its folder"):
        Mirror(file, 5.0).replace(None)
    assert not target.exists()
