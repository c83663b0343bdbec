# SPDX-License-Identifier: Apache-2.0
"""What is charged is what came out: the pairwise table of system/cells.py, and the jobs that fit into no cell."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from lab.cellprinters import CellPrinters
from lab.documents import pdf_document, postscript_document
from lab.fixtures import new_lab_folder
from lab.independent_count import count_raw
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState
from system.cells import CELLS, Cell, Queue


@pytest.fixture(scope="module")
def charging_site() -> Iterator[Site]:
    folder = new_lab_folder()
    site = Site(folder)
    try:
        site.set_up()
        site.run("pkprinters", "-a", *Queue)
        for user in sorted({cell.user for cell in CELLS}):
            site.add_user(user, list(Queue))
        site.start_daemon()
        yield site
    finally:
        site.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cell_printers(charging_site: Site) -> Iterator[CellPrinters]:
    with CellPrinters(charging_site.folder, charging_site.cups, wrapper="cupspykota:") as printers:
        yield printers


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_charge_equals_what_the_printer_received(
    charging_site: Site, cell_printers: CellPrinters, cell: Cell
) -> None:
    result = cell_printers.print_cell(cell)
    (attempt,) = charging_site.attempts(result.job_id)
    charged = (attempt.charged_impressions, attempt.charged_media_sheets)
    assert charged == (result.printed.impressions, result.printed.media_sheets), attempt
    assert attempt.facts.user_name == cell.user
    assert attempt.outcome is Outcome.COMPLETED


def test_the_books_of_all_cells_prove_themselves(charging_site: Site) -> None:
    charging_site.audit()


def test_a_class_job_is_charged_on_the_member_that_prints(site: Site, raw_sink: RawSink) -> None:
    site.run("pkprinters", "-a", "member")
    site.add_user("anna", ["member"])
    site.cups.add_queue("member", f"cupspykota:{raw_sink.device_uri}")
    site.cups.run("lpadmin", "-p", "member", "-c", "both")
    site.cups.run("cupsenable", "both")
    site.cups.run("cupsaccept", "both")
    job_id = site.cups.submit("both", postscript_document(2), user="anna")
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    (attempt,) = site.attempts(job_id)
    assert (attempt.facts.ticket.printer, attempt.facts.ticket.class_name) == ("member", "both")
    assert attempt.charged_impressions == 2


@pytest.mark.parametrize("driver", ["ps", "pdf"])
def test_banners_and_document_on_one_stdin_are_all_counted(site: Site, raw_sink: RawSink, driver: str) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}", driver)
    job_id = site.cups.submit("lab", pdf_document(3), user="anna", options={"job-sheets": "standard,standard"})
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    (attempt,) = site.attempts(job_id)
    printed = sum(count_raw(job.document).impressions for job in raw_sink.jobs())
    assert attempt.charged_impressions == printed == 5


@pytest.mark.parametrize("make", [pdf_document, postscript_document])
def test_several_files_on_one_stdin_are_all_counted(
    site: Site, raw_sink: RawSink, make: Callable[[int], bytes]
) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    files = [site.folder / "two", site.folder / "three"]
    for pages, file in zip((2, 3), files, strict=True):
        file.write_bytes(make(pages))
    said = site.cups.run("lp", "-d", "lab", "-U", "anna", "-n", "2", *map(str, files))
    job_id = int(said.split("lab-")[1].split()[0])
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    (attempt,) = site.attempts(job_id)
    assert attempt.charged_impressions == sum(count_raw(job.document).impressions for job in raw_sink.jobs()) == 10


def test_a_command_file_is_no_page_and_passes_unchecked(site: Site, raw_sink: RawSink) -> None:
    site.run("pkprinters", "-a", "lab")
    site.add_user("ben", ["lab"], soft=0, hard=0)
    site.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    job_id = site.cups.submit("lab", b"#CUPS-COMMAND\nClean all\n", user="ben")
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    (attempt,) = site.attempts(job_id)
    assert (attempt.charged_impressions, attempt.outcome) == (0, Outcome.COMPLETED)
    assert len(raw_sink.jobs()) == 1
