# SPDX-License-Identifier: Apache-2.0
"""Discovery: what `lpinfo -v` learns from the thin CUPS backend."""

import os
import subprocess

import pytest

from pagetoll.integrations.printlab.processes import is_alive, wait_until
from thin.bench import Lab

ANY_DEVICE = [
    'network cupspykota "Unknown" "Print accounting (Pagetoll)"',
    'direct cupspykota:// "Pagetoll+Nothing" "Virtual printer (Pagetoll)"',
]


def discovered(lab: Lab, name: str = "cupspykota", **variables: str) -> list[str]:
    run = subprocess.run(
        [str(lab.backends / name)],
        env=lab.environment(**variables),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return run.stdout.decode().splitlines()


def test_each_device_is_shown_behind_us_with_its_id_and_location(lab: Lab) -> None:
    lab.backend(
        'cat <<"END"\n'
        'network socket "Unknown" "AppSocket/HP JetDirect"\n'
        'direct usb://Acme?serial=1 "Acme Jet" "Acme USB" "MFG:Acme;" "Room 1"\n'
        'network dnssd://Lab%20%C3%A4._ipp._tcp.local/ "A \\"B\\"" "Lab" "MFG:X;"\n'
        'serial serial:/dev/ttyS0?baud=115200 Unknown "Serial Port #1"\n'
        "nonsense\n"
        "END"
    )
    assert discovered(lab) == [
        'direct cupspykota:usb://Acme?serial=1 "Pagetoll+Acme Jet" "Acme USB (Pagetoll)" "MFG:Acme;" "Room 1"',
        'network cupspykota:dnssd://Lab%20%C3%A4._ipp._tcp.local/ "Pagetoll+A \\"B\\"" "Lab (Pagetoll)" "MFG:X;"',
        'serial cupspykota:serial:/dev/ttyS0?baud=115200 "Pagetoll+Unknown" "Serial Port #1 (Pagetoll)"',
        *ANY_DEVICE,
    ]


def test_the_name_of_our_file_is_the_scheme(lab: Lab) -> None:
    lab.install("pagetoll")
    lab.backend('echo "direct a:b \\"m\\" \\"i\\""')
    assert discovered(lab, "pagetoll") == [
        'direct pagetoll:a:b "Pagetoll+m" "i (Pagetoll)"',
        *(line.replace("cupspykota", "pagetoll") for line in ANY_DEVICE),
    ]


def test_as_tea4cups_we_also_offer_hooks_without_a_printer(lab: Lab) -> None:
    lab.install("tea4cups")
    lab.backend('echo "direct a:b \\"m\\" \\"i\\""')
    assert discovered(lab, "tea4cups") == [
        'direct tea4cups:a:b "Pagetoll+m" "i (Pagetoll)"',
        ANY_DEVICE[0].replace("cupspykota", "tea4cups"),
        'direct tea4cups:// "Pagetoll+Nothing" "Hooks without a printer (Pagetoll)"',
    ]


def test_backends_of_ours_are_not_run_and_say_nothing(lab: Lab) -> None:
    lab.install("pagetoll")
    os.link(lab.backends / "cupspykota", lab.backends / "linked")
    lab.backend('echo "direct $PAGETOLL_DISCOVERY:b \\"m\\" \\"i\\""')
    assert discovered(lab) == ['direct cupspykota:1:b "Pagetoll+m" "i (Pagetoll)"', *ANY_DEVICE]
    assert discovered(lab, PAGETOLL_DISCOVERY="1") == []


@pytest.mark.parametrize("mode", [0o600, 0o722, 0o775, 0o4755])
def test_unsafe_files_are_not_run(lab: Lab, mode: int) -> None:
    lab.backend("touch $PAPER/ran").chmod(mode)
    assert discovered(lab) == ANY_DEVICE
    assert not (lab.paper / "ran").exists()


def test_a_backend_that_hangs_is_ended_and_its_lines_are_kept(lab: Lab) -> None:
    lab.install(STAMP_DISCOVERY_S=4.0)
    lab.backend('echo $$ > $PAPER/pid; echo "direct a:b \\"m\\" \\"i\\""; sleep 60', name="hangs")
    lab.backend('sleep 0.1; echo "direct c:d \\"m\\" \\"i\\""; exit 1', name="slow")
    assert discovered(lab) == [
        'direct cupspykota:a:b "Pagetoll+m" "i (Pagetoll)"',
        'direct cupspykota:c:d "Pagetoll+m" "i (Pagetoll)"',
        *ANY_DEVICE,
    ]
    pid = int(lab.traces("pid"))
    # where process 1 does not reap, the ended backend stays as a zombie
    wait_until(lambda: not is_alive(pid), 60, "the backend that hung is over")


def test_world_executable_backends_are_asked_as_the_spoolers_user(lab: Lab) -> None:
    lab.install(STAMP_SPOOLER_UID=7, STAMP_SPOOLER_GID=7)
    lab.backend('echo "direct a:$(id -u) \\"m\\" \\"i\\""', mode=0o755)
    assert discovered(lab)[0] == 'direct cupspykota:a:7 "Pagetoll+m" "i (Pagetoll)"'
