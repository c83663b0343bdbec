# SPDX-License-Identifier: Apache-2.0
"""Which files belong to the scheduler we talk to, and what its configuration says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.folders import open_folder
from pagetoll.integrations.cups_server import (
    CupsFiles,
    authenticating_policies,
    find_files,
    is_local,
    read_printers_conf,
    running_version,
)
from pagetoll.integrations.printlab.cupsd import PrivateCups


@pytest.fixture(scope="module")
def cups() -> Iterator[PrivateCups]:
    with open_folder() as folder:
        cups = PrivateCups(folder / "cups")
        cups.start()
        try:
            yield cups
        finally:
            cups.close()


def test_the_files_are_those_of_the_running_scheduler(cups: PrivateCups):
    files = find_files({"CUPS_SERVER": cups.server})
    assert files.server_root == cups.tree.etc
    assert files.backend_dir == cups.backend_dir
    assert files.cupsd_conf == cups.tree.etc / "cupsd.conf"
    assert authenticating_policies(files.cupsd_conf.read_text()) == {"authenticated"}


def test_the_running_version_is_told_over_socket_and_port(cups: PrivateCups):
    for server in (cups.server, f"127.0.0.1:{cups.port}"):
        assert re.fullmatch(r"\d+\.\d+", running_version({"CUPS_SERVER": server}))
    assert running_version({"CUPS_SERVER": "/nonexistent"}) == ""
    assert running_version({"CUPS_SERVER": "localhost:http"}) == ""


def test_without_a_scheduler_the_machines_own_places_hold():
    files = find_files({"CUPS_SERVER": "/nonexistent/cups.sock"})
    assert (files.server_root, files.backend_dir) == (Path("/etc/cups"), Path("/usr/lib/cups/backend"))


LOCAL = [
    ("", True),
    ("/run/cups/cups.sock", True),
    ("localhost", True),
    ("localhost:631", True),
    ("127.0.0.1:8631", True),
    ("[::1]:631", True),
    ("localhost.example.org", False),
    ("print.example.org:631", False),
]


@pytest.mark.parametrize(("server", "local"), LOCAL)
def test_a_scheduler_of_another_machine_is_known_as_such(server, local):
    assert is_local({"CUPS_SERVER": server} if server else {}) is local


def test_the_uri_in_printers_conf_is_read_with_its_escapes(tmp_path: Path):
    files = CupsFiles(tmp_path, tmp_path, tmp_path / "cupsd.conf", "lp", "lp")
    assert read_printers_conf(files) == {}
    files.printers_conf.write_text(
        "# a comment\n<DefaultPrinter a:b>\nInfo x\nDeviceURI ipp://u:p\\#\\\\w@h/\nOpPolicy authenticated\n"
        "</DefaultPrinter>\n<Printer é>\nDeviceURI socket://h\n</Printer>\n"
    )
    found = read_printers_conf(files)
    assert (found["a:b"].device_uri, found["a:b"].op_policy) == ("ipp://u:p#\\w@h/", "authenticated")
    assert (found["é"].device_uri, found["é"].op_policy) == ("socket://h", "default")


POLICY = "<Policy p>\n<Limit Create-Job Print-Job>\n{}\n</Limit>\n<Limit All>\n</Limit>\n</Policy>\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (POLICY.format("AuthType Default"), {"p"}),
        (POLICY.format("  authtype basic"), {"p"}),
        (POLICY.format("AuthType None"), set()),
        ("DefaultAuthType None\n" + POLICY.format("AuthType Default"), set()),
        (POLICY.format("Order deny,allow"), set()),
        ("<Policy p>\n<Limit All>\nAuthType Default\n</Limit>\n</Policy>\n", set()),
        ("", set()),
    ],
)
def test_a_policy_asks_for_a_login_only_where_printing_does(text, names):
    assert authenticating_policies(text) == names
