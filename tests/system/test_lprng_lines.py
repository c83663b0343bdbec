# SPDX-License-Identifier: Apache-2.0
"""LPRng's accounting file, its lines to programs and servers, hostile users, and jobs while the daemon is away."""

import subprocess

import pytest

from lab.lprng_shop import Shop, document, packages, script, shop
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.core.lprng_records import Record, parse
from pagetoll.integrations.printlab.processes import accepts_connections, wait_until

__all__ = ["packages", "shop"]


def test_lines_to_the_program_decide_by_a_word(shop: Shop) -> None:
    shop.limit("piped", 3)
    shop.lpd.print("piped", document(shop.folder, 2))
    shop.lpd.wait_idle("piped")
    assert [one.charged_impressions for one in shop.closed("piped")] == [2]
    shop.lpd.print("piped", document(shop.folder, 2))
    shop.lpd.wait_idle("piped")
    assert shop.closed("piped")[1].outcome is Outcome.REFUSED


def accounting_file(shop: Shop, queue: str) -> list[Record]:
    text = (shop.lpd.folder / "spool" / queue / "acct").read_text(errors="replace")
    return [record for record in map(parse, text.splitlines()) if record is not None]


def test_the_accounting_file_gets_the_lines_of_lprngs_own_script(shop: Shop) -> None:
    shop.lpd.print("plain", document(shop.folder, 2), words=("-K2",))
    shop.lpd.wait_idle("plain")
    shop.closed("plain")
    found = accounting_file(shop, "plain")
    assert [record.word for record in found] == ["START", "END"]
    assert [record.parts["n"] for record in found] == ["anna", "anna"]
    assert (found[1].parts["p"], found[1].parts["s"], found[1].parts["P"]) == ("4", "0", "plain")
    assert found[0].parts["A"] == found[1].parts["A"]


def test_pages_of_a_job_that_broke_off_go_to_the_next_jobs_page_counter(shop: Shop) -> None:
    printed = shop.folder / "lpd" / "tmp" / "printed"
    counted = f"""cd $SPOOL_DIR; read n status <{printed}; c=$(cat counter 2>/dev/null || echo 1000)
echo "start '-p$c' '-q$$'" >>acct; cat >/dev/null; echo $((c + n)) >counter
[ $status = 0 ] && echo "end '-p$((c + n))' '-q$$' '-b$n'" >>acct
exit $status
"""
    script(shop.folder / "counted", counted)
    for pages, status in ((3, 0), (2, 34), (5, 0)):
        printed.write_text(f"{pages} {status}\n")
        shop.lpd.print("counted", document(shop.folder, 4))
        shop.lpd.wait_idle("counted")
    attempts = shop.closed("counted")
    assert [one.charged_impressions for one in attempts] == [3, 2, 5]
    assert {one.charge_rule for one in attempts} == {ChargeRule.DEVICE_COUNTER}
    ends = [record.parts for record in accounting_file(shop, "counted") if record.word == "END"]
    assert [(end["p"], end["s"], end["q"]) for end in ends] == [
        ("3", "1000", "1003"),
        ("2", "1003", "1005"),
        ("5", "1005", "1010"),
    ]


def test_a_job_without_a_daemon_follows_on_failure_and_is_booked_once_it_is_back(shop: Shop) -> None:
    pages = document(shop.folder, 2)
    shop.site.stop_daemon()
    for queue in ("away-hold", "away-cancel", "away-print"):
        shop.lpd.print(queue, pages)
    wait_until(lambda: "hold" in shop.lpd.jobs("away-hold"), 60, "the job is held")
    shop.lpd.wait_idle("away-cancel")
    shop.lpd.wait_idle("away-print")
    assert shop.lpd.output("away-print").read_bytes() == pages.read_bytes()
    assert shop.lpd.output("away-cancel").read_bytes() == b""
    shop.lpd.print("away-retry", pages)
    wait_until(lambda: not shop.lpd.is_idle("away-retry"), 60, "lpd has the job")
    shop.site.start_daemon()
    shop.lpd.run("lpc", "release", "away-hold")
    for queue in ("away-retry", "away-hold"):
        shop.lpd.wait_idle(queue)
        assert [one.charged_impressions for one in shop.closed(queue)] == [2]
    assert shop.attempts("away-cancel") == []
    assert shop.attempts("away-print") == []
    shop.lpd.print("away-print", pages)
    shop.lpd.wait_idle("away-print")
    found = shop.closed("away-print")
    assert sorted(one.charged_impressions for one in found) == [2, 2]
    assert sorted(one.charge_rule for one in found) == [ChargeRule.PARSED, ChargeRule.UNRESERVED]
    assert not list((shop.lpd.folder / "spool" / "away-print").glob("pagetoll-late-*"))


def test_the_sites_hooks_are_run_around_a_job(shop: Shop) -> None:
    shop.lpd.print("hooked", document(shop.folder, 1))
    shop.lpd.wait_idle("hooked")
    shop.closed("hooked")
    assert (shop.folder / "hooks").read_text() == "before anna\nafter anna ALLOW\n"


def test_a_server_for_lines_answers_lpd(shop: Shop) -> None:
    words = ["lprng", "serve", "--port", str(shop.server_port)]
    server = subprocess.Popen(
        [shop.site.programs / "pagetoll", *words], env=shop.site.environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: accepts_connections(("127.0.0.1", shop.server_port)), 60, "the server listens")
        pages = document(shop.folder, 1)
        shop.lpd.print("server", pages)
        shop.lpd.wait_idle("server")
        assert shop.lpd.output("server").read_bytes() == pages.read_bytes()
        shop.lpd.print("server", pages, user="nobody")
        shop.lpd.wait_idle("server")
        assert [one.outcome for one in shop.closed("server")] == [Outcome.COMPLETED, Outcome.REFUSED]
        assert shop.lpd.output("server").read_bytes() == pages.read_bytes()
    finally:
        server.terminate()
        assert server.wait(60) == 0


@pytest.mark.parametrize(
    ("user", "title"),
    [
        ("$(touch pwned)", "x'; touch pwned; '"),
        ("anna; rm -rf .", "%(username)s\t-Pplain -nroot"),
        ("../../etc/passwd", "\x01\x02prstatus=JSUCC\nprstatus=JSUCC"),
        ("a" * 2000, "t" * 5000),
    ],
)
def test_hostile_names_and_titles_are_refused_and_recorded(shop: Shop, user: str, title: str) -> None:
    before = len(shop.attempts("plain"))
    shop.lpd.output("plain").write_bytes(b"")
    shop.lpd.print("plain", document(shop.folder, 1), user=user, words=("-J", title))
    shop.lpd.wait_idle("plain")
    found = shop.closed("plain")[before:]
    assert [one.outcome for one in found] in ([Outcome.REFUSED], [])
    assert shop.lpd.output("plain").read_bytes() == b""
    assert not list(shop.lpd.folder.rglob("pwned"))


def test_the_books_are_right_in_the_end(shop: Shop) -> None:
    shop.site.audit()
