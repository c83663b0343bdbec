# SPDX-License-Identifier: Apache-2.0
"""A ledger that was put back into its directory from a copy, as docs/howto/ldap-ledger.md says."""

import re
import sqlite3
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from contract.books import Books
from contract.mirrors import another_print_server, neighbour, of_directory, prove, rows_in
from lab.slapd import SlapdServer
from pagetoll.core.errors import StorageError
from pagetoll.storage.sql.schema import roles


@pytest.fixture
def here(ldap_ledger: str) -> Iterator[Books]:
    books = neighbour(ldap_ledger)
    yield books
    books.close()


def grant(books: Books, *names: str) -> None:
    """One commit for each."""
    for name in names:
        row = {"user_name": name, "role": "admin", "granted_by": "root", "granted_at": 1}
        books.database.write(lambda connection, row=row: connection.execute(insert(roles).values(row)))


def put_back(server: SlapdServer, base: str, copy: str) -> None:
    """Deletes what is below `base`, and adds the copy under a new id of the ledger."""
    names = re.findall(r"^dn: (.*)$", server.search(base, "1.1"), re.MULTILINE)
    server.change("\n".join(f"dn: {name}\nchangetype: delete\n" for name in reversed(names)))
    server.add(re.sub(r"(?m)^pagetollLedgerId: .*$", f"pagetollLedgerId: {uuid.uuid4()}", copy))


def test_a_mirror_of_commits_that_are_lost_is_made_anew(slapd_server: SlapdServer, here: Books, there: Books) -> None:
    """Though it looks again only when the ledger has come past it, and the directory knows no more of those times."""
    grant(here, "anna", "bob")
    base = slapd_server.base(here.url)
    copy = slapd_server.search(base)
    grant(here, "lost", "lost too")
    assert ("roles", ("lost", "admin")) in rows_in(here)
    put_back(slapd_server, base, copy)
    grant(there, *(f"user{number}" for number in range(60)))
    assert ("roles", ("lost", "admin")) not in rows_in(here)
    assert rows_in(here) == rows_in(there)
    grant(here, "carl")
    prove(here, there)


def test_new_ids_have_all_mirrors_made_anew_also_those_that_are_where_the_head_is(
    slapd_server: SlapdServer, here: Books, there: Books
) -> None:
    """After a takeover a mirror may have rows of commits that the new server never had, and come past them."""
    grant(here, "anna", "bob")
    right = rows_in(there)
    with sqlite3.connect(of_directory(here).mirror.file) as connection:
        connection.execute("INSERT INTO roles VALUES ('lost', 'admin', 'root', 1)")
    connection.close()
    assert rows_in(here) != right
    slapd_server.change(
        f"dn: cn=ledger,{slapd_server.base(here.url)}\nchangetype: modify\n"
        f"replace: pagetollLedgerId\npagetollLedgerId: {uuid.uuid4()}\n-\n"
        f"replace: pagetollCommitId\npagetollCommitId: {uuid.uuid4()}\n"
    )
    assert rows_in(here) == rows_in(there) == right
    grant(here, "carl")
    grant(there, "dora")
    prove(here, there)


def test_an_entry_that_lost_a_column_is_named(slapd_server: SlapdServer, here: Books) -> None:
    grant(here, *(f"user{number}" for number in range(20)))
    of_directory(here).tidy()
    dn = f"pagetollRow=user1/admin,ou=roles,{slapd_server.base(here.url)}"
    slapd_server.change(f"dn: {dn}\nchangetype: modify\ndelete: pagetollGrantedAt\n")
    late = another_print_server(slapd_server, here)
    with pytest.raises(StorageError, match=f"the entry {dn} is damaged"):
        rows_in(late)
    late.close()
