# SPDX-License-Identifier: Apache-2.0
"""A locked-down process tries what it must not do; each attempt runs in a forked process of its own."""

import contextlib
import ctypes
import errno
import os
import pwd
import resource
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pagetoll.accounters.software import ghostscript, landlock
from pagetoll.accounters.software.lockdown import (
    MIB,
    Budget,
    drop_root,
    enclose,
    lock_down,
    lock_down_ghostscript,
    time_limit_s,
)

libc = ctypes.CDLL(None, use_errno=True)


def close_others(kept: set[int]) -> None:
    """As a counting child does: whatever else this process of many tests has open would use up the limit."""
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def outcome(attempt: Callable[[], object], lock: Callable[[], object], keep: tuple[int, ...] = ()) -> str:
    """What `attempt` came to after `lock`: "done", an errno's name, an exception's name, or "signal N". `keep` are
    the descriptors that it needs."""
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            close_others({said, *keep})
            nobody = pwd.getpwnam("nobody")
            drop_root(nobody.pw_uid, nobody.pw_gid)
            try:
                lock()
            except BaseException as error:
                os.write(said, f"the lock failed: {error!r}".encode())
                raise
            try:
                attempt()
                answer = "done"
            except OSError as error:
                answer = errno.errorcode.get(error.errno or 0, "OSError")
            except BaseException as error:
                answer = type(error).__name__
            os.write(said, answer.encode())
        finally:
            os._exit(0)
    os.close(said)
    with os.fdopen(heard, "rb") as answers:
        answer = answers.read().decode()
    _, status = os.waitpid(pid, 0)
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else answer


def full_lock() -> None:
    lock_down(Budget(cpu_s=20), enclose())


def trace_parent() -> None:
    if libc.ptrace(16, os.getppid(), None, None) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")


def start_thread() -> None:
    threading.Thread(target=int).start()


def take_two_gib() -> None:
    bytearray(2048 * MIB)


def raise_own_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


FORBIDDEN = {
    "open /etc/passwd": (lambda: os.open("/etc/passwd", os.O_RDONLY), "EPERM"),
    "list a folder": (lambda: list(Path("/").iterdir()), "EPERM"),
    "create a file": (lambda: os.open("/tmp/pagetoll-was-here", os.O_WRONLY | os.O_CREAT), "EPERM"),
    "remove a file": (lambda: Path("/tmp/pagetoll-was-here").unlink(), "EPERM"),
    "internet socket": (lambda: socket.socket(socket.AF_INET), "EPERM"),
    "local socket": (lambda: socket.socket(socket.AF_UNIX), "EPERM"),
    "fork": (os.fork, "EPERM"),
    "thread": (start_thread, "RuntimeError"),
    "execute": (lambda: os.execv("/bin/true", ["true"]), "EPERM"),
    "trace the parent": (trace_parent, "EPERM"),
    "signal the parent": (lambda: os.kill(os.getppid(), 0), "EPERM"),
    "pidfd of the parent": (lambda: os.pidfd_open(os.getppid()), "EPERM"),
    "become root": (lambda: os.setuid(0), "EPERM"),
    "two GiB of memory": (take_two_gib, "MemoryError"),
    "raise the memory limit": (raise_own_limit, "ValueError"),  # Python's word for EPERM here
    "memory file": (lambda: os.memfd_create("x"), "EPERM"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_counting_child_cannot(name: str) -> None:
    attempt, expected = FORBIDDEN[name]
    assert outcome(attempt, full_lock) == expected


@pytest.mark.parametrize("name", ["open /etc/passwd", "internet socket", "thread", "two GiB of memory"])
def test_without_the_lock_the_same_attempt_succeeds(name: str) -> None:
    attempt, _ = FORBIDDEN[name]
    assert outcome(attempt, lambda: None) == "done"


def test_a_counting_child_cannot_connect_a_socket_it_already_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        address = server.getsockname()
        assert outcome(lambda: client.connect(address), full_lock, (client.fileno(),)) == "EPERM"


def test_a_counting_child_cannot_write_into_a_file_it_already_has(tmp_path: Path) -> None:
    with (tmp_path / "spooled").open("wb+", buffering=0) as file:
        assert outcome(lambda: os.write(file.fileno(), b"x"), full_lock, (file.fileno(),)) == "EFBIG"
        assert os.fstat(file.fileno()).st_size == 0


def test_a_counting_child_can_still_compute_and_use_its_memory() -> None:
    assert outcome(lambda: sum(bytearray(100 * MIB)[:1000]), full_lock) == "done"


def test_an_endless_loop_is_ended_by_the_processor_limit() -> None:
    def loop() -> None:
        while True:
            pass

    assert outcome(loop, lambda: lock_down(Budget(cpu_s=0), enclose())) == f"signal {int(signal.SIGXCPU)}"


@pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock; the system call filter stands alone")
def test_files_are_out_of_reach_even_before_the_system_call_filter() -> None:
    assert outcome(lambda: os.open("/etc/passwd", os.O_RDONLY), enclose) == "EACCES"
    assert outcome(lambda: os.open("/etc/passwd", os.O_RDONLY), lambda: enclose(readable=["/etc"])) == "done"


@pytest.mark.skipif(os.getuid() != 0, reason="only root could stay root")
def test_root_is_never_kept() -> None:
    with pytest.raises(PermissionError):
        drop_root(0, 0)


@pytest.mark.parametrize(
    ("document_octets", "expected_s"),
    [(0, 4.0), (MIB, 6.0), (10 * MIB, 24.0), (28 * MIB, 60.0), (10_000 * MIB, 60.0)],
)
def test_the_time_limit_grows_with_the_document_up_to_a_minute(document_octets: int, expected_s: float) -> None:
    assert time_limit_s(document_octets) == expected_s


GHOSTSCRIPT = shutil.which("gs")
UNSAFE_PROGRAMS = {
    "read a file": "(/etc/passwd) (r) file 100 string readline pop =",
    "write a file": "(/tmp/pagetoll-gs-was-here) (w) file dup (x) writestring closefile (written) =",
    "run a program": "(%pipe%id) (r) file 100 string readline pop =",
}


@pytest.mark.skipif(GHOSTSCRIPT is None, reason="Ghostscript is not installed")
@pytest.mark.parametrize("name", UNSAFE_PROGRAMS)
def test_ghostscript_is_held_by_the_lock_even_without_its_own_safer_mode(name: str) -> None:
    assert GHOSTSCRIPT is not None
    executable = os.path.realpath(GHOSTSCRIPT)
    program = f"{{ {UNSAFE_PROGRAMS[name]} }} stopped {{ (held) = }} if quit"
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(said, 1)
            close_others(set())
            nobody = pwd.getpwnam("nobody")
            drop_root(nobody.pw_uid, nobody.pw_gid)
            lock_down_ghostscript(ghostscript.BUDGET, executable)
            os.execve(executable, ["gs", "-q", "-dNOSAFER", "-dNODISPLAY", "-c", program], ghostscript.ENVIRONMENT)
        finally:
            os._exit(1)
    os.close(said)
    with os.fdopen(heard, "rb") as answers:
        answer = answers.read().decode()
    _, status = os.waitpid(pid, 0)
    assert answer.split() == ["held"] and os.waitstatus_to_exitcode(status) == 0
    assert not Path("/tmp/pagetoll-gs-was-here").exists()
