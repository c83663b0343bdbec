# SPDX-License-Identifier: Apache-2.0
"""`pksetup`: set Pagetoll up on a fresh print server, one confirmed command after the other.

Each command is shown as it will be run; yes runs it, anything else and the end of the input leave it out. A shell
script of the commands that were run is written beside, to do the same on the next machine.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pagetoll.config.home import Home
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.rights import NotAllowed
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act, acting_user
from pagetoll.integrations import lprng_install, system_user

COMMAND = Command(
    name="pksetup",
    usage="[options] debian|ubuntu",
    summary="Sets Pagetoll up on this print server: packages, system user, home with an empty ledger, backend, "
    "printers of CUPS's queues. Each command is shown and asked for before it is run; only y or yes runs it. "
    "Passwords are neither asked for nor copied.",
    rows=(
        Option("n", "dry-run", "", "only show the commands; ask nothing, run nothing"),
        Option("r", "replay", "FILE", "write the script of the commands that were run to FILE (pksetup-replay.sh)"),
        Option("u", "user", "NAME", "the system user who owns the home and runs the daemon (pagetoll)"),
    ),
    remarks=(EXIT_REMARK,),
)
PACKAGES = ("cups", "cups-client", "cups-filters", "ghostscript")
#: The packages of each distribution that it can set up.
DISTRIBUTIONS = {"debian": PACKAGES, "ubuntu": PACKAGES}
REPLAY_FILE = "pksetup-replay.sh"
REPLAY_MODE = 0o700
SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
YES = frozenset({"y", "yes"})
ANSWER_LENGTH_MAX = 1000
SYSTEMD = Path("/run/systemd/system")
UNITS = "/etc/systemd/system"


@dataclass(frozen=True, slots=True)
class Stage:
    """A command and what it is for. A later one builds on a `needed` one, so its failure ends the whole."""

    purpose: str
    words: tuple[str, ...]
    needed: bool = True

    @property
    def line(self) -> str:
        return shlex.join(self.words)


class StageFailed(PagetollError):
    """A command that the later ones need ended badly."""


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    if len(parsed.words) != 1 or parsed.words[0].lower() not in DISTRIBUTIONS:
        raise UsageError(_("name the distribution: {names}").format(names=" | ".join(DISTRIBUTIONS)))
    distribution = parsed.words[0].lower()
    user = parsed.text("user") or system_user.DEFAULT_NAME
    exists = system_user.find(user) is not None
    dry = "dry-run" in parsed
    replay = Path(parsed.text("replay") or REPLAY_FILE)
    return lambda _opening: _set_up(stages(distribution, user, make_user=not exists), replay, dry=dry)


def stages(distribution: str, user: str, *, make_user: bool) -> list[Stage]:
    """All commands for this machine, in their order."""
    with_lpd = lprng_install.is_spooler(f"{os.environ.get('PATH', '')}:{SEARCH_PATH}")
    # apt would take LPRng away to install CUPS
    packages = [name for name in DISTRIBUTIONS[distribution] if not (with_lpd and name.startswith("cups"))]
    install = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes")
    found = [
        Stage(_("Bring the lists of packages up to date"), ("apt-get", "update"), needed=False),
        Stage(_("Install what printing and counting need"), (*install, *packages)),
    ]
    if make_user:
        adduser = ("adduser", "--system", "--group", "--home", "/nonexistent", "--no-create-home")
        found.append(Stage(_("Make the system user who runs the daemon"), (*adduser, user)))
    home = Home.from_environment(os.environ)
    systemd = SYSTEMD.is_dir() and home.root is None
    units = ("--systemd-units", UNITS) if systemd else ()
    found.append(
        Stage(
            _("Make the home, its configuration and an empty ledger"),
            (*_program("pagetoll"), "init", "--user", user, *units),
        )
    )
    if systemd:
        found.append(Stage(_("Let systemd read its units"), ("systemctl", "daemon-reload"), needed=False))
        enable = ("systemctl", "enable", "--now", "pagetolld.socket")
        found.append(Stage(_("Start the daemon whenever a job comes"), enable, needed=False))
    found += _for_lpd(systemd=systemd) if with_lpd else _for_cups()
    return [*found, Stage(_("Look whether all is well"), (*_program("pagetoll"), "doctor"), needed=False)]


def _for_cups() -> list[Stage]:
    return [
        Stage(_("Install the backend into CUPS"), (*_program("pagetoll"), "cups", "install")),
        # A new server may have no queue yet.
        Stage(
            _("Make printers of CUPS's queues and lead them through Pagetoll"),
            (*_program("pkturnkey"), "--force"),
            needed=False,
        ),
    ]


def _for_lpd(*, systemd: bool) -> list[Stage]:
    """lpd's queues are named in printcap by hand; it cannot start the daemon."""
    start = Stage(_("Start the daemon"), (*_program("pagetoll"), "daemon", "start"), needed=False)
    return [
        Stage(_("Install the program that LPRng's lpd runs"), (*_program("pagetoll"), "lprng", "install")),
        *([] if systemd else [start]),
    ]


def _program(name: str) -> tuple[str, ...]:
    """How one of our own programs is started: by its path, or by its module where it is not installed."""
    installed = Path(sys.prefix) / "bin" / name
    if installed.exists():
        return (str(installed),)
    package = "cli" if name == "pagetoll" else "pykota"
    return (sys.executable, "-m", f"pagetoll.frontends.{package}.{name}")


def _set_up(todo: Sequence[Stage], replay: Path, *, dry: bool) -> int:
    if dry:
        for stage in todo:
            write(f"# {stage.purpose}")
            write(stage.line)
        return EXIT_DONE
    if os.geteuid() != 0:
        raise NotAllowed(
            _("{user} : you are not allowed to use this command; run it as root, or with --dry-run").format(
                user=acting_user()
            )
        )
    with _new_script(replay) as script:
        script.write("#!/bin/sh\nset -e\n")
        for name, value in Home.from_environment(os.environ).environment.items():
            script.write(f"export {name}={shlex.quote(value)}\n")
        for stage in todo:
            _offer(stage, script)
    write("")
    write(_("Done. The commands that were run are in {file}").format(file=replay))
    return EXIT_DONE


def _offer(stage: Stage, script: TextIO) -> None:
    write("")
    write(f"# {stage.purpose}")
    write(stage.line)
    if not _agreed():
        write(_("left out"))
        return
    try:
        # The answers on standard input are ours alone.
        status = subprocess.run(stage.words, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as error:
        tell("ERROR", f"{stage.words[0]}: {error.strerror}")
        status = 127
    if status == 0:
        script.write(f"\n# {stage.purpose}\n{stage.line}\n")
        script.flush()
        return
    if stage.needed:
        raise StageFailed(
            _("the command ended with status {status}; mend what it says, then start pksetup again: {line}").format(
                status=status, line=stage.line
            )
        )
    tell("WARN", _("the command ended with status {status}; going on without it").format(status=status))


def _agreed() -> bool:
    sys.stdout.write(_("Run it? [y/N] "))
    sys.stdout.flush()
    answer = sys.stdin.readline(ANSWER_LENGTH_MAX) if sys.stdin is not None else ""
    if not sys.stdin or not sys.stdin.isatty():
        write("")
    return answer.strip().lower() in YES


def _new_script(path: Path) -> TextIO:
    """The replay script, made anew; it is never written over what is there, nor through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, REPLAY_MODE), "w", encoding="utf-8", errors="surrogateescape")
    except FileExistsError:
        raise UsageError(
            _("{file} is there already; remove it, or name another file with --replay").format(file=path)
        ) from None
    except OSError as error:
        raise UsageError(
            _("{file} cannot be written: {why}; name another file with --replay").format(
                file=path, why=error.strerror
            )
        ) from error


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())
