# SPDX-License-Identifier: Apache-2.0
"""`pagetoll daemon run|start|stop|status|reload`: the daemon of this home."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command, Parsed
from pagetoll.frontends.cli.subcommand import JSON, parse_or_show, say_done
from pagetoll.frontends.daemon.instance import is_served, running_pid

COMMAND = Command(
    name="pagetoll daemon",
    usage="run | start | stop | status | reload [--json]",
    summary="run serves in the foreground. start starts the daemon in the background and waits until it answers. "
    "stop ends it; jobs in the middle of printing are settled by the next one. status says whether it runs, by the "
    "exit status too. reload reads pagetoll.toml again.",
    rows=(JSON,),
    remarks=("Exit status: 0 done, 1 failed or no daemon runs, 2 wrong usage.",),
)
START_TIMEOUT_S = 30.0
TERM_TIMEOUT_S, KILL_TIMEOUT_S = 10.0, 5.0
PAUSE_S = 0.02


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError, PagetollError for a daemon that does not obey."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    acts = {"run": _run, "start": _start, "stop": _stop, "status": _status, "reload": _reload}
    if len(parsed.words) != 1 or parsed.words[0] not in acts:
        raise UsageError(_("say one of run, start, stop, status, reload; see: pagetoll daemon --help"))
    home = Home.from_environment(os.environ)
    # the log and the lock lie in the owner's folder, where root must open nothing
    if not identity.become_owner(home):
        raise PagetollError(
            _("only root and {name} may do this to the daemon; run this as one of them").format(
                name=home.owner().name
            )
        )
    return acts[parsed.words[0]](home, parsed)


def _run(_home: Home, _parsed: Parsed) -> int:
    os.execv(_program(), [_program()])  # noqa: S606 - no shell, our own program


def _start(home: Home, parsed: Parsed) -> int:
    if (running := running_pid(home)) is not None:
        say_done(parsed, _("the daemon runs already, pid {pid}").format(pid=running), _state(running))
        return 0
    log_path = home.data_folder / "pagetolld.log"
    with Path(os.devnull).open("rb") as nothing:
        child = subprocess.Popen(
            [_program()], stdin=nothing, stdout=nothing, stderr=_log(log_path), start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise PagetollError(
                _("the daemon ended at once with status {returncode}; see {log_path}").format(
                    returncode=child.returncode, log_path=log_path
                )
            )
        # The socket of a daemon that has ended is still there: only one that listens is the new one's.
        if (running := running_pid(home)) is not None and is_served(home):
            say_done(parsed, _("the daemon runs, pid {pid}").format(pid=running), _state(running, "started"))
            return 0
        time.sleep(PAUSE_S)
    raise PagetollError(
        _("the daemon did not answer within {start_timeout_s:.0f} s; see {log_path}").format(
            start_timeout_s=START_TIMEOUT_S, log_path=log_path
        )
    )


def _log(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o640)
    except OSError as error:
        raise PagetollError(
            _("{path} cannot be written: {strerror}; remove it, then start again").format(
                path=path, strerror=error.strerror
            )
        ) from error


def _stop(home: Home, parsed: Parsed) -> int:
    pid = _pid(home)
    for number, patience_s in ((signal.SIGTERM, TERM_TIMEOUT_S), (signal.SIGKILL, KILL_TIMEOUT_S)):
        os.kill(pid, number)  # a daemon that hangs is killed: what it had begun is repaired by the next one
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if running_pid(home) != pid:
                say_done(parsed, _("the daemon has ended"), _state(None, "stopped"))
                return 0
            time.sleep(PAUSE_S)
    raise PagetollError(
        _("the daemon, pid {pid}, did not end even by SIGKILL; look at its state in /proc/{pid}/status").format(
            pid=pid
        )
    )


def _status(home: Home, parsed: Parsed) -> int:
    pid = running_pid(home)
    say_done(
        parsed,
        _("the daemon does not run; jobs start it, or: pagetoll daemon start")
        if pid is None
        else _("running, pid {pid}").format(pid=pid),
        _state(pid),
    )
    return 1 if pid is None else 0


def _reload(home: Home, parsed: Parsed) -> int:
    pid = _pid(home)
    os.kill(pid, signal.SIGHUP)
    say_done(parsed, _("the daemon reads its configuration again"), _state(pid, "told to reload"))
    return 0


def _state(pid: int | None, done: str | None = None) -> dict[str, object]:
    """For programs: whether the daemon runs, and what was done to it."""
    return {"running": pid is not None, "pid": pid, "done": done}


def _pid(home: Home) -> int:
    pid = running_pid(home)
    if pid is None:
        raise PagetollError(
            _("no daemon of {data_folder} runs; start it with: pagetoll daemon start").format(
                data_folder=home.data_folder
            )
        )
    return pid


def _program() -> str:
    program = Path(sys.prefix).resolve() / "bin" / "pagetolld"
    if not program.exists():
        raise PagetollError(_("{program} is missing; install Pagetoll anew with: make setup").format(program=program))
    return str(program)
