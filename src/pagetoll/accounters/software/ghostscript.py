# SPDX-License-Identifier: Apache-2.0
"""One Ghostscript process: started before there is a document, used for one, never again.

It has read its start-up files and waits on standard input; PCL XL comes from its standard output, its messages
from standard error. Called by an argument list in SAFER mode, already locked down
when it starts. Cost: a ready process answers a page in some milliseconds, a cold one in some fifty.
"""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_SETPIPE_SZ, fcntl

from pagetoll.accounters.software.lockdown import MIB, Budget, die_with_parent, lock_down_ghostscript
from pagetoll.languages.limits import FAIR_DPI
from pagetoll.languages.ps_guard import PROGRAM_GUARD

_SAFE = ("-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT")
# "-_" reads standard input in blocks; "-" would read it octet by octet, which takes three times as long.
_STDIN = "-_"
_PIPES = ("-sstdout=%stderr", "-sOutputFile=-")
_MEMORY = "-K393216"
"""384 MiB, in KiB. With the processes around it a count stays below 512 MiB."""
_MEMORY_FOR_PIXELS = "-K524288"
_FAIR_FILL = ("-c", "0 0 .setfilladjust2", "-f")
"""Fills cover the pixels whose middle is inside, not all they touch. Measured on thin lines: 1 % instead of 24 % too
much ink at 150 dpi (docs/reference/coverage.md)."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/nonexistent", "GS_OPTIONS": ""}
BUDGET = Budget(cpu_s=60.0, memory_octets=768 * MIB)
_PIPE_OCTETS = 256 * 1024


def counting_arguments(*, pages_seen: bool = False) -> tuple[str, ...]:
    """For PCL XL. `pages_seen`: fine enough to be looked at, and with lines as polygons, because the resolution of
    the axes differs; both cost next to nothing."""
    device = ("-sDEVICE=pxlcolor", f"-r{FAIR_DPI + 1}x{FAIR_DPI}" if pages_seen else "-r75")
    return (*_SAFE, *device, *_PIPES, _MEMORY, *PROGRAM_GUARD, *(_FAIR_FILL if pages_seen else ()), _STDIN)


def pixel_arguments(resolution_dpi: int, *, grey: bool = False) -> tuple[str, ...]:
    """For raw Netpbm pictures: bits, grey or color as each page needs, or all of them `grey`. No page may need a file
    (MaxBitmap), for none can be written."""
    fill = _FAIR_FILL if resolution_dpi >= FAIR_DPI else ()
    device = (f"-sDEVICE={'pgmraw' if grey else 'pnmraw'}", f"-r{resolution_dpi}", "-dMaxBitmap=400000000")
    return (*_SAFE, *device, *_PIPES, _MEMORY_FOR_PIXELS, *fill, _STDIN)


@dataclass(frozen=True, slots=True)
class Ghostscript:
    """A running process and our ends of its three pipes, all non-blocking."""

    pid: int
    pidfd: int
    stdin: int
    stdout: int
    stderr: int

    def release_pipes(self) -> None:
        """Close our ends, once the counting child has its own."""
        for end in (self.stdin, self.stdout, self.stderr):
            os.close(end)

    def kill(self) -> None:
        """End it, if it is still there; `waitpid` stays with the caller."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)


def start(executable: str, arguments: tuple[str, ...]) -> Ghostscript | None:
    """A locked-down Ghostscript waiting for a document, or None where `executable` is not installed.

    The caller has one thread (it forks) and reaps the process. Raises `OSError`.
    """
    if not os.access(executable, os.X_OK):
        return None
    theirs_in, stdin = os.pipe()
    stdout, theirs_out = os.pipe()
    stderr, theirs_err = os.pipe()
    parent_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_ghostscript([executable, *arguments], parent_pid, (theirs_in, theirs_out, theirs_err))
    for end in (theirs_in, theirs_out, theirs_err):
        os.close(end)
    for end in (stdin, stdout, stderr):
        os.set_blocking(end, False)
    for end in (stdin, stdout):
        with suppress(OSError):  # a small pipe is slower, nothing else
            fcntl(end, F_SETPIPE_SZ, _PIPE_OCTETS)
    return Ghostscript(pid, os.pidfd_open(pid), stdin, stdout, stderr)


def _become_ghostscript(command: list[str], parent_pid: int, pipes: tuple[int, int, int]) -> None:
    """In the forked process: take the pipes, give up everything else, execute. Does not return."""
    try:
        os.setsid()
        die_with_parent(parent_pid)
        for target, end in enumerate(pipes):
            os.dup2(end, target)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        lock_down_ghostscript(BUDGET, os.path.realpath(command[0]))
        os.execve(command[0], command, ENVIRONMENT)  # noqa: S606  (no shell: that is the point)
    finally:
        os._exit(127)
