# SPDX-License-Identifier: Apache-2.0
"""What PyKota's manual and the French talk say of a site's queues and configuration, under a real scheduler.

Rows I3 to I6, I8, X1 and X2 are here; Q9 to Q13 and B1 to B4 in test_limits_of_pykota, N1 and N2 in test_site_steps,
I9 in test_first_page, X3 in test_lprng and test_lprng_lines, failed prints (I6) in test_devices.
"""

import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.site import Site
from pagetoll.core.jobs import ChargeRule
from pagetoll.integrations.printlab.engine import EngineHabits, PrintEngine
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.integrations.printlab.snmp_agent import SnmpAgent
from pagetoll.wire.ipp import JobState


@pytest.fixture
def school(site: Site) -> Site:
    site.run("pkprinters", "-a", "-c", "0.05", "lab", "old")
    site.add_user("anna", ["lab", "old"])
    return site


def print_on(site: Site, queue: str, pages: int) -> int:
    job_id = site.cups.submit(queue, postscript_document(pages), user="anna")
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    wait_until(site.nothing_is_open, 60, "everything is settled")
    return job_id


def pykota(site: Site, text: str) -> None:
    """Have the site read this pykota.conf."""
    folder = site.folder / "pykota"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "pykota.conf").write_text(text)
    site.configure(f'pykota_home = "{folder}"')


def variables_to(site: Site) -> Path:
    """Where the posthook of all queues writes its variables."""
    folder = site.folder / "seen"
    folder.mkdir()
    folder.chmod(0o777)
    site.configure(f'posthook = {{ shell = "env >{folder}/new && mv {folder}/new {folder}/env" }}')
    return folder / "env"


def told(path: Path) -> dict[str, str]:
    wait_until(path.exists, 60, "the posthook has run")
    return dict(line.partition("=")[::2] for line in path.read_text().splitlines())


def rewrite_queue(site: Site, queue: str, device_uri: str) -> None:
    """A queue as an old printers.conf has it: lpadmin refuses this address."""
    site.cups.stop()
    site.cups.write_queue(queue, device_uri)
    site.cups.start()


def test_both_forms_of_the_address_lead_to_the_same_printer(school: Site, raw_sink: RawSink) -> None:
    """I3."""
    seen = variables_to(school)
    rewrite_queue(school, "old", f"cupspykota://{raw_sink.device_uri}")
    school.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    for queue in ("old", "lab"):
        job_id = print_on(school, queue, 2)
        assert told(seen)["DEVICE_URI"] == raw_sink.device_uri
        seen.unlink()
        (attempt,) = school.attempts(job_id)
        assert (attempt.charged_impressions, attempt.facts.ticket.device_uri) == (2, raw_sink.device_uri)
    assert len(raw_sink.jobs()) == 2


def test_a_virtual_printer_counts_and_completes_its_jobs(school: Site) -> None:
    """What discovery ends with: an address without a device, in both its forms."""
    school.cups.add_queue("lab", "cupspykota:")
    rewrite_queue(school, "old", "cupspykota://")
    for queue in ("lab", "old"):
        (attempt,) = school.attempts(print_on(school, queue, 2))
        assert attempt.charged_impressions == 2
    listed = school.run("pagetoll", "cups", "status").stdout
    assert "lab" in listed and "old" in listed
    school.audit()


class LineDaemon(socketserver.StreamRequestHandler):
    """What takes a job by RFC 1179: each command and each file is answered by an octet of value 0."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Desk)
        server.queues.append(self.rfile.readline()[1:].decode().strip())
        self.wfile.write(b"\0")
        while line := self.rfile.readline():
            kind, octets = line[0], int(line[1:].split()[0])
            self.wfile.write(b"\0")
            document = self.rfile.read(octets)
            self.rfile.read(1)
            if kind == 3:
                server.documents.append(document)
            self.wfile.write(b"\0")  # the sender may be over with this


class Desk(socketserver.ThreadingTCPServer):
    """The printer 127.0.0.1 with its queues."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), LineDaemon)
        self.queues: list[str] = []
        self.documents: list[bytes] = []


@contextmanager
def line_daemon() -> Iterator[Desk]:
    with Desk() as desk:
        threading.Thread(target=desk.serve_forever, daemon=True).start()
        yield desk
        desk.shutdown()


def test_a_printer_behind_lpd_gets_its_job_by_the_real_backend(school: Site) -> None:
    """I4."""
    seen = variables_to(school)
    with line_daemon() as desk:
        device_uri = f"lpd://127.0.0.1:{desk.server_address[1]}/lpd"
        rewrite_queue(school, "old", f"cupspykota://{device_uri}")
        job_id = print_on(school, "old", 3)
        assert (desk.queues, desk.documents) == (["lpd"], [postscript_document(3)])
    variables = told(seen)
    assert (variables["DEVICE_URI"], variables["PYKOTAPRINTERHOSTNAME"]) == (device_uri, "127.0.0.1")
    (attempt,) = school.attempts(job_id)
    assert attempt.charged_impressions == 3


def test_without_arguments_the_backend_lists_each_device_under_its_prefix(site: Site) -> None:
    """I5: what the machine's own backends list, and nothing else."""
    toy = site.folder / "toy"
    toy.write_text('#!/bin/sh\necho \'direct toy://one "Maker One" "One" "MFG:Maker;" "Room 1"\'\n')
    site.cups.install_backend("toy", toy)
    backend = site.cups.backend_dir / "cupspykota"
    listed = subprocess.run([backend], env=site.environment, capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in listed.stdout.splitlines() if "toy" in line]
    assert len(lines) == 1
    assert lines[0].startswith("direct cupspykota:toy://one ")
    assert all(line.split()[1].startswith("cupspykota") for line in listed.stdout.splitlines())


@pytest.mark.parametrize(
    ("access", "values"), [("all", "none"), ("@OWNER @SYSTEM", "default")], ids=["private values none", "owner"]
)
def test_owner_and_client_of_a_private_job_are_known(
    school: Site, raw_sink: RawSink, access: str, values: str
) -> None:
    """I8."""
    path = school.cups.tree.etc / "cupsd.conf"
    text = path.read_text()
    changed = text.replace("JobPrivateAccess default", f"JobPrivateAccess {access}")
    changed = changed.replace("JobPrivateValues default", f"JobPrivateValues {values}")
    assert changed != text
    school.cups.stop()
    path.write_text(changed)
    school.cups.start()
    school.cups.add_queue("lab", f"cupspykota:{raw_sink.device_uri}")
    job_id = school.cups.submit("lab", postscript_document(1), user="anna")
    wait_until(lambda: bool(school.attempts(job_id)) and school.nothing_is_open(), 60, "it is printed")
    (attempt,) = school.attempts(job_id)
    assert (attempt.facts.user_name, attempt.charged_impressions) == ("anna", 1)
    assert attempt.facts.ticket.job_originating_host_name == "localhost"


@pytest.mark.parametrize(
    ("accounter", "rule"),
    [
        ("hardware(snmp:public)", ChargeRule.DEVICE_COUNTER),
        ("querying(snmp:public)", ChargeRule.DEVICE_COUNTER),
        ("software()", ChargeRule.PARSED),
        ("external(/bin/cat >/dev/null; echo 9)", ChargeRule.PARSED),
    ],
)
def test_accounters_by_old_and_new_names_count_at_the_end_of_the_same_job(
    school: Site, accounter: str, rule: ChargeRule
) -> None:
    """I6, X1 and X2: twice in turn on two queues, and no job is left to be accounted by the next one."""
    with (
        PrintEngine(address="127.0.11.1", habits=EngineHabits(impression_s=0.02)) as engine,
        SnmpAgent(engine.objects(serial="X1"), address="127.0.11.1", port=161, awake=lambda: engine.powered),
    ):
        slow = "statusstabilizationloops : 2\nstatusstabilizationdelay : 1\nnoprintingmaxdelay : 3"
        pykota(school, f"[global]\naccounter : {accounter}\n{slow}\n")
        for queue in ("lab", "old"):
            school.cups.add_queue(queue, f"cupspykota:{engine.device_uri}")
        for queue in ("lab", "old", "lab"):
            (attempt,) = school.attempts(print_on(school, queue, 2))
            assert attempt.charge_rule == rule
            assert attempt.charged_impressions == (9 if accounter.startswith("external") else 2)
        assert engine.marked == 6
    school.audit()
