# SPDX-License-Identifier: Apache-2.0
"""Jobs through the real lpd of LPRng with our program as its start and end program and as its filter."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.fixtures import new_lab_folder
from lab.lprng import NoLprng, PrivateLpd, unpack
from lab.site import Site
from pagetoll.core.jobs import AttemptState, ChargeRule, Identified, Outcome
from pagetoll.core.lprng_records import Record, parse
from pagetoll.integrations.printlab.processes import accepts_connections, free_port, wait_until
from pagetoll.ports import AttemptRecord

CONFIGURATION = """
wait_s = 1
upkeep_interval_s = 5
[queue.held]
on_limit = "hold"
[queue.server]
unknown_size = "allow"
[queue.hooked]
prehook = { shell = "echo before $PYKOTAUSERNAME >>HOOKS" }
posthook = { shell = "echo after $PYKOTAUSERNAME $PYKOTAACTION >>HOOKS" }
[queue.away-retry]
on_failure = "retry"
[queue.away-cancel]
on_failure = "cancel"
[queue.away-print]
on_failure = "print_and_journal"
"""
#: A page of PostScript that is long enough to see how far a document was handed over.
PAGE = "%" + "x" * 78 + "\n"
PAGE_OCTETS = 80 * 256
#: What lies in lpd's connection to a device program cannot be taken back.
PAGES_ON_THEIR_WAY = (1 << 18) // PAGE_OCTETS + 1
#: The piece that a filter hands over when it is killed is not counted; it is shorter than a page.
PAGES_LOST_SIGHT_OF = 1


def document(folder: Path, pages: int, name: str = "document.ps") -> Path:
    """A PostScript document of pages that are about 20,000 octets long each."""
    page = PAGE * 255 + "0 0 moveto (x) show showpage\n"
    path = folder / name
    path.write_text("%!PS\n/Helvetica findfont 12 scalefont setfont\n" + page * pages)
    path.chmod(0o644)
    return path


class Shop:
    """A home and its daemon beside an lpd."""

    def __init__(self, folder: Path, site: Site, packages: Path) -> None:
        self.folder, self.site = folder, site
        program = folder / "programs" / "pykota"
        start, end = f":as=|{program} start", f":ae=|{program} end"
        hooks = f":af=acct:{start[1:]}:{end[1:]}"
        ours = f":if={program} filter"
        slow = f":lp=|{folder}/slow"
        self.server_port = free_port()
        self.lpd = PrivateLpd(
            folder / "lpd",
            packages,
            {
                "plain": hooks + ours,
                "held": hooks + ours,
                "slow": hooks + ours + slow,
                "site": hooks + f":if={folder}/filter",
                "counted": hooks + f":if={folder}/counted",
                "words": hooks + ours + ":achk",
                "own": f":af=acct:as=|-${program} start -n$-n -P$-P -j$-j -H$-H:ae=|-${program} end -P$-P" + ours,
                "filter": ":af=acct" + ours,
                "old": f":af=acct:achk:as=|{folder}/programs/lprngpykota:ae=|{folder}/programs/lprngpykota" + ours,
                "piped": f":af=|{program} lines:achk" + ours,
                "server": f":af=localhost%{self.server_port}:achk:if={folder}/passing",
                "hooked": hooks + ours,
                "away-hold": hooks + ours,
                "away-retry": hooks + ours,
                "away-cancel": hooks + ours,
                "away-print": hooks + ours,
            },
        )

    def attempts(self, queue: str) -> list[AttemptRecord]:
        return [one for one in self.site.attempts() if one.facts.ticket.printer == queue]

    def closed(self, queue: str) -> list[AttemptRecord]:
        """The queue's attempts once none of them is open."""

        def all_closed() -> bool:
            found = self.attempts(queue)
            return bool(found) and all(one.state is AttemptState.CLOSED for one in found)

        wait_until(all_closed, 40, f"no attempt of {queue} is open")
        return self.attempts(queue)

    def limit(self, queue: str, pages: int) -> None:
        self.site.run("edpykota", "-S", str(pages), "-H", str(pages), "-P", queue, "anna")


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    folder = new_lab_folder()
    try:
        unpack(folder)
        yield folder
    except NoLprng as error:
        pytest.skip(f"there is no lpd of LPRng: {error}")
    finally:
        shutil.rmtree(folder)


@contextmanager
def furnished(packages: Path) -> Iterator[Shop]:
    folder = new_lab_folder()
    site = Site(folder)
    site.run("pagetoll", "init")
    hooks = folder / "hooks"
    hooks.touch()
    hooks.chmod(0o666)
    site.configure(CONFIGURATION.replace("HOOKS", str(hooks)))
    site.run("pagetoll", "lprng", "install", "--dir", str(folder / "programs"))
    shop = Shop(folder, site, packages)
    try:
        queues = [path.name for path in (shop.lpd.folder / "spool").iterdir()]
        site.run("pkprinters", "-a", "-c", "0.10", *queues)
        site.add_user("anna", queues, 1000, 1000)
        script(folder / "passing", "exec cat\n")
        site.start_daemon()
        shop.lpd.start()
        yield shop
    finally:
        shop.lpd.close()
        site.stop_daemon()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shop(packages: Path) -> Iterator[Shop]:
    with furnished(packages) as place:
        yield place


def script(path: Path, text: str) -> None:
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)


def test_a_job_of_two_files_and_two_copies_is_charged_what_all_of_them_use(shop: Shop) -> None:
    first, second = document(shop.folder, 2, "first.ps"), document(shop.folder, 3, "second.ps")
    shop.lpd.print("plain", first, second, words=("-K2", "-J", "two files", "-R", "physics"))
    shop.lpd.wait_idle("plain")
    (attempt,) = shop.closed("plain")
    assert attempt.outcome is Outcome.COMPLETED
    assert attempt.charge_rule == ChargeRule.PARSED
    assert attempt.charged_impressions == 10
    assert attempt.charged_price == 1_000_000
    assert attempt.facts.ticket.job_name == "two files"
    assert attempt.facts.ticket.billing_code == "physics"
    assert (attempt.facts.user_name, attempt.facts.identified) == ("anna", Identified.CLAIMED)
    assert shop.lpd.output("plain").stat().st_size == 2 * (first.stat().st_size + second.stat().st_size)


def test_a_job_over_the_limit_is_removed_and_nothing_of_it_is_printed(shop: Shop) -> None:
    shop.limit("words", 3)
    shop.lpd.print("words", document(shop.folder, 4))
    shop.lpd.wait_idle("words")
    (attempt,) = shop.closed("words")
    assert attempt.outcome is Outcome.REFUSED
    assert attempt.charged_impressions == 0
    assert shop.lpd.output("words").read_bytes() == b""
    shop.lpd.print("words", document(shop.folder, 3))
    shop.lpd.wait_idle("words")
    assert [one.charged_impressions for one in shop.closed("words")] == [0, 3]


def test_a_held_job_is_printed_and_charged_once_it_is_released(shop: Shop) -> None:
    shop.limit("held", 3)
    shop.lpd.print("held", document(shop.folder, 4))
    wait_until(lambda: "hold" in shop.lpd.jobs("held"), 20, "the job is held")
    assert [one.outcome for one in shop.closed("held")] == [Outcome.PENDING_HELD]
    assert shop.lpd.output("held").read_bytes() == b""
    shop.limit("held", 4)
    shop.lpd.run("lpc", "release", "held")
    shop.lpd.wait_idle("held")
    assert [one.charged_impressions for one in shop.closed("held")] == [0, 4]


def test_a_job_that_a_site_filter_fails_is_charged_when_it_is_tried_again(shop: Shop) -> None:
    again = shop.folder / "lpd" / "tmp" / "again"
    script(shop.folder / "filter", f"[ -e {again} ] && exec cat; touch {again}; exit 32\n")
    shop.lpd.print("site", document(shop.folder, 2))
    shop.lpd.wait_idle("site", 60)
    first, second = shop.closed("site")
    assert (first.charged_impressions, first.charge_rule) == (0, ChargeRule.BACKEND_FAILED)
    assert (first.outcome, first.backend_status) == (Outcome.ABORTED, 32)
    assert (second.charged_impressions, second.charge_rule) == (2, ChargeRule.PARSED)


def slow_device(shop: Shop, octets: int) -> None:
    """The device of the queue `slow` takes so many octets and then rests."""
    out = shop.lpd.output("slow")
    script(shop.folder / "slow", f"head -c {octets} >>{out}\nsleep 60 </dev/null\n")


def quick_device(shop: Shop) -> None:
    script(shop.folder / "slow", f"exec cat >>{shop.lpd.output('slow')}\n")


def test_a_job_removed_in_the_middle_is_charged_for_what_was_handed_over(shop: Shop) -> None:
    slow_device(shop, 5 * PAGE_OCTETS)
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 40))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 5 * PAGE_OCTETS, 20, "five pages have come out")
    shop.lpd.run("lprm", "-Pslow", "-Uanna@localhost", "all", status=None)
    attempt = shop.closed("slow")[before]
    assert attempt.charge_rule == ChargeRule.SPOOL_OFFSET
    assert attempt.outcome is Outcome.CANCELED
    assert 5 - PAGES_LOST_SIGHT_OF <= attempt.charged_impressions <= 5 + PAGES_ON_THEIR_WAY


def test_a_job_whose_lpd_was_killed_is_charged_for_both_times_it_was_printed(shop: Shop) -> None:
    slow_device(shop, 3 * PAGE_OCTETS)
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 20))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 3 * PAGE_OCTETS, 20, "three pages have come out")
    shop.lpd.kill()
    quick_device(shop)
    shop.lpd.start()
    shop.lpd.wait_idle("slow")
    broken, whole = shop.closed("slow")[before:]
    assert broken.charge_rule == ChargeRule.SPOOL_OFFSET
    assert 3 - PAGES_LOST_SIGHT_OF <= broken.charged_impressions <= 3 + PAGES_ON_THEIR_WAY
    assert (whole.charged_impressions, whole.charge_rule) == (20, ChargeRule.PARSED)


def test_a_job_that_lpc_kills_starts_again_as_another_attempt(shop: Shop) -> None:
    slow_device(shop, 3 * PAGE_OCTETS)
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 20))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 3 * PAGE_OCTETS, 20, "three pages have come out")
    quick_device(shop)
    shop.lpd.run("lpc", "kill", "slow")
    shop.lpd.wait_idle("slow")
    broken, whole = shop.closed("slow")[before:]
    assert 3 - PAGES_LOST_SIGHT_OF <= broken.charged_impressions <= 3 + PAGES_ON_THEIR_WAY
    assert whole.charged_impressions == 20


def test_the_daemon_may_be_replaced_while_a_filter_prints(shop: Shop) -> None:
    script(shop.folder / "slow", f"head -c 1000 >>{shop.lpd.output('slow')}; sleep 3; exec cat >/dev/null\n")
    shop.lpd.output("slow").write_bytes(b"")
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 9))
    wait_until(lambda: shop.lpd.output("slow").stat().st_size >= 1000, 20, "the document arrives")
    shop.site.kill_daemon()
    wait_until(lambda: shop.site.daemon_pid() is None, 10, "the killed daemon has gone")
    shop.site.daemon = None
    shop.site.start_daemon()
    shop.lpd.wait_idle("slow")
    assert [one.charged_impressions for one in shop.closed("slow")[before:]] == [9]


def test_a_site_can_name_the_arguments_itself(shop: Shop) -> None:
    shop.lpd.print("own", document(shop.folder, 2))
    shop.lpd.wait_idle("own")
    (attempt,) = shop.closed("own")
    assert (attempt.charged_impressions, attempt.facts.user_name) == (2, "anna")


def test_the_filter_alone_decides_and_settles(shop: Shop) -> None:
    shop.limit("filter", 9)
    pages = document(shop.folder, 2, "a.ps"), document(shop.folder, 1, "b.ps")
    for _ in range(2):
        shop.lpd.print("filter", *pages, words=("-K2",))
        shop.lpd.wait_idle("filter")
    first, second = shop.closed("filter")
    assert (first.charged_impressions, first.outcome) == (6, Outcome.COMPLETED)
    assert second.outcome is Outcome.REFUSED


def test_the_old_name_without_a_word_serves_both_ends(shop: Shop) -> None:
    shop.lpd.print("old", document(shop.folder, 2))
    shop.lpd.wait_idle("old")
    (attempt,) = shop.closed("old")
    assert (attempt.charged_impressions, attempt.charge_rule) == (2, ChargeRule.PARSED)


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
    found = accounting_file(shop, "plain")[:2]
    assert [record.word for record in found] == ["START", "END"]
    assert [record.parts["n"] for record in found] == ["anna", "anna"]
    assert (found[1].parts["p"], found[1].parts["s"], found[1].parts["P"]) == ("10", "0", "plain")
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
    wait_until(lambda: "hold" in shop.lpd.jobs("away-hold"), 20, "the job is held")
    shop.lpd.wait_idle("away-cancel")
    shop.lpd.wait_idle("away-print")
    assert shop.lpd.output("away-print").read_bytes() == pages.read_bytes()
    assert shop.lpd.output("away-cancel").read_bytes() == b""
    shop.lpd.print("away-retry", pages)
    wait_until(lambda: not shop.lpd.is_idle("away-retry"), 10, "lpd has the job")
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
        wait_until(lambda: accepts_connections(("127.0.0.1", shop.server_port)), 20, "the server listens")
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
        assert server.wait(20) == 0


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
