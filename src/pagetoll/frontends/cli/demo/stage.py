# SPDX-License-Identifier: Apache-2.0
"""The stage of the demonstration: a private scheduler, a virtual printer and a home, all in one folder, all taken
down at the end; commands are run as a person would type them, and shown before."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pagetoll
from pagetoll.config.home import VARIABLE, Home
from pagetoll.core.errors import DeviceError, PagetollError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.demo import printed_sides
from pagetoll.frontends.cli.subcommand import say
from pagetoll.frontends.daemon.instance import running_pid
from pagetoll.frontends.programs import PYKOTA_PROGRAMS, module_of
from pagetoll.integrations.printlab.cupsd import CUPSD, PrivateCups
from pagetoll.integrations.printlab.ippprinter import IPPEVEPRINTER, PDF_FORMATS, VirtualIppPrinter, counting_program
from pagetoll.integrations.printlab.processes import is_alive, wait_until

NEEDED = (CUPSD, IPPEVEPRINTER, "/usr/bin/dbus-daemon")
COMMAND_TIMEOUT_S = 120.0
DAEMON_END_S = 20.0


class DemoFailed(PagetollError):
    """A step of the demonstration did not do what it shows."""


class Stage:
    """Everything the demonstration runs on; a context that leaves nothing behind."""

    def __init__(self) -> None:
        for program in NEEDED:
            if not Path(program).exists():
                raise DemoFailed(
                    _("{program} is missing; install what the demonstration needs with: make setup").format(
                        program=program
                    )
                )
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            self.folder = Path(tempfile.mkdtemp(prefix="pagetoll-demo-"))
            ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.folder.chmod(0o755)  # the scheduler's own user has to get through
            self.home = Home.at(self.folder / "home")
            ends.callback(self._end_daemon)
            (self.folder / "printer").mkdir()
            script = str(printed_sides.__file__)
            self.printer = VirtualIppPrinter(
                self.folder / "printer", formats=PDF_FORMATS, impressions=counting_program(Path(script))
            )
            ends.callback(self.printer.stop)
            self.cups = PrivateCups(self.folder / "cups")
            ends.callback(self.cups.close)
            self.printer.start()
            self.cups.start()
            self._ends = ends.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def environment(self) -> dict[str, str]:
        """What the shown commands run with."""
        package_root = str(Path(pagetoll.__file__).parent.parent)
        nowhere = str(self.folder / "no-pykota")  # the machine may have a pykota.conf of its own
        ours = {VARIABLE: str(self.home.root), "PYKOTA_HOME": nowhere}
        return {**self.cups.env, **ours, "PYTHONPATH": package_root}

    def command(self, *words: str) -> str:
        """Show a command, run it, show and return its output. Raises DemoFailed when it fails."""
        say(f"$ {' '.join(_quoted(word) for word in words)}")
        sys.stdout.flush()
        ours = words[0] in ("pagetoll", *PYKOTA_PROGRAMS)
        program = [sys.executable, "-m", module_of(words[0])] if ours else [words[0]]
        try:
            done = subprocess.run(
                [*program, *words[1:]],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DemoFailed(
                _("“{names}” could not be run to its end: {error}").format(names=" ".join(words), error=error)
            ) from error
        said = done.stdout.decode(errors="replace")
        for line in said.splitlines():
            say(f"  {line}".rstrip())
        if done.returncode != 0:
            raise DemoFailed(
                _("“{names}” ended with status {returncode}").format(
                    names=" ".join(words), returncode=done.returncode
                )
            )
        return said

    def _end_daemon(self) -> None:
        pid = running_pid(self.home) if self.home.daemon_lock.exists() else None
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        try:
            wait_until(lambda: not is_alive(pid), DAEMON_END_S, _("the end of pagetolld, pid {pid}").format(pid=pid))
        except DeviceError:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _quoted(word: str) -> str:
    """A word as it would be typed; in single quotes where a blank or a sign of the shell is in it."""
    plain = word.replace("-", "").replace("_", "").replace("=", "").replace(".", "").replace("/", "")
    plain = plain.replace(",", "").replace(":", "")
    return word if plain.isalnum() else f"'{word}'"
