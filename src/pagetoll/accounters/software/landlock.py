# SPDX-License-Identifier: Apache-2.0
"""Which files a process may still open (Landlock, Linux `Documentation/userspace-api/landlock.rst`).

    struct landlock_ruleset_attr       u64 handled_access_fs | u64 handled_access_net (ABI 4) | u64 scoped (ABI 6)
    struct landlock_path_beneath_attr  u64 allowed_access | s32 parent_fd     (packed)

The kernel's ABI number says which of it there is; on a kernel without it nothing happens and `restrict` says so.
"""

import ctypes
import os
import struct
from collections.abc import Sequence
from contextlib import suppress

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on x86_64 and aarch64
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = _EXECUTE | _READ_FILE  # those that may be granted on something that is no folder
_FS_BITS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # from ABI 5 on: 16
_BIND_AND_CONNECT_TCP = 0b11
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def abi() -> int:
    """The kernel's Landlock ABI, 0 where there is none."""
    nothing, none = ctypes.c_void_p(None), ctypes.c_size_t(0)
    version = int(
        _libc.syscall(ctypes.c_long(_CREATE_RULESET), nothing, none, ctypes.c_uint(_CREATE_RULESET_VERSION))
    )
    return max(version, 0)


def restrict(readable: Sequence[str] = (), executable: Sequence[str] = ()) -> bool:
    """From now on this process opens only what lies at or below `readable`, reading, and executes only `executable`.

    TCP, abstract sockets and signals to processes outside end too where the kernel knows how. Paths that do not exist
    are left out. Returns False where the kernel has no Landlock; raises `OSError` where it has and refuses.
    `forbid_new_privileges` comes first.
    """
    level = abi()
    if level == 0:
        return False
    handled = (1 << _FS_BITS_BY_ABI.get(level, 16)) - 1
    attributes = struct.pack("Q", handled)
    if level >= 4:
        attributes += struct.pack("Q", _BIND_AND_CONNECT_TCP)
    if level >= 6:
        attributes += struct.pack("Q", _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = _call(_CREATE_RULESET, buffer, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in executable:
            _allow(ruleset, path, _READ_FILE | _EXECUTE)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):  # noqa: PTH112  (a folder's rights on a file are refused)
                rights &= _FILE_RIGHTS
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, beneath), 12)
            _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint(0))
        finally:
            os.close(beneath)


def _call(number: int, *arguments: object) -> int:
    answer = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"system call {number}")
    return answer
