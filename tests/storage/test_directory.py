# SPDX-License-Identifier: Apache-2.0
"""A ledger in a real directory: commits, checkpoints, rows."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.ldap_proxy import LdapProxy
from lab.slapd import SlapdServer
from pagetoll.core.errors import SchemaMismatch, StorageConflict, StorageError
from pagetoll.storage.ldap import checkpoints
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.directory import Directory
from pagetoll.storage.ldap.row_writes import BATCH_ROWS
from pagetoll.storage.sql.schema import SCHEMA_VERSION
from storage.directories import commit, directory, large_changes, ledger, new_ledger, no_role, replayed, role

TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LATER_VERSION = "9999"


def test_where_nothing_was_made_there_is_no_ledger(slapd_url: str):
    with pytest.raises(SchemaMismatch, match="run: pagetoll init"):
        directory(slapd_url).position()


def test_a_new_ledger_is_empty_and_made_once(slapd_url: str):
    first = new_ledger(slapd_url)
    head = first.head()
    new_ledger(slapd_url)
    assert (head.number, head.pending, head.schema_version) == (0, (), SCHEMA_VERSION)
    assert first.position() == (0, head.ledger_id.replace("-", ""))
    assert first.head() == head
    assert ledger(first) == {}
    first.check()


def test_the_base_itself_is_added_where_it_is_an_organizational_unit(slapd_server: SlapdServer, slapd_url: str):
    base = slapd_server.base(slapd_url)
    below = slapd_server.url(f"ou=toll,{base}")
    new_ledger(below).check()
    with pytest.raises(StorageError, match=f"add the entry cn=toll,{base} to the directory first"):
        new_ledger(slapd_server.url(f"cn=toll,{base}"))


def test_a_commit_is_read_as_it_was_written(slapd_url: str):
    made = new_ledger(slapd_url)
    after = made.position()
    assert made.commit(after, "first", [role("anna"), no_role("bob")]) == 1
    assert made.commit((1, "first"), "second", [role("anna", by="carl")]) == 2
    head = made.head()
    assert [(each.number, each.commit_id, each.previous_id) for each in head.pending] == [
        (1, "first", after[1]),
        (2, "second", "first"),
    ]
    assert head.pending[0].changes == (role("anna"), no_role("bob"))
    assert [each.number for each in made.head(1).pending] == [2]
    assert made.position() == (2, "second")


@pytest.mark.parametrize("stale", [(0, "other"), (1, "other"), (7, "first"), (2, "first"), (1, "*")])
def test_a_commit_behind_another_than_the_newest_conflicts(slapd_url: str, stale: tuple[int, str]):
    made = new_ledger(slapd_url)
    made.commit(made.position(), "first", [role("anna")])
    with pytest.raises(StorageConflict):
        made.commit(stale, "second", [role("anna", by="x")])
    assert made.position() == (1, "first")
    assert ledger(made) == replayed([[role("anna")]])


def test_a_checkpoint_moves_commits_into_the_rows_entries(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    commits = [[role(f"user{number % 5}", by=str(number)), no_role("user3")] for number in range(40)]
    due = []
    for changes in commits:
        commit(made, *changes)
        due.append(made.checkpoint_due())
    assert due == [False] * 32 + [True] * 8
    assert made.checkpoint(large=False, deadline_s=None) == 40
    assert not made.checkpoint_due()
    assert [each.number for each in made.head().pending] == list(range(33, 41))
    assert {change.key: change.row for _number, change in made.rows_since(0)} == {
        ("user0", "admin"): role("user0", by="35").row,
        ("user1", "admin"): role("user1", by="36").row,
        ("user2", "admin"): role("user2", by="37").row,
        ("user3", "admin"): None,
        ("user4", "admin"): role("user4", by="39").row,
    }
    assert {number for number, _change in made.rows_since(37)} == {38, 40}
    assert made.checkpoint(large=False, deadline_s=None) == 0
    assert ledger(made) == replayed(commits)
    assert "pagetollGrantedBy: 39" in slapd_server.search(slapd_server.base(slapd_url), "(pagetollUserName=user4)")


def test_what_another_process_has_checkpointed_is_checkpointed_again_in_vain(slapd_url: str):
    made, other = new_ledger(slapd_url), directory(slapd_url)
    commit(made, role("anna"), role("bob"))
    commit(made, role("anna", by="carl"), no_role("bob"))
    before = ledger(made)
    assert made.checkpoint(large=False, deadline_s=None) == 2
    assert other.checkpoint(large=False, deadline_s=None) == 2
    assert ledger(other) == before


def test_a_row_may_be_deleted_and_come_back(slapd_url: str):
    made = new_ledger(slapd_url)
    commits = [[role("anna")], [no_role("anna")], [role("anna", by="again")], [no_role("bob")]]
    for changes in commits:
        commit(made, *changes)
        made.checkpoint(large=False, deadline_s=None)
    assert ledger(made) == replayed(commits)


def test_a_large_commit_lies_in_parts_until_it_is_checkpointed(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    base = slapd_server.base(slapd_url)
    changes = large_changes()
    commit(made, role("early"))
    commit(made, *changes)
    commit(made, role("user5", by="later"), role("late"))
    parts = slapd_server.search(base, "(objectClass=pagetollPart)", "dn").count("dn:")
    assert parts > 1
    assert made.head(1).pending[0].changes == tuple(changes)
    expected = replayed([[role("early")], changes, [role("user5", by="later"), role("late")]])
    assert ledger(made) == expected
    assert made.checkpoint(large=False, deadline_s=None) == 2
    assert ledger(made) == expected
    assert made.checkpoint(large=True, deadline_s=None) == 1
    assert ledger(made) == expected
    assert [each.number for each in made.head().pending] == [3]
    assert slapd_server.search(base, "(objectClass=pagetollPart)", "dn") == ""


def test_a_large_commit_that_lost_the_race_leaves_no_parts(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    after = made.position()
    commit(made, role("anna"))
    with pytest.raises(StorageConflict):
        made.commit(after, "second", large_changes())
    assert slapd_server.search(slapd_server.base(slapd_url), "(objectClass=pagetollPart)", "dn") == ""


def test_a_checkpoint_goes_on_where_its_deadline_stopped_the_one_before(slapd_url: str):
    made = new_ledger(slapd_url)
    changes = [role(f"user{number}") for number in range(3 * BATCH_ROWS)]
    commit(made, role("user0", by="early"))
    commit(made, *changes)
    done = []
    while made.head().pending and sum(done) < 2:
        done.append(made.checkpoint(large=True, deadline_s=0))
        assert len(list(made.rows_since(0))) == BATCH_ROWS * len(done)
    assert len(done) == 3
    assert ledger(made) == replayed([changes])


def test_more_rows_than_the_servers_limits_for_one_search_come_by_pages(slapd_url: str):
    made = new_ledger(slapd_url)
    changes = [role(f"user{number}") for number in range(603)]
    commit(made, *changes)
    assert made.checkpoint(large=True, deadline_s=None) == 1
    assert len(list(made.rows_since(0))) == 603
    assert ledger(made) == replayed([changes])


def test_upkeep_purges_old_deletions_and_parts_that_no_commit_names(slapd_server: SlapdServer, slapd_url: str):
    made = new_ledger(slapd_url)
    base = slapd_server.base(slapd_url)
    slapd_server.add(f"dn: cn=lost-0,ou=parts,{base}\nobjectClass: pagetollPart\ncn: lost-0\npagetollPartOctets: x\n")
    commit(made, role("anna"), no_role("bob"))
    for number in range(checkpoints.KEPT_COMMITS):
        commit(made, role(str(number)), no_role("young"))
    commit(made, *large_changes())
    made.checkpoint(large=False, deadline_s=None)
    assert made.purge(gone_before=YESTERDAY, parts_before=YESTERDAY) == 0
    assert made.head().purged == 0
    # “young” stays: commits that are pending still may have the row as it was before
    assert made.purge(gone_before=TOMORROW, parts_before=TOMORROW) == 2
    assert made.head().purged == 1
    gone = {change.key for _number, change in made.rows_since(0) if change.row is None}
    assert gone == {("young", "admin")}
    assert len(made.head().pending[-1].changes) == len(large_changes())
    assert made.purge(gone_before=TOMORROW, parts_before=TOMORROW) == 0


def test_a_clock_that_is_ahead_of_the_directorys_purges_nothing_too_early(slapd_url: str):
    def in_a_year() -> datetime:
        return datetime.now(UTC) + timedelta(days=365)

    made = new_ledger(slapd_url)
    commit(made, no_role("anna"))
    for number in range(checkpoints.KEPT_COMMITS):
        commit(made, role(str(number)))
    made.checkpoint(large=False, deadline_s=None)
    ahead = Directory(Address.parse(slapd_url), timeout_s=30, clock=in_a_year)
    week_ago = in_a_year() - timedelta(days=7)
    assert ahead.purge(gone_before=week_ago, parts_before=week_ago) == 0
    assert made.purge(gone_before=TOMORROW, parts_before=TOMORROW) == 1


def test_a_row_whose_deletion_was_purged_may_come_back(slapd_url: str):
    made = new_ledger(slapd_url)
    commit(made, no_role("anna"))
    for number in range(checkpoints.KEPT_COMMITS):
        commit(made, role(str(number)))
    made.checkpoint(large=False, deadline_s=None)
    made.purge(gone_before=TOMORROW, parts_before=TOMORROW)
    commit(made, role("anna", by="again"))
    made.checkpoint(large=False, deadline_s=None)
    assert ledger(made)["roles", ("anna", "admin")] == role("anna", by="again").row


def test_a_commit_may_set_the_version_of_the_tables(slapd_url: str):
    made = new_ledger(slapd_url)
    made.commit(made.position(), "upgrade", [role("anna")], schema_version=LATER_VERSION)
    assert made.head().schema_version == LATER_VERSION
    for work in (lambda: made.checkpoint(large=True, deadline_s=None), lambda: commit(made, role("bob"))):
        with pytest.raises(SchemaMismatch, match="run: pagetoll init"):  # this Pagetoll knows only what came before
            work()
    assert made.position() == (1, "upgrade")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([role("anna", at=2**63)], "roles.granted_at cannot hold 9223372036854775808"),
        ([role("anna", at="soon")], "roles.granted_at cannot hold 'soon'"),
        ([role("anna", by="x" * 4_000_000)], "a row of roles has 4000009 octets"),
    ],
)
def test_rows_that_no_entry_can_hold_are_refused_before_anything_is_written(slapd_url: str, changes: list, says: str):
    made = new_ledger(slapd_url)
    with pytest.raises(StorageError, match=says):
        commit(made, *changes)
    assert made.position()[0] == 0


def test_after_an_outage_nothing_is_taken_for_written_that_the_server_does_not_have(
    slapd_server: SlapdServer, slapd_url: str
):
    """A stand-by may have come up that lacks a row entry, and still has the commit pending."""
    with LdapProxy(slapd_server.port) as proxy:
        made = directory(slapd_url, port=proxy.port)
        made.create(SCHEMA_VERSION)
        commit(made, role("anna"))
        assert made.checkpoint(large=False, deadline_s=None) == 1
        slapd_server.change(
            f"dn: pagetollRow=anna/admin,ou=roles,{slapd_server.base(slapd_url)}\nchangetype: delete\n"
        )
        assert made.checkpoint(large=False, deadline_s=None) == 0
        proxy.close_all()
        assert made.checkpoint(large=False, deadline_s=None) == 1
        assert [change for _number, change in made.rows_since(0)] == [role("anna")]
