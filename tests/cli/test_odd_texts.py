# SPDX-License-Identifier: Apache-2.0
"""Descriptions and comments of odd characters: kept or refused, and never a line of their own in a listing."""

import os
import subprocess
import sys

import pytest

from cli.site import Site, module_of

NO_TEXT = b"caf\xe9 \xff"
TWO_LINES = "first\n    Limited by : noquota\x1b[2J"
SHOWN = "first?    Limited by : noquota?[2J"


@pytest.mark.parametrize(
    ("words", "status", "option"),
    [
        (["pkusers", "-a", "anna", "-D"], 254, "description"),
        (["pkusers", "-a", "anna", "-b", "1", "-C"], 254, "comment"),
        (["pkusers", "-a", "-g", "staff", "-D"], 254, "description"),
        (["pkprinters", "-a", "hp", "-D"], 254, "description"),
        (["pkbcodes", "-a", "c1", "-D"], 254, "description"),
        (["pagetoll", "user", "add", "anna", "-b", "1", "-C"], 2, "comment"),
    ],
)
def test_octets_that_are_no_text_are_refused(shared_site: Site, words: list[str], status: int, option: str):
    program, *others = words
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", *map(os.fsencode, [module_of(program), *others]), NO_TEXT],
        env=shared_site.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    (line,) = done.stderr.decode().splitlines()
    said = f"invalid --{option} 'caf\\udce9 \\udcff': give it in the characters of your locale"
    assert (done.returncode, line.endswith(said)) == (status, True)


def test_a_description_of_two_lines_stays_on_one_in_listings(site: Site):
    site.do("pkprinters", "-a", "-D", TWO_LINES, "hp")
    site.do("pkusers", "-a", "-D", TWO_LINES, "anna")
    site.do("pkusers", "-a", "-g", "-D", TWO_LINES, "staff")
    site.do("pkbcodes", "-a", "-D", TWO_LINES, "c1")
    site.do("edpykota", "-a", "anna")
    assert site.do("pkprinters", "-l").startswith(f"hp [{SHOWN}] (0.0 + #*0.0)\n")
    assert site.do("pkusers", "-L").startswith(f"anna - <anna@localhost> - {SHOWN}\n")
    assert site.do("pkusers", "-L", "-g").startswith(f"staff - {SHOWN}\n")
    assert site.do("pkbcodes", "-l") == f"c1 [{SHOWN}] 0 pages and 0.00 credits\n"
    assert site.do("repykota").startswith(f"Report for user quota on printer hp ({SHOWN})\n")
    assert TWO_LINES.replace("\n", "\\n").replace("\x1b", "\\u001b") in site.do(
        "dumpykota", "-d", "users", "-f", "json"
    )
