# SPDX-License-Identifier: Apache-2.0
"""What the demonstration shows: a shop is set up, two users print, one job is refused, one charge is explained.

Each figure that is shown is also checked; a wrong one ends the demonstration with what was expected.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pagetoll.core.jobs import HistoryFilter
from pagetoll.core.messages import _
from pagetoll.frontends.cli.demo import documents
from pagetoll.frontends.cli.demo.stage import DemoFailed, Stage
from pagetoll.frontends.cli.subcommand import say
from pagetoll.frontends.wiring import now_utc
from pagetoll.plugins import open_ledger
from pagetoll.wire.ipp import ENDED, JobState

QUEUE = "laser"
JOB_TIMEOUT_S = 90.0

GARDEN = [
    ["Beds along the south wall: tomatoes, basil, two rows of beans.", "The old pear tree stays (see page 2)."],
    ["The pear tree needs a stake and a ring of compost.", "Nothing is to be planted below it."],
    ["Water twice a week in July, from the barrel, not from the tap."],
]
RECIPE = [
    ["500 g flour, 350 g water, 10 g salt, 3 g yeast.", "Mix, fold three times in two hours, leave overnight."],
    ["Bake for 45 minutes at 230 degrees, the first 20 with the lid on."],
]
NOTICE = ["The reading room is closed on Friday.", "", "Books can be returned at the desk until noon."]
LONG = [["A longer document than is left of the quota."], ["Its second page."], ["Its third page."]]


@dataclass(frozen=True, slots=True)
class Print:
    """A job: who prints which file, how many copies, and the impressions it is to be charged (0: refused)."""

    user: str
    file_name: str
    document: Callable[[], bytes]
    copies: int
    impressions: int


PRINTS = (
    Print("anna", "garden-plan.pdf", lambda: documents.pdf("Garden plan", GARDEN), 2, 6),
    Print("anna", "bread.ps", lambda: documents.postscript("Bread", RECIPE), 1, 2),
    Print("ben", "notice.txt", lambda: documents.text(NOTICE), 1, 1),
    Print("ben", "report.pdf", lambda: documents.pdf("Report", LONG), 1, 0),
)


def perform(stage: Stage, owner: str) -> None:
    """The whole demonstration. Raises DemoFailed, DeviceError, LedgerError."""
    _chapter(_("A home for the ledger, and a printer behind Pagetoll"))
    stage.command("pagetoll", "init", *(["--user", owner] if owner else []))
    stage.command("pagetoll", "cups", "install", "--backend-dir", str(stage.cups.backend_dir))
    say(f"$ lpadmin -p {QUEUE} -E -v {stage.printer.device_uri} -m everywhere")
    stage.cups.add_queue(QUEUE, stage.printer.device_uri, "everywhere")
    stage.command("pagetoll", "cups", "manage", QUEUE)

    _chapter(_("A price, two users, and what they may print"))
    stage.command("pkprinters", "--add", "--charge", "0.05,0.10", QUEUE)
    stage.command("pkusers", "--add", "--balance", "5.00", "anna", "ben")
    stage.command("edpykota", "--add", "--printer", QUEUE, "--softlimit", "20", "--hardlimit", "20", "anna")
    stage.command("edpykota", "--add", "--printer", QUEUE, "--softlimit", "3", "--hardlimit", "3", "ben")

    _chapter(_("A PDF, a PostScript program and a text are printed; the last job is too long for ben's quota"))
    job_ids = [_print(stage, one) for one in PRINTS]

    _chapter(_("What the ledger says"))
    stage.command("pagetoll", "jobs")
    stage.command("pagetoll", "explain", str(job_ids[0]))
    stage.command("pagetoll", "audit")
    _check(stage, job_ids)


def _chapter(title: str) -> None:
    say(f"\n== {title}\n")


def _print(stage: Stage, wanted: Print) -> int:
    """Print as a user does, wait, and say what the spooler tells that user. Returns the job's number."""
    path = stage.folder / wanted.file_name
    path.write_bytes(wanted.document())
    path.chmod(0o644)
    words = ["lp", "-d", QUEUE, "-U", wanted.user, "-n", str(wanted.copies), "-o", "sides=one-sided"]
    said = stage.command(*words, wanted.file_name)
    number = said.partition(f"{QUEUE}-")[2].partition(" ")[0]
    if not number.isdigit():
        raise DemoFailed(_("lp did not name the job of {file_name}").format(file_name=wanted.file_name))
    job_id = int(number)
    state = stage.cups.wait_job(job_id, {*ENDED, JobState.PENDING_HELD}, JOB_TIMEOUT_S)
    attributes = stage.cups.job_attributes(job_id)
    message = " ".join(str(text) for text in attributes.get("job-printer-state-message", ()) if text)
    shown = state.name.lower().replace("pending_", "")
    say(
        _("  job {job_id} is {state}").format(job_id=job_id, state=_(shown))
        + (f": {message}" if state is not JobState.COMPLETED and message else "")
    )
    expected = JobState.COMPLETED if wanted.impressions else JobState.CANCELED
    if state is not expected:
        raise DemoFailed(
            _("job {job_id} ({file_name}) is {shown}, not {expected}; its message in the queue: {message}").format(
                job_id=job_id,
                file_name=wanted.file_name,
                shown=shown,
                expected=expected.name.lower(),
                message=message or _("none"),
            )
        )
    return job_id


def _check(stage: Stage, job_ids: list[int]) -> None:
    """What was shown is what it should be: charges, and the documents that reached the printer."""
    ledger = open_ledger(stage.home.database_url, clock=now_utc, busy_timeout_s=10.0)
    try:
        for job_id, wanted in zip(job_ids, PRINTS, strict=True):
            charged = [record.charged_impressions for record in ledger.history(HistoryFilter(job_id=job_id))]
            if charged != [wanted.impressions]:
                raise DemoFailed(
                    _("job {job_id}: charged {charged}, expected {impressions} impressions").format(
                        job_id=job_id, charged=charged, impressions=wanted.impressions
                    )
                )
    finally:
        ledger.close()
    received = [one.user for one in stage.printer.documents()]
    expected = [one.user for one in PRINTS if one.impressions]
    if received != expected:
        raise DemoFailed(
            _("the printer got documents of {received}, expected {expected}").format(
                received=received, expected=expected
            )
        )
    total = sum(one.impressions for one in PRINTS)
    say(
        _(
            "\nThe printer got {received} documents; {total} impressions were charged, each once; one job "
            "was refused."
        ).format(received=len(received), total=total)
    )
