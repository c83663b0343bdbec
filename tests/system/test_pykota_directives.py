# SPDX-License-Identifier: Apache-2.0
"""PyKota's directives around a job, each on a queue of its own under a real scheduler, from one pykota.conf.

What a real backend does is a program of the test's: it keeps what it got and ends with the status in its address.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.shared_site import shared_site
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.ports import AttemptRecord
from pagetoll.wire.ipp import JobState, PrinterState

BACKEND = """#!PYTHON -IS
import json, os, sys
if len(sys.argv) > 1:
    queue, status = os.environ["DEVICE_URI"].removeprefix("toy://").split("/")
    document = open(sys.argv[6] if len(sys.argv) > 6 else 0, "rb").read()
    with open("FOLDER/" + queue, "a") as file:
        told = {"user": sys.argv[2], "title": sys.argv[3], "octets": len(document)}
        file.write(json.dumps(told) + "\\n")
    sys.exit(int(status))
"""
HOOK = """#!PYTHON
import json, os, sys
name = os.path.basename(sys.argv[0])
known = {n: v for n, v in os.environ.items() if n.startswith(("PYKOTA", "DEVICE"))}
with open(os.path.dirname(sys.argv[0]) + "/seen", "a") as file:
    file.write(json.dumps([name, sys.argv[1:], known]) + "\\n")
"""
CONF = """
[global]
mailto : nobody
usernamecase : lower
winbind_separator : +
enforcement : strict

[allow]
policy : allow

[external]
policy : external(PROGRAMS/autopykota --initbalance 5.0)

[stranger]
policy : external(HOOKS/enrol "%(username)s" '%(printername)s')

[strip]
striptitle : smbprn.??????
posthook : HOOKS/strip

[twice]
denyduplicates : yes
duplicatesdelay : 600

[twicecommand]
denyduplicates : HOOKS/duplicate; echo "$PYKOTATITLE"
duplicatesdelay : 600

[codes]
unknown_billingcode : deny(HOOKS/code "$PYKOTAJOBBILLING")

[made]
posthook : HOOKS/made

[ticket]
overwrite_jobticket : echo "$PYKOTATITLE"

[loud]
overwrite_jobticket : yes CANCELNOT | head -c 10000000; echo USERNAME=nobody; echo DENY

[charge]
onbackenderror : retry:3:1,charge

[nocharge]
onbackenderror : retry:2:1,nocharge

[banners]
startingbanner : BANNER
endingbanner : BANNER
accountbanner : starting
avoidduplicatebanners : 3600

[denied]
startingbanner : BANNER
maxdenybanners : 1
"""
STATUS_OF = {"charge": 3, "nocharge": 3}
ENDED = (JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED, JobState.PENDING_HELD)
QUEUES = [line[1:-1] for line in CONF.splitlines() if line.startswith("[") and line != "[global]"]
QUEUES += ["plain", "passing", "small"]
COMPLETED, CANCELED = JobState.COMPLETED, JobState.CANCELED
TRACE = "executed-by-mistake"


@dataclass
class School:
    """A site with a queue for each section, and what its printers and commands saw."""

    site: Site

    @property
    def folder(self) -> Path:
        return self.site.folder

    def print(
        self, queue: str, pages: int = 1, *, document: bytes = b"", **job: str
    ) -> tuple[JobState, AttemptRecord]:
        """A job to its end; its state in CUPS and its only attempt."""
        named = {name: job[name] for name in ("user", "title") if name in job}
        options = {"job-billing": job["code"]} if "code" in job else None
        document = document or postscript_document(pages)
        job_id = self.site.cups.submit_ipp(queue, document, options=options, **named)
        known = self.site.attempts
        wait_until(lambda: bool(known(job_id)) and self.site.nothing_is_open(), 60, "everything is settled")
        state = self.site.cups.wait_job(job_id, ENDED)
        (attempt,) = known(job_id)
        return state, attempt

    def printed(self, queue: str) -> list[dict[str, str]]:
        """What the device got, run by run."""
        path = self.folder / "printed" / queue
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def listed(self, program: str, *words: str) -> dict[str, str]:
        """A listing's lines, by what stands before the colon."""
        lines = self.site.run(program, "-L", *words).stdout.splitlines()
        return {name.strip(): value.strip() for name, _, value in (line.partition(" : ") for line in lines)}

    def hooks(self, name: str) -> list[tuple[list[str], dict[str, str]]]:
        path = self.folder / "hooks" / "seen"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(words, told) for known, words, told in lines if known == name]


def open_folder(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def school() -> Iterator[School]:
    with shared_site() as site:
        hooks, printed = open_folder(site.folder / "hooks"), open_folder(site.folder / "printed")
        for name in ("enrol", "strip", "duplicate", "code", "made"):
            (hooks / name).write_text(HOOK.replace("PYTHON", sys.executable))
            (hooks / name).chmod(0o755)
        banner = site.folder / "banner.ps"
        banner.write_bytes(postscript_document(1))
        banner.chmod(0o644)
        toy = site.folder / "toy"
        toy.write_text(BACKEND.replace("FOLDER", str(printed)).replace("PYTHON", sys.executable))
        site.cups.install_backend("toy", toy, mode=0o755)
        text = (
            CONF.replace("PROGRAMS", str(site.programs)).replace("HOOKS", str(hooks)).replace("BANNER", str(banner))
        )
        pykota = open_folder(site.folder / "pykota")
        pykota.chmod(0o755)
        (pykota / "pykota.conf").write_text(text)
        site.configure(f'pykota_home = "{pykota}"\nuser_aliases = {{ annika = "anna" }}')
        site.run("pkprinters", "-a", "-c", "0.05,0.1", *QUEUES)
        for queue in QUEUES:
            site.cups.add_queue(queue, f"cupspykota:toy://{queue}/{STATUS_OF.get(queue, 0)}")
        site.add_user("anna", QUEUES, soft=20, hard=20)
        site.add_user("ben", ["banners"])
        site.run("pkusers", "-b", "10", "anna")
        yield School(site)
        site.audit()


@pytest.mark.parametrize(
    ("queue", "user", "state", "charged", "said"),
    [
        ("allow", "stranger", COMPLETED, 2, "printed uncharged by policy allow: user stranger"),
        ("plain", "stranger", CANCELED, 0, "user stranger is not in the ledger"),
        ("external", "Newcomer", COMPLETED, 2, ""),
        ("external", "invalid,name", CANCELED, 0, "is not in the ledger"),
    ],
)
def test_the_policy_decides_where_somebody_is_unknown(
    school: School, queue: str, user: str, state: JobState, charged: int, said: str
) -> None:
    before = len(school.printed(queue))
    ended, attempt = school.print(queue, 2, user=user)
    assert (ended, attempt.charged_impressions) == (state, charged)
    assert said in attempt.decision_text
    assert len(school.printed(queue)) - before == bool(charged)


def test_whom_the_policys_command_made_known_pays(school: School) -> None:
    """After the case above: 2 pages of 0.05 and 0.10 a job of 5 credits."""
    assert school.listed("pkusers", "newcomer")["Account balance"] == "4.80"


HOSTILE = ['o\'brien "x"', f"$(touch {TRACE})", f"`touch {TRACE}`", "a;b", "%(printername)s", "ünï", "-rf", "a\\"]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_policys_command_gets_any_name_as_one_word(school: School, name: str) -> None:
    school.print("stranger", user=name)
    assert school.hooks("enrol")[-1][0] == [name.lower(), "stranger"]
    assert not list(school.folder.rglob(TRACE))


@pytest.mark.parametrize(
    "name", ["ANNA", "DOMAIN+Anna", "anna@SCHOOL.EXAMPLE", "Anna/admin@X", "A+B+annika", "Annika@X"]
)
def test_realm_domain_case_and_alias_lead_to_the_same_user(school: School, name: str) -> None:
    state, attempt = school.print("plain", user=name)
    assert (state, attempt.facts.user_name, attempt.charged_impressions) == (COMPLETED, "anna", 1)
    assert school.printed("plain")[-1]["user"] == "anna"


@pytest.mark.parametrize(
    ("title", "left"), [("smbprn.123456My title", "My title"), ("smbprn.12345", "smbprn.12345"), ("other", "other")]
)
def test_a_title_is_stripped_for_history_hook_and_device(school: School, title: str, left: str) -> None:
    _state, attempt = school.print("strip", title=title)
    assert attempt.facts.ticket.job_name == school.printed("strip")[-1]["title"] == left
    wait_until(lambda: school.hooks("strip")[-1][1]["PYKOTATITLE"] == left, 60, "the posthook is told")


def test_the_same_document_is_refused_also_behind_another_job_of_the_printer(school: School) -> None:
    document = postscript_document(3)
    assert school.print("twice", document=document)[0] is COMPLETED
    assert school.print("twice", 4)[0] is COMPLETED
    state, attempt = school.print("twice", document=document)
    assert (state, attempt.charged_impressions) == (CANCELED, 0)
    assert "the same document was printed on twice less than 600 seconds ago" in attempt.decision_text


def test_the_duplicates_command_is_asked_for_duplicates_only(school: School) -> None:
    document = postscript_document(5)
    words = ("DENY", "deny ", "ALLOW", "neither", "DENY")
    ended = [school.print("twicecommand", document=document, title=word)[0] for word in words]
    assert ended == [COMPLETED, CANCELED, COMPLETED, COMPLETED, CANCELED]
    assert len(school.hooks("duplicate")) == 4


@pytest.mark.parametrize(
    "code", ["cost 42", "a'b\"c", f"$(touch {TRACE})", "a\nb", "x" * 1023, "\u202e", "-l", "none"]
)
def test_a_billing_code_of_any_signs_is_refused_told_and_made(school: School, code: str) -> None:
    before = len(school.hooks("code"))
    state, attempt = school.print("codes", code=code)
    assert (state, attempt.charged_impressions) == (CANCELED, 0)
    assert "there is no billing code" in attempt.decision_text
    assert [words for words, _ in school.hooks("code")[before:]] == [[code]]
    state, attempt = school.print("made", code=code)
    assert (state, attempt.charged_impressions, attempt.facts.ticket.billing_code) == (COMPLETED, 1, code)
    assert not list(school.folder.rglob(TRACE))


def test_the_list_of_codes_turns_nothing_round(school: School) -> None:
    listing = school.site.run("pkbcodes", "-l").stdout
    assert "a?b [] 1 pages and 0.15 credits" in listing
    assert "\u202e" not in listing


@pytest.mark.parametrize(
    ("answer", "state", "user", "code"),
    [
        ("DENY", CANCELED, "anna", ""),
        ("CANCEL", CANCELED, "anna", ""),
        ("AUTH=NO", CANCELED, "anna", ""),
        ("AUTH=IMPOSSIBLE", CANCELED, "anna", ""),
        ("AUTH=YES", COMPLETED, "anna", ""),
        ("USERNAME=", COMPLETED, "anna", ""),
        ("USERNAME=A+Annika", COMPLETED, "anna", ""),
        ("USERNAME=nosuch", CANCELED, "nosuch", ""),
        ("BILLINGCODE=x y", COMPLETED, "anna", "x y"),
        ("REASON=because", COMPLETED, "anna", ""),
        ("what else", COMPLETED, "anna", ""),
    ],
)
def test_each_answer_of_the_ticket_command(
    school: School, answer: str, state: JobState, user: str, code: str
) -> None:
    ended, attempt = school.print("ticket", title=answer)
    assert (ended, attempt.facts.user_name, attempt.facts.ticket.billing_code) == (state, user, code)


def test_a_ticket_command_that_says_ten_megabytes_has_its_job_held(school: School) -> None:
    state, attempt = school.print("loud")
    assert (state, attempt.outcome, attempt.charged_impressions) == (JobState.PENDING_HELD, Outcome.PENDING_HELD, 0)
    assert "it printed more than 65536 octets" in attempt.decision_text


@pytest.mark.parametrize(("queue", "tries", "charged"), [("charge", 3, 3), ("nocharge", 2, 0)])
def test_a_failed_device_is_tried_again_then_charged_or_not(
    school: School, queue: str, tries: int, charged: int
) -> None:
    document = postscript_document(3)
    state, attempt = school.print(queue, document=document)
    assert (attempt.outcome, attempt.charged_impressions) == (Outcome.ABORTED, charged)
    assert [run["octets"] for run in school.printed(queue)] == [len(document)] * tries
    assert state is JobState.PENDING_HELD  # by the backend's own status


def test_banners_part_the_jobs_of_different_users_and_the_starting_one_is_charged(school: School) -> None:
    seen = [school.print("banners", user=user)[1].charged_impressions for user in ("anna", "ANNA", "ben", "anna")]
    assert seen == [2, 1, 2, 2]
    assert len(school.printed("banners")) == 3 + 1 + 3 + 3


def test_a_refused_user_gets_so_many_banners(school: School) -> None:
    ended = [school.print("denied", 30 + number)[0] for number in range(3)]
    assert (ended, len(school.printed("denied"))) == ([CANCELED] * 3, 1)


def test_a_printer_in_passthrough_counts_and_refuses_nothing(school: School) -> None:
    school.site.run("pkprinters", "--passthrough", "passing")
    before = school.listed("pkusers", "anna"), school.listed("edpykota", "-P", "passing", "anna")
    state, attempt = school.print("passing", 30)
    assert (state, attempt.charged_impressions) == (COMPLETED, 30)
    assert (school.listed("pkusers", "anna"), school.listed("edpykota", "-P", "passing", "anna")) == before


@pytest.mark.parametrize(
    ("mode", "state", "counter"),
    [
        ("noprint", CANCELED, "0"),
        ("nochange", COMPLETED, "0"),
        ("noquota", COMPLETED, "3"),
        ("quota", CANCELED, "0"),
        ("balance", CANCELED, "0"),
    ],
)
def test_what_limits_a_user(school: School, mode: str, state: JobState, counter: str) -> None:
    user = f"by{mode}"
    school.site.add_user(user, ["plain"], soft=2, hard=2)
    school.site.run("pkusers", "-l", mode, user)
    assert school.print("plain", 3, user=user)[0] is state
    assert school.listed("edpykota", "-P", "plain", user)["Page counter"] == counter


@pytest.mark.parametrize(("factor", "left"), [("0", "1.00"), ("0.5", "0.85"), ("3", "0.10"), ("-1", "1.30")])
def test_an_overcharge_is_a_factor_of_the_price(school: School, factor: str, left: str) -> None:
    """4 pages of 0.05 and 0.10 a job."""
    user = f"factor{factor}"
    school.site.add_user(user, ["plain"])
    school.site.run("pkusers", "-l", "balance", "-b", "1", "-o", factor, user)
    assert school.print("plain", 4, user=user)[0] is COMPLETED
    assert school.listed("pkusers", user)["Account balance"] == left


def test_the_largest_job_of_a_printer_and_of_a_user(school: School) -> None:
    def ended(pages: int) -> JobState:
        return school.print("small", pages)[0]

    school.site.run("pkprinters", "-m", "3", "small")
    assert [ended(3), ended(4)] == [COMPLETED, CANCELED]
    school.site.run("edpykota", "-m", "2", "-P", "small", "anna")
    assert [ended(2), ended(3)] == [COMPLETED, CANCELED]
    school.site.run("edpykota", "-m", "0", "-P", "small", "anna")
    assert ended(1) is CANCELED
    school.site.run("edpykota", "-m", "unlimited", "-P", "small", "anna")
    school.site.run("pkprinters", "-m", "0", "small")
    assert ended(1) is CANCELED


def test_no_queue_is_stopped_and_nobody_saw_a_traceback(school: School) -> None:
    states = {school.site.cups.queue_state(queue) for queue in QUEUES}
    assert PrinterState.STOPPED not in states
    assert "Traceback" not in school.site.cups.error_log()
