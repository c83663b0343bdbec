# SPDX-License-Identifier: Apache-2.0
"""The first moment of an installed program, in which its modules are read and Ctrl+C may come already."""

import subprocess
import sys

import pytest

from cli.site import Site

PRESSED_WHILE_READING = """\
import os, signal, sys
from pagetoll.frontends import start
class Press:
    def find_spec(self, name, path, target=None):
        if name == start.place_of({program!r}):
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
sys.argv = [{program!r}, "--list"]
sys.exit(start.{program}())
"""


@pytest.mark.parametrize(
    ("program", "status"), [("pkusers", 253), ("dumpykota", 253), ("pkpgcounter", 130), ("pagetoll", 130)]
)
def test_an_interruption_while_a_program_is_read_is_one_of_the_program(shared_site: Site, program: str, status: int):
    done = subprocess.run(
        [sys.executable, "-c", PRESSED_WHILE_READING.format(program=program)],
        env=shared_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"{program} : interrupted\n")


def test_the_programs_begin_there(shared_site: Site):
    code = (
        "import sys; from pagetoll.frontends.start import pkprinters; sys.argv[1:] = ['-v']; sys.exit(pkprinters())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=shared_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "pkprinters")
