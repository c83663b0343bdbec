# SPDX-License-Identifier: Apache-2.0
"""One daemon a home: a lock held for life, and the socket that only its holder may replace."""

import contextlib
import fcntl
import os
import socket
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _

SOCKET_MODE = 0o666
BACKLOG = 512


class AlreadyRunning(PagetollError):
    """Another daemon holds the home's lock."""


def take_lock(home: Home) -> int:
    """Lock the home and write our pid down; the descriptor holds the lock. Raises AlreadyRunning, PagetollError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(home.daemon_lock, flags, 0o640)
    except OSError as error:
        raise PagetollError(
            _("{daemon_lock} cannot be opened: {strerror}; run: pagetoll init").format(
                daemon_lock=home.daemon_lock, strerror=error.strerror
            )
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(
            _("a daemon of {data_folder} is running already; end it with: pagetoll daemon stop").format(
                data_folder=home.data_folder
            )
        ) from None
    text = f"{os.getpid()}\n".encode()
    try:
        # overwritten before it is cut: on a full disk the room it has must not be given away
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    except OSError as error:
        os.close(descriptor)
        raise PagetollError(
            _("{daemon_lock} cannot be written: {strerror}; make room").format(
                daemon_lock=home.daemon_lock, strerror=error.strerror
            )
        ) from error
    return descriptor


def running_pid(home: Home) -> int | None:
    """The pid of the running daemon, None when none holds the lock. Raises PermissionError for strangers."""
    try:
        descriptor = os.open(home.daemon_lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def is_served(home: Home) -> bool:
    """Whether somebody listens on the home's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(home.socket)) == 0


def listen(path: Path) -> socket.socket:
    """The listening socket, mode 0666: the peer's credentials decide who may do what. For the lock's holder only."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o777 & ~SOCKET_MODE)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    return listener
