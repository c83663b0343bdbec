# SPDX-License-Identifier: Apache-2.0
"""The system call filters, run by a small interpreter of classic BPF, so that both machines' are tested."""

import errno
import re
import struct
from pathlib import Path

import pytest

from pagetoll.accounters.software.seccomp import ghostscript_filter, parser_filter

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL, REFUSE, NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
CALLS = {
    "x86_64": {"read": 0, "openat": 257, "socket": 41, "clone": 56, "execve": 59, "ptrace": 101, "clone3": 435},
    "aarch64": {"read": 63, "openat": 56, "socket": 198, "clone": 220, "execve": 221, "ptrace": 117, "clone3": 435},
}


def verdict(program: bytes, architecture: int, number: int, first_argument: int = 0) -> int:
    """What the kernel would answer: `struct seccomp_data` is number, architecture, instruction pointer, arguments."""
    data = struct.pack("=IIQQ", number, architecture, 0, first_argument)
    at = accumulator = 0
    while True:
        code, jump_true, jump_false, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, k)
            case 0x54:
                accumulator &= k
            case 0x15:
                at += jump_true if accumulator == k else jump_false
            case 0x35:
                at += jump_true if accumulator >= k else jump_false
            case 0x06:
                return int(k)
            case _:
                raise AssertionError(f"instruction {code:#x} is none of a filter")


@pytest.mark.parametrize("machine", ARCHITECTURE)
def test_a_parser_may_read_and_neither_open_nor_connect_nor_start_anything(machine: str) -> None:
    calls, program = CALLS[machine], parser_filter(machine)
    got = {name: verdict(program, ARCHITECTURE[machine], number) for name, number in calls.items()}
    assert got == {name: ALLOW if name == "read" else REFUSE for name in calls}


@pytest.mark.parametrize("machine", ARCHITECTURE)
def test_ghostscript_may_open_and_start_threads_but_no_process_and_no_socket(machine: str) -> None:
    calls, program = CALLS[machine], ghostscript_filter(machine)
    got = {name: verdict(program, ARCHITECTURE[machine], number) for name, number in calls.items()}
    refused = {"socket": REFUSE, "ptrace": REFUSE, "clone": REFUSE, "clone3": NO_SUCH_CALL}
    assert got == {name: refused.get(name, ALLOW) for name in calls}
    assert verdict(program, ARCHITECTURE[machine], calls["clone"], 0x10000 | 0x11) == ALLOW


@pytest.mark.parametrize("build", [parser_filter, ghostscript_filter])
def test_another_numbering_of_calls_does_not_slip_through(build) -> None:  # type: ignore[no-untyped-def]
    assert verdict(build("x86_64"), 0x40000003, 0) == KILL  # the 32 bit calls
    assert verdict(build("x86_64"), ARCHITECTURE["x86_64"], 0x40000000) == REFUSE  # x32's read
    assert verdict(build("aarch64"), ARCHITECTURE["x86_64"], 63) == KILL


def test_a_machine_without_a_table_is_refused_by_name() -> None:
    with pytest.raises(OSError, match="sparc64"):
        parser_filter("sparc64")


@pytest.mark.parametrize("machine", ARCHITECTURE)
def test_the_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    from pagetoll.accounters.software import seccomp

    header = HEADERS[machine]
    if not header.exists():
        pytest.skip("no kernel headers here")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    numbers = {name: int(number) for name, number in defined}
    column = list(ARCHITECTURE).index(machine)
    tables = {**seccomp._PARSER_MAY, **seccomp._GHOSTSCRIPT_MAY_NOT}
    ours = {name: both[column] for name, both in tables.items() if both[column] >= 0}
    assert ours == {name: numbers.get(name) for name in ours}
