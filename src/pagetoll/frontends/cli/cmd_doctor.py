# SPDX-License-Identifier: Apache-2.0
"""`pagetoll doctor`: look for what is wrong and say which command mends it."""

import json
import os
import sys

from pagetoll.app.doctor.checks import examine
from pagetoll.app.doctor.findings import Finding, Level
from pagetoll.config.home import Home
from pagetoll.core.messages import _
from pagetoll.frontends.cli.doctor_facts import gather
from pagetoll.frontends.cli.options import Command, Option
from pagetoll.frontends.cli.screen import visible
from pagetoll.frontends.cli.subcommand import no_words, parse_or_show, say

COMMAND = Command(
    name="pagetoll doctor",
    usage="[--quiet] [--json] [--backend-dir DIR] [--printcap FILE]",
    summary="Looks at CUPS or LPRng's lpd, our programs for them, the queues, the home, the configuration, the "
    "ledger, the clock, AppArmor, the needed programs and the daemon, and prints for each red line the command that "
    "mends it. Run it as root. Exit status 1 when something is wrong.",
    rows=(
        Option("b", "backend-dir", "DIR", "the scheduler's folder of backends (found by itself otherwise)"),
        Option("p", "printcap", "FILE", "the queues of LPRng's lpd (found by itself otherwise)"),
        Option("q", "quiet", "", "only what is wrong or doubtful"),
        Option("J", "json", "", "write JSON, one object a check"),
    ),
)
OPTIONS = COMMAND.options

COLORS = {Level.OK: "\x1b[32m", Level.WARN: "\x1b[33m", Level.BAD: "\x1b[31m"}
PLAIN = "\x1b[0m"


def main(arguments: list[str]) -> int:
    """Print the findings; 1 when one is bad. Raises UsageError, ConfigError for an impossible home."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    home = Home.from_environment(os.environ)
    findings = examine(gather(home, os.environ, parsed.text("backend-dir"), parsed.text("printcap")))
    shown = [finding for finding in findings if finding.level is not Level.OK or "quiet" not in parsed]
    bad = sum(finding.level is Level.BAD for finding in findings)
    if "json" in parsed:
        for finding in shown:
            say(json.dumps({"level": finding.level, "what": finding.what, "mend": finding.mend or None}))
        return int(bad > 0)
    colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for finding in shown:
        say(line(finding, colored))
        if finding.mend:
            say(_("       mend: {mend}").format(mend=finding.mend))
    doubtful = sum(finding.level is Level.WARN for finding in findings)
    say(
        _("{findings} checks: {bad} bad, {doubtful} doubtful").format(
            findings=len(findings), bad=bad, doubtful=doubtful
        )
    )
    return int(bad > 0)


def line(finding: Finding, colored: bool) -> str:
    """A finding as a line: its level, then what was found, with control characters shown as such."""
    word = f"{_(finding.level):<5}"
    what = visible(finding.what)
    return f"{COLORS[finding.level]}{word}{PLAIN}  {what}" if colored else f"{word}  {what}"
