# SPDX-License-Identifier: Apache-2.0
"""A site's own commands around real jobs of a real CUPS: hooks, tickets, questions, banners, mails by command."""

import json
import sys

import pytest

from lab.desktop import ScriptedDesktop
from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.ippprinter import VirtualIppPrinter
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

BANNER = 'print("%!PS\\n72 72 moveto 99 99 lineto stroke showpage")'
HOOK = """#!{python}
import json, os, sys
known = {{n: v for n, v in os.environ.items() if n.startswith("PYKOTA")}}
known["uid"] = os.getuid()
known["octets"] = os.path.getsize(known["PYKOTADATAFILE"]) if known.get("PYKOTADATAFILE") else 0
with open({seen!r}, "a") as file:
    file.write(json.dumps([{name!r}, known]) + "\\n")
{more}
"""


class Hooks:
    """Programs of a site that write down what they see."""

    def __init__(self, site: Site) -> None:
        self.folder = site.folder / "hooks"
        self.folder.mkdir()
        self.folder.chmod(0o777)

    def program(self, name: str, more: str = "") -> str:
        path = self.folder / name
        path.write_text(HOOK.format(python=sys.executable, seen=str(self.folder / "seen"), name=name, more=more))
        path.chmod(0o755)
        return str(path)

    def runs(self) -> list[tuple[str, dict[str, str]]]:
        path = self.folder / "seen"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []

    def names(self) -> list[str]:
        return [name for name, _ in self.runs()]

    def told(self, name: str) -> dict[str, str]:
        return [known for hook, known in self.runs() if hook == name][-1]


@pytest.fixture
def school(site: Site, raw_sink: RawSink) -> Site:
    """Queue `lab`, raw, for anna with 10 pages."""
    site.run("pkprinters", "-a", "-c", "0.05", "lab")
    site.add_user("anna", ["lab"], soft=10, hard=10)
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    return site


@pytest.fixture
def hooks(school: Site) -> Hooks:
    return Hooks(school)


def print_on(site: Site, pages: int, *, user: str = "anna", queue: str = "lab", **options: str) -> JobState:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    job_id = site.cups.submit(queue, postscript_document(pages), user=user, options=named)
    state = site.cups.wait_job(job_id)
    assert isinstance(state, JobState)
    return state


def pykota(site: Site, text: str) -> None:
    """Have the site read this pykota.conf."""
    folder = site.folder / "pykota"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (folder / "pykota.conf").write_text(f"[global]\n{text}\n")
    site.configure(f'pykota_home = "{folder}"')


def printed(sink: RawSink) -> int:
    return sum(count_raw(job.document).impressions for job in sink.jobs())


def test_all_hooks_of_a_queue_see_the_job_in_their_order(school: Site, hooks: Hooks, raw_sink: RawSink) -> None:
    school.configure(
        f"""
overwrite_jobticket = ["{hooks.program("ticket", 'print("USERNAME=anna")')}"]
askconfirmation = ["{hooks.program("ask", 'print("OK")')}"]
prehook = ["{hooks.program("pre")}"]
posthook = ["{hooks.program("post")}"]
startingbanner = "{hooks.program("begin", BANNER)}"
endingbanner = "{hooks.program("end", BANNER)}"
"""
    )
    assert print_on(school, 3, user="guest") is JobState.COMPLETED
    wait_until(lambda: "post" in hooks.names(), 60, "the posthook has run")
    assert hooks.names() == ["ticket", "ask", "pre", "begin", "end", "post"]
    (attempt,) = school.attempts()
    assert (attempt.facts.user_name, attempt.charged_impressions, printed(raw_sink)) == ("anna", 5, 5)
    pre, post = hooks.told("pre"), hooks.told("post")
    assert (pre["PYKOTAUSERNAME"], pre["PYKOTAORIGINALUSERNAME"]) == ("anna", "guest")
    assert (pre["PYKOTAPHASE"], post["PYKOTAPHASE"]) == ("BEFORE", "AFTER")
    assert (pre["PYKOTAPRECOMPUTEDJOBSIZE"], post["PYKOTAJOBSIZE"], post["PYKOTAJOBPRICE"]) == ("3", "5", "0.25")
    assert (pre["PYKOTABALANCE"], post["PYKOTABALANCE"]) == ("0.00", "-0.25")
    assert {known["uid"] for _, known in hooks.runs()} == {school.home.owner().uid}
    assert {known["octets"] for _, known in hooks.runs()} == {len(postscript_document(3))}
    school.audit()


def test_a_refused_job_runs_its_hooks_and_prints_nothing(school: Site, hooks: Hooks, raw_sink: RawSink) -> None:
    school.configure(f'prehook = ["{hooks.program("pre")}"]\nposthook = ["{hooks.program("post")}"]')
    assert print_on(school, 11) is JobState.CANCELED
    wait_until(lambda: "post" in hooks.names(), 60, "the posthook has run")
    assert [known["PYKOTAACTION"] for _, known in hooks.runs()] == ["DENY", "DENY"]
    assert raw_sink.jobs() == []


def test_refused_jobs_get_as_many_banners_as_the_site_says(school: Site, hooks: Hooks, raw_sink: RawSink) -> None:
    school.configure(f'startingbanner = "{hooks.program("begin", BANNER)}"\nmaxdenybanners = 1')
    assert [print_on(school, 11) for _ in range(2)] == [JobState.CANCELED] * 2
    wait_until(lambda: len(raw_sink.jobs()) == 1, 60, "one banner is printed")
    assert (hooks.names(), printed(raw_sink)) == (["begin"], 1)
    assert "Warning banners printed : 1" in school.run("edpykota", "-L").stdout


def test_pkbanners_pages_come_out_of_an_ipp_printer_and_are_charged(
    site: Site, ipp_printer: VirtualIppPrinter
) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{ipp_printer.device_uri}")
    site.configure(
        f"""
startingbanner = ["{site.programs}/pkbanner", "Room 7"]
endingbanner = ["{site.programs}/pkbanner"]
accountbanner = "starting"
"""
    )
    assert print_on(site, 3) is JobState.COMPLETED
    wait_until(lambda: len(ipp_printer.documents()) == 3, 60, "all three documents have come out")
    assert sorted(count_raw(one.path.read_bytes()).impressions for one in ipp_printer.documents()) == [1, 1, 3]
    (attempt,) = site.attempts()
    assert attempt.charged_impressions == 4
    site.audit()


@pytest.mark.parametrize(("driver", "begin"), [("ps", b"%!PS-Adobe"), ("pxl", b"\x1b%-12345X"), ("pcl", b"\x1bE")])
def test_pkbanner_writes_what_the_driver_of_the_queue_writes(
    site: Site, raw_sink: RawSink, driver: str, begin: bytes
) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", driver)
    site.configure(f'startingbanner = ["{site.programs}/pkbanner"]')
    site.start_daemon()
    assert print_on(site, 2) is JobState.COMPLETED
    wait_until(lambda: len(raw_sink.jobs()) == 2, 60, "banner and document have come out")
    banner, document = (job.document for job in raw_sink.jobs())
    assert banner.startswith(begin)
    assert document.startswith(begin)
    (attempt,) = site.attempts()
    assert attempt.charged_impressions == 3
    site.audit()


def test_unknown_users_are_made_known_by_autopykota(school: Site) -> None:
    command = f"{school.programs}/autopykota --initbalance 5.0 -e @school.example"
    pykota(school, f"policy : external({command})")
    assert print_on(school, 4, user="newcomer") is JobState.COMPLETED
    (attempt,) = school.attempts()
    assert (attempt.facts.user_name, attempt.charged_impressions) == ("newcomer", 4)
    assert "4.80" in school.run("pkusers", "-L", "newcomer").stdout
    school.audit()


# --- N1 and N2 of the reference documents: pykotIcon on the user's desktop


@pytest.mark.parametrize(
    ("button", "state", "charged"), [("OK", JobState.COMPLETED, 2), ("CANCEL", JobState.CANCELED, 0)]
)
def test_the_user_is_asked_at_his_desktop(
    school: Site, raw_sink: RawSink, button: str, state: JobState, charged: int
) -> None:
    with ScriptedDesktop(button=button).listening() as desktop:
        port = desktop.address.rpartition(":")[2]
        pykota(
            school,
            f"askconfirmation : {school.programs}/pknotify \\\n"
            f"   --destination $PYKOTAJOBORIGINATINGHOSTNAME:{port} --timeout 120 \\\n"
            '   --confirm "Print $PYKOTATITLE ($PYKOTAPRECOMPUTEDJOBSIZE pages)?"',
        )
        assert print_on(school, 2) is state
    ((text, confirm),) = desktop.asked
    assert (str(text).endswith("(2 pages)?"), confirm) == (True, True)
    (attempt,) = school.attempts()
    assert (attempt.charged_impressions, printed(raw_sink)) == (charged, charged)
    assert attempt.outcome is (Outcome.COMPLETED if charged else Outcome.CANCELED)
    school.audit()


def test_nobody_at_the_desktop_answers_in_time(school: Site, raw_sink: RawSink) -> None:
    with ScriptedDesktop(thinks_s=60).listening() as desktop:
        port = desktop.address.rpartition(":")[2]
        command = f"{school.programs}/pknotify --destination $PYKOTAJOBORIGINATINGHOSTNAME:{port} --timeout 1"
        pykota(school, f'askconfirmation : {command} --confirm "Print?"')
        assert print_on(school, 2) is JobState.CANCELED
    assert printed(raw_sink) == 0


def test_the_reason_of_a_refusal_is_shown_on_the_desktop(school: Site) -> None:
    with ScriptedDesktop().listening() as desktop:
        port = desktop.address.rpartition(":")[2]
        pykota(
            school,
            f"mailto : external({school.programs}/pknotify "
            f'--destination $PYKOTAJOBORIGINATINGHOSTNAME:{port} --notify "%(message)s" 2>&1 > /dev/null)\n'
            "enforcement : strict\n"
            'hardwarn : No pages are left;\n  `id` $(id) "ask" at the desk.\n',
        )
        assert print_on(school, 11) is JobState.CANCELED
        wait_until(lambda: bool(desktop.asked), 60, "the desktop shows it")
    ((text, confirm),) = desktop.asked
    assert "No pages are left;" in str(text) and '`id` $(id) "ask" at the desk.' in str(text)
    assert confirm is False
