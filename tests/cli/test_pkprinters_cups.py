# SPDX-License-Identifier: Apache-2.0
"""pkprinters --cups on a real scheduler: PyKota's acceptance case P2 and the way back."""

import re

import pytest

from cli.site import AS_ROOT, Done, Site
from pagetoll.integrations.printlab.cupsd import PrivateCups

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root may change the queues of the scheduler")
DEVICE = "socket://127.0.0.1:9100"


@pytest.fixture
def spooler(site: Site, cups: PrivateCups) -> PrivateCups:
    """A scheduler with our backend and the queues `laser` and `other`."""
    site_of_cups = {"CUPS_SERVER": cups.server}
    installed = site.run("pagetoll", "cups", "install", "--backend-dir", str(cups.backend_dir), **site_of_cups)
    assert installed.status == 0, installed.err
    for name in ("laser", "other"):
        cups.run("lpadmin", f"-p{name}", "-E", f"-v{DEVICE}", "-mraw")
    return cups


def uris(cups: PrivateCups) -> dict[str, str]:
    return dict(re.findall(r"^device for (\S+): (.*)$", cups.run("lpstat", "-v"), re.MULTILINE))


def pkprinters(site: Site, cups: PrivateCups, *words: str) -> Done:
    return site.run("pkprinters", *words, CUPS_SERVER=cups.server)


def test_p2_a_queue_is_led_through_us_and_given_back(site: Site, spooler: PrivateCups):
    for _ in range(2):
        done = pkprinters(site, spooler, "--add", "--cups", "--skipexisting", "laser")
        assert (done.status, done.err) == (0, "")
        assert uris(spooler) == {"laser": f"cupspykota:{DEVICE}", "other": DEVICE}
    shown = pkprinters(site, spooler, "-l", "laser").out
    assert "    Routed through PyKota : YES\n" in shown
    done = pkprinters(site, spooler, "-d", "-C", "laser")
    assert (done.status, done.err) == (0, "")
    assert uris(spooler) == {"laser": DEVICE, "other": DEVICE}
    assert pkprinters(site, spooler, "-l").status == 254


def test_a_printer_without_a_queue_is_left_out_with_a_warning(site: Site, spooler: PrivateCups):
    done = pkprinters(site, spooler, "-a", "-C", "mathens", "laser")
    assert done.status == 0
    assert done.err.startswith("WARN: CUPS has no queue mathens ")
    assert uris(spooler)["laser"] == f"cupspykota:{DEVICE}"
    assert "Routed through PyKota : NO" in pkprinters(site, spooler, "-l", "mathens").out


def test_a_command_that_is_refused_touches_no_queue(site: Site, spooler: PrivateCups):
    done = pkprinters(site, spooler, "-a", "-C", "-g", "nogroup", "laser")
    assert (done.status, done.err.partition(" : ")[2]) == (
        254,
        "there is no printer group nogroup; create it first\n",
    )
    assert uris(spooler)["laser"] == DEVICE
    assert (site.home / "pagetoll.db").stat().st_uid != 0
