# SPDX-License-Identifier: Apache-2.0
"""The laboratory itself works: what goes in comes out, and is counted right."""

import re
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from lab.documents import pdf_document, postscript_document, pwg_raster_document, text_document
from lab.independent_count import CountersDisagree, Printed, count_ipp, count_raw
from pagetoll.core.errors import DeviceRefused, DeviceUnreachable
from pagetoll.integrations.ipp_client import IppClient
from pagetoll.integrations.printlab import processes
from pagetoll.integrations.printlab.cupsconf import CupsSettings
from pagetoll.integrations.printlab.cupsd import PrivateCups, unwrapped
from pagetoll.integrations.printlab.ippprinter import RASTER_FORMATS, VirtualIppPrinter
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire import ipp

HOSTILE_NAMES = ["o'brien", 'say "hi"', "$(touch x)", "`id`; rm *", "DOMAIN\\eve", "😀 ümläut", "a  b"]


def ended_well(cups: PrivateCups, job_id: int) -> bool:
    return cups.wait_job(job_id) is ipp.JobState.COMPLETED


def test_a_raw_job_reaches_the_sink_unchanged(cups: PrivateCups, raw_sink: RawSink) -> None:
    cups.add_queue("raw", raw_sink.device_uri)
    assert ended_well(cups, cups.submit("raw", b"any octets \x00\xff", user="ben", title="mine"))
    (job,) = raw_sink.wait_for_jobs(1)
    assert job.document == b"any octets \x00\xff"
    assert job.complete


def test_a_driverless_queue_sends_copies_and_sides_to_the_printer(
    cups: PrivateCups, ipp_printer: VirtualIppPrinter
) -> None:
    cups.add_queue("office", ipp_printer.device_uri, "everywhere")
    job_id = cups.submit("office", pdf_document(5), title="five", copies=3, options={"sides": "two-sided-long-edge"})
    assert ended_well(cups, job_id)
    (printed,) = ipp_printer.documents()
    assert (printed.content_type, printed.copies, printed.sides) == ("application/pdf", 3, "two-sided-long-edge")
    assert (printed.job_name, printed.user) == ("five", "anna")
    # the filter adds a blank side to each copy
    counted = count_ipp(printed.path.read_bytes(), copies=printed.copies, sides=printed.sides)
    assert counted == Printed(impressions=18, media_sheets=9)
    assert cups.job_attributes(job_id)["job-impressions-completed"] == (18,)


# What lab measurements say of five pages and three copies, one-sided
DRIVER_IMPRESSIONS = [("raw", 15), ("ps", 15), ("pdf", 15), ("pxl", 5)]


def test_each_driver_prints_as_many_impressions_as_its_data_says(cups: PrivateCups, raw_sink: RawSink) -> None:
    for driver, _ in DRIVER_IMPRESSIONS:
        cups.add_queue(driver, raw_sink.device_uri, driver)
        assert ended_well(cups, cups.submit(driver, pdf_document(5), copies=3))
    counts = [count_raw(job.document).impressions for job in raw_sink.jobs()]
    assert counts == [impressions for _, impressions in DRIVER_IMPRESSIONS]


@pytest.mark.parametrize("title", HOSTILE_NAMES)
def test_hostile_titles_and_users_pass_through_ipp_as_they_are(
    cups: PrivateCups, raw_sink: RawSink, title: str
) -> None:
    cups.add_queue("raw", raw_sink.device_uri)
    job_id = cups.submit_ipp("raw", b"x", user=title, title=title)
    assert ended_well(cups, job_id)
    attributes = cups.job_attributes(job_id)
    assert attributes["job-name"] == (title,)
    assert attributes["job-originating-user-name"] == (title,)


def test_a_queue_whose_uri_lpadmin_refuses_lives_in_printers_conf(cups: PrivateCups, tmp_path: Path) -> None:
    backend = tmp_path / "wrapper"
    backend.write_text('#!/bin/sh\nprintf "ERROR: %s\\n" "$DEVICE_URI" >&2\nexit 5\n')
    cups.install_backend("wrapper", backend)
    device_uri = "wrapper://socket://127.0.0.1:9100"
    with pytest.raises(DeviceRefused, match="device-uri"):
        cups.add_queue("old", device_uri)
    cups.stop()
    cups.write_queue("old", device_uri)
    cups.start()
    job_id = cups.submit("old", b"x")
    assert cups.wait_job(job_id) is ipp.JobState.CANCELED
    assert cups.queue_attributes("old")["printer-state-message"] == (device_uri,)


def test_a_job_outlives_the_kill_of_the_scheduler(cups: PrivateCups, raw_sink: RawSink) -> None:
    cups.add_queue("raw", raw_sink.device_uri)
    cups.run("cupsdisable", "raw")
    job_id = cups.submit("raw", b"kept")
    # the scheduler cleans its state at the next turn of its loop after the job has come in
    control_file = cups.tree.spool / f"c{job_id:05d}"
    processes.wait_until(control_file.exists, 60, f"{control_file}")
    cups.kill()
    assert not processes.is_alive(cups.pid)
    cups.start()
    cups.run("cupsenable", "raw")
    assert ended_well(cups, job_id)
    assert raw_sink.wait_for_jobs(1)[0].document == b"kept"


def test_variables_of_ours_reach_the_backend(lab_folder: Path) -> None:
    backend = lab_folder / "teller"
    backend.write_text('#!/bin/sh\necho "ERROR: home is $PAGETOLL_HOME" >&2\nexit 5\n')
    settings = CupsSettings(environment={"PAGETOLL_HOME": "/some/home"})
    cups = PrivateCups(lab_folder / "cups", backends={"teller": backend}, settings=settings)
    try:
        cups.start()
        cups.add_queue("q", "teller:/dev/null")
        cups.wait_job(cups.submit("q", b"x"))
        assert cups.queue_attributes("q")["printer-state-message"] == ("home is /some/home",)
    finally:
        cups.close()


def test_the_end_of_a_scheduler_leaves_no_backend_behind(cups: PrivateCups) -> None:
    with RawSink(hold_open=True) as sink:
        cups.add_queue("raw", sink.device_uri)
        cups.submit("raw", b"waits for the printer to close")
        processes.wait_until(lambda: sink.open_octets() == [30], 60, "the document at the sink")
        left = cups.job_pids()
        assert [processes.command_line(pid)[0] for pid in left] == [sink.device_uri]
        cups.kill()
        cups.close()
        assert not any(processes.is_alive(pid) for pid in left)


# A backend that hands its job on to the real one, as a wrapper does, having told which signals it ignores
WRAPPER = """#!/bin/bash
[ $# = 0 ] && exit 0
sed -n 's/^SigIgn/DEBUG: SigIgn/p' /proc/self/status >&2
export DEVICE_URI=${DEVICE_URI#*:}
scheme=${DEVICE_URI%%:*}
exec -a "$DEVICE_URI" "$CUPS_SERVERBIN/backend/$scheme" "${@:1}"
"""


def test_a_driverless_queue_can_stand_behind_a_wrapping_backend(
    cups: PrivateCups, ipp_printer: VirtualIppPrinter, tmp_path: Path
) -> None:
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(WRAPPER)
    cups.install_backend("wrapper", wrapper)
    cups.add_queue("wrapped", f"wrapper:{ipp_printer.device_uri}", "everywhere")
    assert cups.queue_attributes("wrapped")["device-uri"] == (f"wrapper:{ipp_printer.device_uri}",)
    assert ended_well(cups, cups.submit("wrapped", pdf_document(2)))
    assert [document.content_type for document in ipp_printer.documents()] == ["application/pdf"]
    ignored = re.findall(r"SigIgn:\\t([0-9a-f]+)", cups.error_log())  # the log writes a tab as \t
    wanted = {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP}
    assert [number for number in wanted if int(ignored[-1], 16) >> (number - 1) & 1] == []


def test_option_values_with_blanks_and_quotes_reach_the_job(cups: PrivateCups, raw_sink: RawSink) -> None:
    cups.add_queue("raw", raw_sink.device_uri)
    for value in ("cost 42", 'a "quoted" name', "back\\slash", "it's"):
        job_id = cups.submit("raw", b"x", options={"job-billing": value})
        assert cups.job_attributes(job_id)["job-billing"] == (value,)


def test_a_slow_printer_is_still_printing_when_it_has_the_document(lab_folder: Path, cups: PrivateCups) -> None:
    printer = VirtualIppPrinter(lab_folder / "slow", impressions=2, impression_delay_s=30.0)
    try:
        printer.start()
        cups.add_queue("slow", printer.device_uri, "everywhere")
        job_id = cups.submit("slow", pdf_document(2))
        processes.wait_until(lambda: bool(printer.documents()), 60, "the document at the printer")
        assert cups.job_state(job_id) is ipp.JobState.PROCESSING
        cups.cancel(job_id)
        assert cups.wait_job(job_id) is ipp.JobState.CANCELED
    finally:
        printer.stop()


def test_a_raster_printer_gets_raster_and_one_sided_ones_no_duplex(lab_folder: Path, cups: PrivateCups) -> None:
    printer = VirtualIppPrinter(lab_folder / "raster", formats=RASTER_FORMATS, duplex=False)
    try:
        printer.start()
        cups.add_queue("raster", printer.device_uri, "everywhere")
        assert ended_well(cups, cups.submit("raster", pdf_document(2), copies=2))
        (document,) = printer.documents()
        # the filters repeat the pages, since the `ipp` backend sends no copies with a raster
        assert document.content_type in RASTER_FORMATS
        assert count_raw(document.path.read_bytes()) == Printed(impressions=4, media_sheets=4)
        assert document.copies == 1
        supported = IppClient(f"127.0.0.1:{printer.port}").get_printer_attributes(requested=["sides-supported"])
        assert supported == {"sides-supported": ("one-sided",)}
    finally:
        printer.stop()


def test_a_missing_program_is_named_with_what_to_do(tmp_path: Path) -> None:
    daemon = processes.Daemon([tmp_path / "no-such-program"], log=tmp_path / "log")
    with pytest.raises(DeviceUnreachable, match=r"no-such-program is missing; `make setup`"):
        daemon.start(lambda: True)


def test_a_daemon_that_ends_early_shows_its_output(tmp_path: Path) -> None:
    daemon = processes.Daemon(["/bin/sh", "-c", "echo out of paper; exit 3"], log=tmp_path / "log")
    with pytest.raises(DeviceUnreachable, match=r"(?s)ended with 3.*out of paper"):
        daemon.start(lambda: False)


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["/bin/true"])
    processes.wait_until(lambda: not processes.is_alive(process.pid), 60, "the end of /bin/true")
    assert Path(f"/proc/{process.pid}").exists()
    process.wait()


def test_a_refusing_sink_refuses_and_a_slow_one_pushes_back() -> None:
    with RawSink(refuse=True) as sink, socket.socket() as sender:
        assert sender.connect_ex((sink.address, sink.port)) != 0
    with RawSink(octets_per_s=1000) as sink, socket.socket() as sender:
        sender.connect((sink.address, sink.port))
        sender.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sender.sendall(bytes(64 << 20))


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        (pdf_document(3), Printed(impressions=3, media_sheets=3)),
        (pdf_document(3) + pdf_document(4), Printed(impressions=7, media_sheets=7)),
        (postscript_document(4), Printed(impressions=4, media_sheets=4)),
        (
            b"%!\n<< /Duplex true /NumCopies 3 >> setpagedevice\n" + b"showpage\n" * 5,
            Printed(impressions=15, media_sheets=9),
        ),
        (b"%!\n/#copies 2 def showpage /#copies 5 def showpage\n", Printed(impressions=7, media_sheets=7)),
        (text_document(6), Printed(impressions=6, media_sheets=6)),
        (b"line\n" * 61, Printed(impressions=2, media_sheets=2)),
        (pwg_raster_document(2), Printed(impressions=2, media_sheets=2)),
        (pwg_raster_document(2) * 3, Printed(impressions=6, media_sheets=6)),
        (pwg_raster_document(3, two_sided=True), Printed(impressions=3, media_sheets=2)),
        (
            b"\x1b%-12345X@PJL SET QTY=3\n@PJL SET DUPLEX=ON\n@PJL ENTER LANGUAGE=PDF\n" + pdf_document(3),
            Printed(impressions=9, media_sheets=6),
        ),
        (b"", Printed(impressions=0, media_sheets=0)),
    ],
)
def test_independent_counts_are_right(data: bytes, printed: Printed) -> None:
    assert count_raw(data) == printed


def test_an_ipp_printer_multiplies_by_its_job_attributes() -> None:
    counted = count_ipp(pwg_raster_document(5), copies=3, sides="two-sided-long-edge")
    assert counted == Printed(impressions=15, media_sheets=9)


def test_data_that_cannot_be_counted_is_no_number() -> None:
    for data in (b"\x00\x01\x02", pwg_raster_document(1)[:-5], b"%!\nnosuchoperator\n", b"%PDF-1.4 broken"):
        with pytest.raises(CountersDisagree):
            count_raw(data)


def test_postgresql_answers_and_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT current_setting('server_version_num')::int >= 150000").fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("device_uri", "device"),
    [
        ("cupspykota:socket://h:9100", "socket://h:9100"),
        ("cupspykota://socket://h:9100", "socket://h:9100"),
        ("pagetoll:///ipp://h/ipp/print", "ipp://h/ipp/print"),
        ("ipp://h:8601/ipp/print", "ipp://h:8601/ipp/print"),
    ],
)
def test_the_device_uri_behind_a_wrapper_is_found(device_uri: str, device: str) -> None:
    assert unwrapped(device_uri) == device
