# SPDX-License-Identifier: Apache-2.0
"""Reports, quotes, billing codes, papers and the verbs of pagetoll, run by the daemon for an ordinary user."""

import os
import pwd
from collections.abc import Iterator

import pytest

from cli.served import furnish, served
from cli.site import AS_ROOT, OTHER_USER, Site, new_site

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
OTHER = pwd.getpwnam(OTHER_USER)
REFUSED = "you are not allowed to do this; it takes an administrator, or one of the roles: "


@pytest.fixture(scope="module")
def shop(fresh_site: Site) -> Iterator[Site]:
    """A furnished site with its daemon, in which the user's entry on hp is over its soft limit."""
    with new_site(fresh_site) as made:
        furnish(made)
        made.do("pkbcodes", "-a", "-D", "second floor", "physics")
        made.do("edpykota", "-U", "15", "-P", "hp", OTHER_USER)
        made.do("edpykota", "-U", "15", "-P", "hp", "anna")
        with served(made):
            yield made


SHOWN = [
    (["pkbcodes", "-l"], ["physics"], []),
    (["repykota"], [OTHER_USER], ["anna"]),
    (["repykota", "anna"], [OTHER_USER], ["anna"]),
    (["repykota", "-g"], ["staff"], ["pupils", "anna"]),
    (["repykota", "-g", "pupils"], ["staff"], ["pupils"]),
    (["pykosd", "-l", "1"], ["Pages used on hp : "], ["anna"]),
    (["pagetoll", "printer", "list"], ["hp", "laser"], []),
    (["pagetoll", "code", "list", "--json"], ["physics"], []),
    (["pagetoll", "user", "list", "anna"], [OTHER_USER], ["anna"]),
    (["pagetoll", "group", "list"], ["staff"], ["pupils"]),
    (["pagetoll", "quota", "list", "--json"], [OTHER_USER], ["anna"]),
    (["pagetoll", "payment", "list"], ["5"], ["anna"]),
    (["pagetoll", "report", "quota"], [OTHER_USER], ["anna"]),
]


@pytest.mark.parametrize(("words", "there", "absent"), SHOWN, ids=lambda value: " ".join(value))
def test_an_ordinary_user_is_shown_what_is_his(shop: Site, words: list[str], there: list[str], absent: list[str]):
    done = shop.run(*words, user=OTHER_USER)
    assert (done.status, done.err) == (0, "")
    assert [text for text in there if text not in done.out] == []
    assert [text for text in absent if text in done.out] == []


def test_what_is_not_his_is_refused(shop: Site):
    for words in (
        ["repykota", "-i", "staff"],
        ["pkbcodes", "-a", "mine"],
        ["pkbcodes", "-r", "physics"],
        ["pkinvoice"],
        ["pkrefund", "-f", "-r", "for me"],
    ):
        done = shop.run(*words, user=OTHER_USER)
        assert (done.status, done.out, REFUSED in done.err) == (254, "", True), words
    for verb in (["user", "grant", "admin", OTHER_USER], ["user", "add", "eve"], ["report", "printed"]):
        done = shop.run("pagetoll", *verb, user=OTHER_USER)
        assert (done.status, done.out, REFUSED in done.err) == (1, "", True), verb


def test_a_quote_counts_the_callers_own_file_and_stdin_and_leaves_another_user_out(shop: Site):
    folder = shop.folder / "documents"
    folder.mkdir()
    os.chown(folder, OTHER.pw_uid, OTHER.pw_gid)
    folder.chmod(0o700)
    document = folder / "two.txt"
    document.write_text("one\fpage two\n")
    own = shop.run("pykotme", "-P", "laser", str(document), user=OTHER_USER)
    assert (own.status, own.err) == (0, "")
    assert "Job size : 2 pages\n" in own.out
    assert "Cost on printer laser : " in own.out
    for_anna = shop.run("pykotme", "-u", "anna", "-P", "laser", str(document), user=OTHER_USER)
    assert for_anna.err == "WARN: --user is for administrators; it was left out\n"
    assert for_anna.out == own.out
    missing = shop.run("pykotme", str(folder / "none"), user=OTHER_USER)
    assert (missing.status, missing.out) == (254, "")
    assert "No such file" in missing.err


def test_a_file_that_only_the_service_user_may_read_is_not_quoted(shop: Site):
    secret = shop.home / "secret.txt"
    secret.write_text("x")
    secret.chmod(0o600)
    os.chown(secret, shop.home.stat().st_uid, -1)
    done = shop.run("pykotme", str(secret), user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    assert "Permission denied" in done.err
    secret.unlink()


def test_his_own_warning_run_tells_him_alone_and_begins_his_grace(shop: Site):
    told = shop.run("warnpykota", "anna", user=OTHER_USER)  # each mail is complained of: there is no mail server
    assert told.out == ""
    assert "anna" not in told.err
    listed = shop.do("edpykota", "-L", "-P", "hp")
    blocks = {block.partition("@")[0]: block for block in listed.split("\n\n")}
    assert "Date limit : None" in blocks["anna"]
    assert "Date limit : None" not in blocks[OTHER_USER]
