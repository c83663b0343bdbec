# SPDX-License-Identifier: Apache-2.0
"""`pagetoll lprng`: put our program where LPRng's lpd runs it, take it away, tell what printcap needs."""

import os
from collections.abc import Callable
from pathlib import Path

from pagetoll.config.create import write_thin_conf
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.cmd_cups import accept_jobs_of
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.subcommand import parse_or_show, say
from pagetoll.integrations import backend_install, lprng_install, system_user

LPD_USER = "lp"
COMMAND = Command(
    name="pagetoll lprng",
    usage="install | uninstall | printcap",
    summary="install puts the program that LPRng's lpd runs (pykota, and under its other name lprngpykota) into a "
    "folder, stamped for this home, and has the daemon take jobs from lpd's user. uninstall takes it away. printcap "
    "shows the lines that a queue's printcap entry needs.",
    rows=(
        Option("d", "dir", "DIR", f"the folder of the program ({lprng_install.FOLDER})"),
        Option("u", "user", "USER", f"the user that lpd runs programs as ({LPD_USER})"),
    ),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *others = parsed.words or ("",)
    if word not in ACTS or others:
        raise UsageError(_("say {names}; see: {name} --help").format(names=", ".join(ACTS), name=COMMAND.name))
    return ACTS[word](parsed, Home.from_environment(os.environ))


def folder_of(parsed: Parsed) -> Path:
    """The folder of the program."""
    return Path(parsed.text("dir") or lprng_install.FOLDER)


def install(parsed: Parsed, home: Home) -> int:
    """Install the program, and let lpd's user reach the daemon."""
    user = parsed.text("user") or LPD_USER
    system_user.find(user)  # refuses root and odd names
    folder = folder_of(parsed)
    for path in lprng_install.install(home, folder):
        say(_("installed {path}").format(path=path))
    write_thin_conf(home, load_home(home), home.owner())
    accept_jobs_of(user, home)
    say(_("{user} cannot start the daemon: let systemd do it, or run: pagetoll daemon start").format(user=user))
    say(_("Next: put these lines into the queue's printcap entry, then run: checkpc, and: lpc reread"))
    return printcap(parsed, home)


def uninstall(parsed: Parsed, _home: Home) -> int:
    """Remove the program."""
    removed = backend_install.uninstall(folder_of(parsed), lprng_install.NAMES)
    for path in removed:
        say(_("removed {path}").format(path=path))
    if not removed:
        say(_("There is no program of ours."))
    return 0


def printcap(parsed: Parsed, _home: Home) -> int:
    """Show the lines for a printcap entry."""
    for line in lprng_install.printcap_lines(folder_of(parsed) / lprng_install.NAMES[0]):
        say(f"  {line}")
    return 0


ACTS: dict[str, Callable[[Parsed, Home], int]] = {"install": install, "uninstall": uninstall, "printcap": printcap}
