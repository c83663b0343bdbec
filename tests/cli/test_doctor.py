# SPDX-License-Identifier: Apache-2.0
"""pagetoll doctor on a real home and scheduler: each fault is named, and the command it prints mends it."""

import ast
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.patient import FACTS, NOON, SERVICE_USER, Patient, needs_root, new_patient
from pagetoll.app.doctor.checks import (
    check_clock,
    check_cups,
    check_daemon,
    check_logins,
    check_queues,
    check_ways_around,
)
from pagetoll.app.doctor.device_key import device_key
from pagetoll.app.doctor.facts import Backend, Queue
from pagetoll.app.doctor.findings import Level
from pagetoll.frontends.cli.doctor_facts import apparmor_mode
from pagetoll.integrations.printlab.processes import wait_until


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with new_patient() as patient:
        patient.cups.add_queue("laser", "socket://127.0.0.1:9", options={"printer-op-policy": "authenticated"})
        assert patient.run("pagetoll cups manage laser").returncode == 0
        yield patient


@needs_root
def test_a_healthy_installation_has_nothing_bad(patient: Patient):
    status, text = patient.doctor()
    assert (status, re.findall(r"^bad.*", text, re.M)) == (0, [])
    assert "pagetolld does not run" in text
    assert "no login" not in text


def home_open_to_others(patient: Patient) -> None:
    patient.home.chmod(0o755)


def spool_of_root(patient: Patient) -> None:
    os.chown(patient.home / "spool", 0, 0)


def spool_missing(patient: Patient) -> None:
    (patient.home / "spool").rmdir()


def configuration_for_everybody(patient: Patient) -> None:
    (patient.home / "pagetoll.toml").chmod(0o644)


def ledger_of_root(patient: Patient) -> None:
    os.chown(patient.home / "pagetoll.db", 0, 0)


def ledger_missing(patient: Patient) -> None:
    (patient.home / "pagetoll.db").unlink()


def ledger_empty(patient: Patient) -> None:
    (patient.home / "pagetoll.db").write_bytes(b"")


def journal_a_link(patient: Patient) -> None:
    (patient.home / "journal").rmdir()
    (patient.home / "journal").symlink_to("/var")


def backend_missing(patient: Patient) -> None:
    for name in ("cupspykota", "pagetoll"):
        (patient.cups.backend_dir / name).unlink()


def backend_writable_by_others(patient: Patient) -> None:
    patient.backend.chmod(0o722)


def backend_of_somebody(patient: Patient) -> None:
    os.chown(patient.backend, 1, 1)


def backend_of_another_home(patient: Patient) -> None:
    patient.run(f"PAGETOLL_HOME={patient.folder}/other pagetoll init --user {SERVICE_USER}")
    patient.run(f"PAGETOLL_HOME={patient.folder}/other pagetoll cups install")


def backend_changed(patient: Patient) -> None:
    patient.backend.write_text(patient.backend.read_text() + "# changed\n")


def interpreter_gone(patient: Patient) -> None:
    patient.backend.write_text(patient.backend.read_text().replace("#!/usr/bin/python3", "#!/usr/bin/python2", 1))


FAULTS: list[tuple[Callable[[Patient], None], str]] = [
    (home_open_to_others, "is open to others"),
    (spool_of_root, "does not belong to nobody"),
    (spool_missing, "is missing"),
    (configuration_for_everybody, "is open to others"),
    (ledger_of_root, "does not belong to nobody"),
    (ledger_missing, "is missing"),
    (ledger_empty, "ledger:"),
    (journal_a_link, "is a link"),
    (backend_missing, "our backend is not in"),
    (backend_writable_by_others, "can be written by others"),
    (backend_of_somebody, "does not belong to root"),
    (backend_of_another_home, "another home"),
    (backend_changed, "another version"),
    (interpreter_gone, "/usr/bin/python2, which is gone"),
]


@needs_root
@pytest.mark.parametrize(("harm", "said"), FAULTS)
def test_the_printed_command_mends_what_was_found(patient: Patient, harm, said):
    harm(patient)
    status, text = patient.doctor()
    assert status == 1
    red = re.findall(r"^bad +(.*)\n +mend: (.*)$", text, re.M)
    assert said in " ".join(what for what, _ in red)
    assert len(red) == len(re.findall(r"^bad", text, re.M)), "a red line without a command"
    for _, mend in dict.fromkeys(red):
        assert patient.run(mend).returncode == 0, mend
    status, text = patient.doctor()
    assert (status, re.findall(r"^bad.*", text, re.M)) == (0, [])


@needs_root
def test_a_wrong_configuration_is_shown_with_its_lines(patient: Patient):
    path = patient.home / "pagetoll.toml"
    before = path.read_text()
    path.write_text('wait_s = "long"\npolcy = 1\n')
    try:
        status, text = patient.doctor()
    finally:
        path.write_text(before)
    assert status == 1
    assert f"{path}:1: wait_s" in text
    assert f"{path}:2: polcy" in text


@needs_root
def test_a_pykota_conf_in_force_is_named_with_what_changes_nothing_in_it(patient: Patient):
    configuration = patient.home / "pagetoll.toml"
    before = configuration.read_text()
    old = patient.folder / "pykota.conf"
    old.write_text("[global]\nprinterbase : ou=x\nlogourl : http://example.org/\n")
    configuration.write_text(f'pykota_home = "{patient.folder}"\n')
    try:
        every = patient.run("pagetoll doctor").stdout
        old.chmod(0o600)
        status, closed = patient.doctor()
    finally:
        configuration.write_text(before)
        old.unlink()
    assert re.search(rf"^ok +{re.escape(str(old))} is in force", every, re.M)
    assert re.search(
        rf"^warn +configuration: {re.escape(str(old))}:2: printerbase: names? PyKota's database", every, re.M
    )
    assert re.search(rf"^warn +configuration: {re.escape(str(old))}:3: logourl: is not in force yet", every, re.M)
    assert status == 1
    assert f"{old}: file: cannot be read by {SERVICE_USER}" in closed


@needs_root
def test_a_queue_around_the_ledger_and_one_without_login_are_warned_of(patient: Patient):
    patient.cups.add_queue("around", "socket://127.0.0.1:9")
    patient.cups.add_queue("claimed", "cupspykota:socket://127.0.0.2:9")
    status, text = patient.doctor()
    assert status == 0
    assert re.search(
        r"^warn +queue around prints to the device of laser.*\n +mend: pagetoll cups manage around$", text, re.M
    )
    mend = re.search(r"^warn +queue claimed believes any user name.*\n +mend: (.*)$", text, re.M)[1]
    assert patient.run(mend).returncode == 0
    assert patient.run("pagetoll cups manage around").returncode == 0
    assert "claimed believes" not in patient.doctor()[1]
    assert "uncounted" not in patient.doctor()[1]
    for name in ("around", "claimed"):
        patient.cups.run("lpadmin", f"-x{name}")


@needs_root
def test_a_scheduler_that_is_down_is_one_red_line(patient: Patient):
    done = patient.run("CUPS_SERVER=/nonexistent/cups.sock pagetoll doctor -q")
    assert done.returncode == 1
    assert "CUPS: " in done.stdout
    assert "mend: systemctl restart cups" in done.stdout


@needs_root
def test_without_a_home_the_doctor_says_how_to_make_one(patient: Patient):
    done = patient.run(f"PAGETOLL_HOME={patient.folder}/nowhere pagetoll doctor -q")
    assert done.returncode == 1
    assert "mend: pagetoll init" in done.stdout
    assert not (patient.folder / "nowhere").exists()


@needs_root
def test_the_daemon_that_a_job_would_start_answers_the_doctor_and_is_found_hanging(patient: Patient):
    text = patient.backend.read_text()
    stamps = dict(re.findall(r"^STAMP_(DAEMON|HOME|OWNER_UID|OWNER_GID) = (.*)$", text, re.M))
    daemon = subprocess.Popen(
        ast.literal_eval(stamps["DAEMON"]),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PAGETOLL_HOME": ast.literal_eval(stamps["HOME"])},
        user=int(stamps["OWNER_UID"]),
        group=int(stamps["OWNER_GID"]),
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: "pagetolld answers" in patient.run("pagetoll doctor").stdout, 60, "pagetolld to answer")
        daemon.send_signal(signal.SIGSTOP)
        status, text = patient.doctor()
        assert status == 1
        assert "pagetolld hangs\n       mend: pagetoll daemon stop" in text
    finally:
        daemon.send_signal(signal.SIGCONT)
        daemon.terminate()
        daemon.wait(60)
    (patient.home / "pagetolld.sock").unlink(missing_ok=True)


@needs_root
def test_the_doctor_leaves_nothing_of_root_in_the_home(patient: Patient):
    patient.doctor()
    assert {path.owner() for path in [patient.home, *patient.home.rglob("*")]} == {SERVICE_USER}


def test_a_queue_of_tea4cups_without_our_backend_is_mended_by_installing_it_under_that_name():
    queue = Queue("laser", "tea4cups", "socket://printer", None)
    (finding,) = check_queues(replace(FACTS, queues=(queue,)))
    assert finding.mend == "pagetoll cups install --name tea4cups"


@pytest.mark.parametrize(
    ("now", "newest_at", "level"),
    [
        (NOON, None, Level.OK),
        (NOON, NOON + timedelta(seconds=90), Level.OK),
        (NOON, NOON + timedelta(hours=1), Level.BAD),
        (NOON.replace(year=1970), None, Level.BAD),
    ],
)
def test_a_clock_that_cannot_be_right_is_found(now, newest_at, level):
    (finding,) = check_clock(replace(FACTS, now=now, newest_at=newest_at))
    assert finding.level is level


@pytest.mark.parametrize(("version", "level"), [("2.4", Level.OK), ("2.10.1", Level.OK), ("1.7.5", Level.WARN)])
def test_an_old_cups_is_warned_of(version, level):
    assert [finding.level for finding in check_cups(replace(FACTS, cups_version=version))] == [Level.OK, level]


SAME = [
    ("socket://10.0.0.9:9100", "ipp://10.0.0.9/ipp/print", True),
    ("socket://Printer.example:9100", "ipps://printer.example./ipp/print", True),
    ("socket://10.0.0.9:9100", "socket://10.0.0.8:9100", False),
    ("lpd://server/one", "lpd://server/two", False),
    ("ipp://server/printers/one", "ipp://server/printers/two", False),
    ("socket://127.0.0.1:1", "socket://127.0.0.1:2", False),
    ("usb://Acme/X?serial=1", "usb://Acme/X?serial=1", True),
    ("usb://Acme/X?serial=1", "usb://Acme/X?serial=2", False),
    ("http://[::1", "http://[::1", True),
]


@pytest.mark.parametrize(("one", "two", "same"), SAME)
def test_two_uris_of_one_device_are_known_as_one(one, two, same):
    assert (device_key(one) == device_key(two)) is same
    queues = (Queue("a", "cupspykota", one, True), Queue("b", "", two, None))
    assert len(list(check_ways_around(replace(FACTS, queues=queues)))) == same


@pytest.mark.parametrize(("mode", "level"), [(0o700, Level.WARN), (0o755, Level.BAD)])
def test_a_daemon_that_no_job_can_start_is_worse_than_one_that_waits_for_a_job(mode, level):
    backend = Backend("/backends/pagetoll", uid=0, mode=mode, socket="", missing_programs=(), current=True)
    (finding,) = check_daemon(replace(FACTS, backends=(backend,)))
    assert (finding.level, finding.mend) == (level, "pagetoll daemon start")


def test_a_login_that_cannot_be_told_is_not_warned_of():
    queues = (Queue("a", "pagetoll", "socket://h", None), Queue("b", "", "socket://h", False))
    assert list(check_logins(replace(FACTS, queues=queues))) == []


@pytest.mark.parametrize(
    ("profiles", "mode"),
    [
        ("/usr/sbin/cupsd (enforce)\n/usr/sbin/cupsd//third_party (enforce)\n", "enforce"),
        ("/usr/bin/man (enforce)\n/usr/sbin/cupsd (complain)\n", "complain"),
        ("/usr/sbin/cups-browsed (enforce)\n", ""),
    ],
)
def test_the_mode_of_the_schedulers_profile_is_read(tmp_path: Path, profiles, mode):
    path = tmp_path / "profiles"
    assert apparmor_mode(path) == ""
    path.write_text(profiles)
    assert apparmor_mode(path) == mode
