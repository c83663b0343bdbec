# SPDX-License-Identifier: Apache-2.0
"""System call filters (seccomp, Linux `Documentation/userspace-api/seccomp_filter.rst`), as tables.

Three filters, all for good and inherited by whatever follows:

* a counting child may call only what `_PARSER_MAY` lists: memory, clocks, and talking on descriptors it
  already has. Everything else (open, socket, connect, ptrace, fork, execve, kill ...) fails with EPERM;
* Ghostscript is a foreign program that opens its own libraries and fonts, so for it `_GHOSTSCRIPT_MAY_NOT`
  lists what fails. execve must stay (the filter is set before Ghostscript is started); Landlock says what may
  be executed;
* a hook of the site's in Python may do what its user may, but reach nobody: `_OFFLINE_MAY_NOT`.

A filter is a classic BPF program over `struct seccomp_data`; an instruction is `code u16, jt u8, jf u8, k u32`.
"""

import ctypes
import errno
import os
import struct

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_RETURN_ALLOW, _RETURN_ERRNO, _RETURN_KILL = 0x7FFF0000, 0x00050000, 0x80000000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT_LOW = 0, 4, 16
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_CLONE_THREAD = 0x00010000
_X32_CALLS_FROM = 0x40000000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64); -1: that machine has no such call
_PARSER_MAY: dict[str, tuple[int, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, -1),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "exit": (60, 93),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "time": (201, -1),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "ppoll": (271, 73),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}

_GHOSTSCRIPT_MAY_NOT: dict[str, tuple[int, int]] = {
    "shmget": (29, 194),
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "bind": (49, 200),
    "listen": (50, 201),
    "socketpair": (53, 199),
    "fork": (57, -1),
    "vfork": (58, -1),
    "kill": (62, 129),
    "semget": (64, 190),
    "msgget": (68, 186),
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "chown": (92, -1),
    "fchown": (93, 55),
    "ptrace": (101, 117),
    "rt_sigqueueinfo": (129, 138),
    "personality": (135, 92),
    "setrlimit": (160, 164),
    "mount": (165, 40),
    "umount2": (166, 39),
    "tkill": (200, 130),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fchownat": (260, 54),
    "fchmodat": (268, 53),
    "unshare": (272, 97),
    "accept4": (288, 242),
    "rt_tgsigqueueinfo": (297, 240),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "execveat": (322, 281),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
}
_OFFLINE_MAY_NOT = (
    "socket", "connect", "accept", "accept4", "bind", "listen", "ptrace", "unshare", "setns", "mount", "umount2",
    "bpf", "perf_event_open", "userfaultfd", "open_by_handle_at", "process_vm_readv", "process_vm_writev", "kcmp",
    "pidfd_getfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key", "request_key", "keyctl",
)  # fmt: skip
_CLONE, _CLONE3 = (56, 220), (435, 435)


def parser_filter(machine: str) -> bytes:
    """The counting child's filter for `machine` (x86_64 or aarch64). Raises `OSError` for another machine."""
    column = list(_ARCHITECTURES).index(machine) if machine in _ARCHITECTURES else _unknown(machine)
    allow = [_when(numbers[column], _RETURN_ALLOW) for numbers in _PARSER_MAY.values() if numbers[column] >= 0]
    return b"".join([*_head(machine), *allow, _give(_RETURN_ERRNO | errno.EPERM)])


def ghostscript_filter(machine: str) -> bytes:
    """Ghostscript's filter for `machine`: threads may be made, processes may not."""
    column = list(_ARCHITECTURES).index(machine) if machine in _ARCHITECTURES else _unknown(machine)
    refuse = _RETURN_ERRNO | errno.EPERM
    denied = [_when(n[column], refuse) for n in _GHOSTSCRIPT_MAY_NOT.values() if n[column] >= 0]
    only_threads = [
        _instruction(_JUMP_EQUAL, _CLONE[column], 0, 4),
        _instruction(_LOAD, _AT_FIRST_ARGUMENT_LOW),
        _instruction(_AND, _CLONE_THREAD),
        _instruction(_JUMP_EQUAL, 0, 0, 1),
        _give(refuse),
    ]
    # ENOSYS makes the C library fall back from clone3, whose flags a filter cannot see, to clone
    clone3 = _when(_CLONE3[column], _RETURN_ERRNO | errno.ENOSYS)
    return b"".join([*_head(machine), *denied, clone3, *only_threads, _give(_RETURN_ALLOW)])


def offline_filter(machine: str) -> bytes:
    """The filter of a process that may start others and open files, and reach nobody over a socket."""
    column = list(_ARCHITECTURES).index(machine) if machine in _ARCHITECTURES else _unknown(machine)
    refuse = _RETURN_ERRNO | errno.EPERM
    numbers = [_GHOSTSCRIPT_MAY_NOT[name][column] for name in _OFFLINE_MAY_NOT]
    denied = [_when(number, refuse) for number in numbers if number >= 0]
    return b"".join([*_head(machine), *denied, _give(_RETURN_ALLOW)])


def forbid_new_privileges() -> None:
    """Nothing this process executes can gain rights any more. Raises `OSError`."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0)


def install(program: bytes) -> None:
    """Put the filter `program` on this process for good; `forbid_new_privileges` comes first. Raises `OSError`."""
    instructions = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions)))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header))


def _unknown(machine: str) -> int:
    raise OSError(errno.ENOSYS, f"no system call table for the machine {machine}: add a column to seccomp.py")


def _head(machine: str) -> list[bytes]:
    """Another machine's call numbering kills; x86_64's second numbering (x32) is refused."""
    head = [
        _instruction(_LOAD, _AT_ARCHITECTURE),
        _instruction(_JUMP_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _give(_RETURN_KILL),
        _instruction(_LOAD, _AT_NUMBER),
    ]
    if machine == "x86_64":
        head += [_instruction(_JUMP_AT_LEAST, _X32_CALLS_FROM, 0, 1), _give(_RETURN_ERRNO | errno.EPERM)]
    return head


def _when(number: int, answer: int) -> bytes:
    return _instruction(_JUMP_EQUAL, number, 0, 1) + _give(answer)


def _give(answer: int) -> bytes:
    return _instruction(_RETURN, answer)


def _instruction(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, k)


_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int, pointer: int) -> None:
    arguments = (ctypes.c_ulong(argument), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0))
    if _libc.prctl(option, *arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"prctl({option})")
