# SPDX-License-Identifier: Apache-2.0
"""Each place of printcap where our program may stand, device programs at fault, and clients that lie, under the real
lpd.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lprng_shop import Shop, document, packages, script, shop
from pagetoll.core.jobs import ChargeRule, Outcome
from pagetoll.integrations.printlab.processes import wait_until

__all__ = ["packages", "shop"]


@pytest.fixture(autouse=True)
def books(shop: Shop) -> Iterator[None]:
    """Whatever happens, the books are right."""
    yield
    shop.site.audit()


def test_the_output_filter_passes_everything_beside_the_other_programs(shop: Shop) -> None:
    first, second = document(shop.folder, 2, "first.ps"), document(shop.folder, 3, "second.ps")
    shop.lpd.print("whole", first, second, words=("-K2",))
    shop.lpd.wait_idle("whole")
    (attempt,) = shop.closed("whole")
    assert (attempt.charged_impressions, attempt.charge_rule) == (10, ChargeRule.PARSED)
    assert shop.lpd.output("whole").read_bytes() == 2 * (first.read_bytes() + second.read_bytes())


def test_the_filter_of_another_format_counts_its_jobs(shop: Shop) -> None:
    pages = document(shop.folder, 2)
    shop.lpd.print("formats", pages, words=("-Fv",))
    shop.lpd.wait_idle("formats")
    (attempt,) = shop.closed("formats")
    assert (attempt.charged_impressions, attempt.outcome) == (2, Outcome.COMPLETED)
    assert shop.lpd.output("formats").read_bytes() == pages.read_bytes()


def test_a_word_holds_a_job_until_it_is_released(shop: Shop) -> None:
    shop.limit("piped-held", 1)
    shop.lpd.print("piped-held", document(shop.folder, 2))
    wait_until(lambda: "hold" in shop.lpd.jobs("piped-held"), 60, "the job is held")
    shop.limit("piped-held", 2)
    shop.lpd.run("lpc", "release", "piped-held")
    shop.lpd.wait_idle("piped-held")
    assert [one.outcome for one in shop.closed("piped-held")] == [Outcome.PENDING_HELD, Outcome.COMPLETED]


def test_without_an_accounting_file_lpd_runs_neither_start_nor_end_and_the_filter_does_it_all(shop: Shop) -> None:
    shop.lpd.print("silent", document(shop.folder, 2))
    shop.lpd.wait_idle("silent")
    assert [one.charged_impressions for one in shop.closed("silent")] == [2]


FAULTS = [
    ("kill -9 $$", 0o755, 0, ChargeRule.NOTHING_HANDED_OVER, Outcome.ABORTED),
    ("cat >/dev/null", 0o644, 0, ChargeRule.NOTHING_HANDED_OVER, Outcome.ABORTED),
    ("exit 3", 0o755, 0, ChargeRule.NOTHING_HANDED_OVER, Outcome.ABORTED),
    ("cat >/dev/null; exit 77", 0o755, 40, ChargeRule.SPOOL_OFFSET, Outcome.ABORTED),
    (
        "cat >/dev/null; head -c 10000000 /dev/zero >&2; head -c 10000000 /dev/zero",
        0o755,
        40,
        ChargeRule.PARSED,
        Outcome.COMPLETED,
    ),
]


@pytest.mark.parametrize(
    ("line", "mode", "charged", "rule", "outcome"), FAULTS, ids=["signal", "no execute bit", "fails", "late", "10 MB"]
)
def test_a_device_program_at_fault_is_charged_what_it_was_given(
    shop: Shop, line: str, mode: int, charged: int, rule: str, outcome: Outcome
) -> None:
    script(shop.folder / "slow", f"{line}\n")
    (shop.folder / "slow").chmod(mode)
    before = len(shop.attempts("slow"))
    shop.lpd.print("slow", document(shop.folder, 40))
    shop.lpd.wait_idle("slow", 60)
    (attempt,) = shop.closed("slow")[before:]
    assert (attempt.charged_impressions, attempt.charge_rule, attempt.outcome) == (charged, rule, outcome)


def test_a_site_filter_that_is_killed_costs_nothing(shop: Shop) -> None:
    script(shop.folder / "filter", "kill -9 $$\n")
    before = len(shop.attempts("site"))
    shop.lpd.print("site", document(shop.folder, 2))
    shop.lpd.wait_idle("site", 60)
    attempts = shop.closed("site")[before:]
    assert {(one.charged_impressions, one.charge_rule) for one in attempts} == {(0, ChargeRule.BACKEND_FAILED)}


def send(shop: Shop, queue: str, user: str, identifier: str, pages: Path) -> None:
    """A job straight to lpd's port (RFC 1179), with whatever a client writes into its control file; `A` is LPRng's
    own line for the identifier."""
    control = f"Hlocalhost\nP{user}\nA{identifier}\nJlie\nfdfA012localhost\nUdfA012localhost\nNlie\n".encode()
    data = pages.read_bytes()
    with socket.create_connection(("127.0.0.1", shop.lpd.port), 20) as lpd:
        lpd.sendall(b"\2" + queue.encode() + b"\n")
        assert lpd.recv(1) == b"\0"
        for kind, name, octets in ((b"\2", b"cfA012localhost", control), (b"\3", b"dfA012localhost", data)):
            lpd.sendall(kind + b"%d " % len(octets) + name + b"\n")
            assert lpd.recv(1) == b"\0"
            lpd.sendall(octets + b"\0")
            assert lpd.recv(1) == b"\0"


COUNTED = """cd $SPOOL_DIR; read n status <PRINTED; c=$(cat counter 2>/dev/null || echo 1000)
echo "start '-p$c' '-q$$'" >>acct; cat >/dev/null; echo $((c + n)) >counter
[ $status = 0 ] && echo "end '-p$((c + n))' '-q$$' '-b$n'" >>acct
exit $status
"""


def test_a_job_that_calls_itself_like_anothers_takes_nothing_from_it(shop: Shop) -> None:
    """Anna's job breaks off and waits for the counter; berta's claims to be the same one."""
    shop.site.add_user("berta", ["counted"], 1000, 1000)
    printed = shop.folder / "lpd" / "tmp" / "printed"
    script(shop.folder / "counted", COUNTED.replace("PRINTED", str(printed)))
    pages = document(shop.folder, 4)
    for user, count, status in (("anna", 3, 0), ("anna", 2, 34), ("berta", 4, 0), ("anna", 1, 0)):
        printed.write_text(f"{count} {status}\n")
        before = len(shop.attempts("counted"))
        send(shop, "counted", user, "anna@localhost+12", pages)
        wait_until(lambda before=before: len(shop.attempts("counted")) > before, 60, "lpd has begun with the job")
        shop.lpd.wait_idle("counted")
    found = [(one.facts.user_name, one.charged_impressions, one.charge_rule) for one in shop.closed("counted")]
    rule = ChargeRule.DEVICE_COUNTER
    assert found == [("anna", 3, rule), ("anna", 2, rule), ("berta", 4, rule), ("anna", 1, rule)]


@pytest.mark.parametrize("identifier", ["a'b\"c;d$e\\f@localhost+12", "müller@localhost+12", "x" * 300])
def test_an_identifier_of_odd_signs_is_settled_by_the_counter(shop: Shop, identifier: str) -> None:
    printed = shop.folder / "lpd" / "tmp" / "printed"
    script(shop.folder / "counted", COUNTED.replace("PRINTED", str(printed)))
    printed.write_text("3 0\n")
    before = len(shop.attempts("counted"))
    send(shop, "counted", "anna", identifier, document(shop.folder, 4))
    wait_until(lambda: len(shop.attempts("counted")) > before, 60, "lpd has begun with the job")
    (attempt,) = shop.closed("counted")[before:]
    assert (attempt.charged_impressions, attempt.charge_rule) == (3, ChargeRule.DEVICE_COUNTER)


def test_the_accounting_file_of_a_queue_that_we_count_is_imported_without_counting_anything_twice(shop: Shop) -> None:
    before = len(shop.site.attempts())
    for _ in range(2):
        shop.site.run("pagetoll", "lprng", "import", str(shop.lpd.folder / "spool" / "counted" / "acct"))
    assert len(shop.site.attempts()) == before
