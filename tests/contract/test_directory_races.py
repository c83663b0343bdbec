# SPDX-License-Identifier: Apache-2.0
"""What others do in a directory at the worst moment: between two looks that a print server takes at it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from contract.books import Books
from contract.mirrors import another_print_server, doing, of_directory, prove, rows_in
from contract.test_ledger_crowd import a_crowded_printer
from lab.slapd import SlapdServer
from pagetoll.core.errors import SchemaMismatch


@pytest.fixture
def here(ldap_ledger: str) -> Iterator[Books]:
    books = a_crowded_printer(ldap_ledger, hard=None)
    yield books
    books.close()


@pytest.fixture
def there(slapd_server: SlapdServer, here: Books) -> Iterator[Books]:
    """Another print server, whose mirror has a membership that the first one then ends."""
    books = another_print_server(slapd_server, here)
    books.view()
    here.leave("staff", "anna")
    write_out(here)
    yield books
    books.close()


def write_out(books: Books) -> None:
    """So many commits that who slept finds no more in the head what came before them."""
    for _ in range(15):
        books.print(1)
    of_directory(books).directory.checkpoint(large=True, deadline_s=None)


HEAD = ("pagetollHead", "pagetollCommitId", "pagetollPending")


def head_lines(server: SlapdServer, head: str) -> list[str]:
    return server.search(head, "-s", "base", "(objectClass=*)", *HEAD).strip().splitlines()[1:]


def put_back(server: SlapdServer, head: str, lines: list[str]) -> None:
    """Has the directory where it was: what came since is lost."""
    changes = "".join(
        f"replace: {name}\n" + "".join(f"{line}\n" for line in lines if line.startswith(f"{name}:")) + "-\n"
        for name in HEAD
    )
    server.change(f"dn: {head}\nchangetype: modify\n{changes}")


def once(work: Callable[[], None]) -> Callable[[], None]:
    left = [work]
    return lambda: left.pop()() if left else None


def test_a_deletion_that_is_purged_while_a_mirror_reads_the_rows_is_not_missed(here: Books, there: Books) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    purged: list[int] = []

    def purge() -> None:
        purged.append(of_directory(here).directory.purge(gone_before=soon, parts_before=soon))

    with doing(once(purge), there, "rows_since", before=True):
        assert rows_in(there) == rows_in(here)
    assert purged != [0]
    prove(here, there)


def test_an_upgrade_while_a_mirror_reads_the_rows_is_noticed(
    slapd_server: SlapdServer, here: Books, there: Books
) -> None:
    def upgrade() -> None:
        write_out(here)
        slapd_server.change(
            f"dn: cn=ledger,{slapd_server.base(here.url)}\nchangetype: modify\n"
            "replace: pagetollSchemaVersion\npagetollSchemaVersion: 9999\n"
        )

    with (
        doing(once(upgrade), there, "rows_since", before=True),
        pytest.raises(SchemaMismatch, match="9999"),
    ):
        there.posted()


def test_a_directory_that_goes_back_while_it_is_asked_keeps_no_reader_waiting(
    slapd_server: SlapdServer, here: Books, there: Books
) -> None:
    before = rows_in(here)
    head = f"cn=ledger,{slapd_server.base(here.url)}"
    backup = head_lines(slapd_server, head)
    here.user("carl")
    looks: list[None] = []

    def count() -> None:
        looks.append(None)
        assert len(looks) < 20

    with (
        doing(once(lambda: put_back(slapd_server, head, backup)), there, "position", before=False),
        doing(count, there, "head", before=True),
    ):
        assert rows_in(there) == before


def test_upkeep_notices_a_takeover_by_a_server_that_lacks_commits_before_others_come_past_them(
    slapd_server: SlapdServer, here: Books, there: Books
) -> None:
    head = f"cn=ledger,{slapd_server.base(here.url)}"
    backup = head_lines(slapd_server, head)
    here.user("lost")
    assert [row.name for row in there.catalogue.users()] == ["anna", "lost"]
    put_back(slapd_server, head, backup)
    here.user("kept")
    of_directory(there).tidy()
    write_out(here)
    of_directory(here).tidy()
    assert [row.name for row in there.catalogue.users()] == ["anna", "kept"]
    prove(here, there)
