# SPDX-License-Identifier: Apache-2.0
"""The acceptance cases of PyKota's own documents for quotas and balances, with real jobs: Q9 to Q13, B1 to B4."""

from collections.abc import Iterator

import pytest

from lab.documents import postscript_document
from lab.mail_server import MailServer, mail_server
from lab.site import Site
from pagetoll.core.policy import Verdict
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

GROUP = "impGpe"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def school(site: Site, raw_sink: RawSink, server: MailServer) -> Site:
    """Queues h4 and imp under PyKota's rules, and a mail server."""
    folder = site.folder / "pykota"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "pykota.conf").write_text(
        f"""[global]
smtpserver : {server.address}
maildomain : school.example
mailto : user
balancezero : 0.0
poorman : 2.0
poorwarn : Your credit is low.
softwarn : You are over your soft limit.
hardwarn : You have printed enough.

[imp]
gracedelay : 0
"""
    )
    site.configure(f'pykota_home = "{folder}"')
    site.run("pkprinters", "-a", "h4", "imp")
    for queue in ("h4", "imp"):
        site.cups.add_queue(queue, f"cupspykota:{raw_sink.device_uri}")
    return site


def print_on(site: Site, queue: str, pages: int, user: str) -> tuple[JobState, Verdict]:
    job_id = site.cups.submit(queue, postscript_document(pages), user=user)
    state = site.cups.wait_job(job_id)
    (attempt,) = site.attempts(job_id)
    assert isinstance(state, JobState)
    return state, Verdict(attempt.verdict)


def used(site: Site, user: str, queue: str, pages: int) -> None:
    site.run("edpykota", "-P", queue, "-U", str(pages), user)


PRINTED, REFUSED = JobState.COMPLETED, JobState.CANCELED


def told(server: MailServer, number: int) -> list[str]:
    wait_until(lambda: len(server.taken) >= number, 60, "the mails have come")
    return [mail.text.partition("\n\n--")[0] for mail in server.taken]


def test_between_the_limits_a_user_is_warned_and_beyond_them_refused(school: Site, server: MailServer) -> None:
    """Q9, Q10, Q11."""
    school.add_user("jerome", ["h4", "imp"], soft=200, hard=220)
    used(school, "jerome", "h4", 199)
    assert print_on(school, "h4", 1, "jerome") == (PRINTED, Verdict.ALLOW)
    assert print_on(school, "h4", 1, "jerome") == (PRINTED, Verdict.WARN)
    used(school, "jerome", "h4", 219)
    assert print_on(school, "h4", 1, "jerome") == (PRINTED, Verdict.WARN)
    assert print_on(school, "h4", 1, "jerome") == (REFUSED, Verdict.REFUSE)
    soft, hard = "You are over your soft limit.", "You have printed enough."
    assert told(server, 3) == [soft, soft, hard]
    assert server.taken[0].recipients == ("jerome@school.example",)


def test_after_the_grace_time_a_user_between_the_limits_is_refused(school: Site) -> None:
    """Q10: on imp the grace time is over as soon as it has begun."""
    school.add_user("jerome", ["imp"], soft=200, hard=220)
    used(school, "jerome", "imp", 200)
    assert print_on(school, "imp", 1, "jerome") == (PRINTED, Verdict.WARN)
    assert print_on(school, "imp", 1, "jerome") == (REFUSED, Verdict.REFUSE)


def test_on_a_new_printer_without_an_entry_the_policy_applies(school: Site) -> None:
    """Q12: deny unless said otherwise."""
    school.add_user("jerome", ["h4"])
    assert print_on(school, "imp", 1, "jerome") == (REFUSED, Verdict.REFUSE)


def test_pages_on_two_printers_count_on_their_group(school: Site) -> None:
    """Q13."""
    school.run("pkprinters", "-a", GROUP)
    school.run("pkprinters", "-g", GROUP, "h4", "imp")
    school.add_user("jerome", ["h4", "imp"])
    school.run("edpykota", "-a", "-P", GROUP, "-S", "5", "-H", "5", "jerome")
    assert print_on(school, "h4", 3, "jerome") == (PRINTED, Verdict.ALLOW)
    assert print_on(school, "imp", 2, "jerome") == (PRINTED, Verdict.ALLOW)
    assert print_on(school, "h4", 1, "jerome") == (REFUSED, Verdict.REFUSE)
    listing = school.run("edpykota", "-L", "-P", GROUP, "jerome").stdout
    assert "5" in listing
    school.audit()


def balance(site: Site, user: str) -> str:
    with site.ledger() as ledger:
        view = ledger.charge_view("h4", user, {}, site_rule())
        figures = ledger.job_figures(view.printer_id, view.user_id)
    assert figures.user is not None
    return f"{figures.user.balance / 1_000_000:.2f}"


def site_rule():  # type: ignore[no-untyped-def]
    from pagetoll.core.policy import Rule

    return Rule()


@pytest.mark.parametrize(
    ("price", "entries", "left"),
    [
        (["1.0"], ["h4", GROUP], "194.90"),  # B1
        (["1.0"], ["h4"], "199.90"),  # B2
        (["0.05,0.1"], ["h4", GROUP], "199.55"),  # B3: a price on the group
    ],
)
def test_a_job_costs_what_its_printers_with_entries_say(
    school: Site, price: list[str], entries: list[str], left: str
) -> None:
    school.run("pkprinters", "-a", GROUP)
    school.run("pkprinters", "-g", GROUP, "h4")
    school.run("pkprinters", "-c", "0")
    school.run("pkprinters", "-c", *price, GROUP)
    school.add_user("quidam", entries)
    school.run("pkusers", "-l", "balance", "-b", "199.9", "quidam")
    assert print_on(school, "h4", 5, "quidam")[0] is PRINTED
    assert balance(school, "quidam") == left
    school.audit()


def test_a_balance_at_zero_refuses_and_a_small_one_warns(school: Site, server: MailServer) -> None:
    """B4, with credits of 1 a page."""
    school.run("pkprinters", "-c", "1.0", "h4")
    school.add_user("quidam", ["h4"])
    school.run("pkusers", "-l", "balance", "-b", "4", "quidam")
    seen = [print_on(school, "h4", 1, "quidam") for _ in range(5)]
    assert [state for state, _ in seen] == [PRINTED] * 4 + [REFUSED]
    assert [verdict for _, verdict in seen] == [
        Verdict.ALLOW,
        Verdict.ALLOW,
        Verdict.WARN,
        Verdict.WARN,
        Verdict.REFUSE,
    ]
    low, none = "Your credit is low.", "You have printed enough."
    assert told(server, 3) == [low, low, none]
    assert balance(school, "quidam") == "0.00"
