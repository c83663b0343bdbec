# SPDX-License-Identifier: Apache-2.0
"""What a process gives up before it looks at a document (docs/concepts/counting-sandbox.md).

Order matters: limits first, then no-new-privileges (which the kernel wants before the next two), then files, then
system calls, after which the earlier steps could no longer be taken. Nothing here can be undone by the process.
"""

import ctypes
import math
import os
import platform
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pagetoll.accounters.software import landlock, seccomp

MIB = 1024 * 1024
OPEN_FILES = 64
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one document may use: processor seconds, memory beyond what the process already has.

    All processes of a count together have to stay below 512 MiB: the one that asks, the zygote, a counting process
    with numpy and a Ghostscript have some 80 MiB to begin with.
    """

    cpu_s: float
    memory_octets: int = 400 * MIB


def time_limit_s(document_octets: int) -> float:
    """Wall clock for one document: 4 s and 2 s per MiB, at most 60 s."""
    return min(60.0, 4.0 + 2.0 * document_octets / MIB)


@cache
def prepared_parser_filter() -> bytes:
    """The parsers' filter for this machine. Raises `OSError` where there is none; then nothing is counted."""
    return seccomp.parser_filter(platform.machine())


def enclose(readable: Sequence[str] = (), executable: Sequence[str] = ()) -> int:
    """What can be given up before the document is known: files outside, core dumps, written files, new processes.

    `readable` and `executable` stay within reach. Returns the octets of memory mapped so far, for `lock_down`.
    Raises `OSError`.
    """
    os.chdir("/")
    os.umask(0o077)
    become_undumpable()
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    mapped_octets = int(os.read(statm, 100).split()[0]) * resource.getpagesize()
    os.close(statm)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(limit, (value, value))
    seccomp.forbid_new_privileges()
    landlock.restrict(readable, executable)
    return mapped_octets


def lock_down(budget: Budget, mapped_octets: int) -> None:
    """After `enclose`: make this process a counting child, which keeps its descriptors and can get no others.

    `mapped_octets`: memory mapped so far, the document included. Afterwards no file can be opened, no socket made
    or connected, no process made, traced or signalled, no program started; memory and processor time are
    limited by `budget`. Raises `OSError`.
    """
    _limit(budget, mapped_octets)
    seccomp.install(prepared_parser_filter())


def lock_down_ghostscript(budget: Budget, executable: str) -> None:
    """The same for a process about to execute Ghostscript, which still reads programs and fonts. Raises `OSError`."""
    enclose(readable=GHOSTSCRIPT_READS, executable=(executable, *_LOADERS))
    _limit(budget, 0)
    seccomp.install(seccomp.ghostscript_filter(platform.machine()))


# programs, fonts and their lists; no home, no spool, no /etc/passwd, no /proc
GHOSTSCRIPT_READS = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/ghostscript",
    "/etc/papersize",
    "/etc/paperspecs",
    "/var/lib/ghostscript",
    "/var/cache/fontconfig",
    "/dev/null",
)


def die_with_parent(parent_pid: int) -> None:
    """The kernel kills this process when its parent (which has one thread) ends; at once if it already has."""
    _libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), *(ctypes.c_ulong(0),) * 3)
    if os.getppid() != parent_pid:
        os._exit(1)


def become_undumpable() -> None:
    """No core dump, and no other process of this user may trace or read this one."""
    _libc.prctl(_PR_SET_DUMPABLE, *(ctypes.c_ulong(0),) * 4)


def drop_root(uid: int, gid: int) -> None:
    """Become `uid` and `gid` without any other group, when this process is root's. Raises `OSError`, or
    `PermissionError` when it would stay root."""
    if os.getuid() == 0 and uid != 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if 0 in os.getresuid():
        raise PermissionError("documents are not counted as root: name a user to count as")


def _limit(budget: Budget, mapped_octets: int) -> None:
    cpu_s = math.ceil(budget.cpu_s) + 1
    memory_octets = mapped_octets + budget.memory_octets
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))  # SIGXCPU, which says why; then SIGKILL
    resource.setrlimit(resource.RLIMIT_AS, (memory_octets, memory_octets))
