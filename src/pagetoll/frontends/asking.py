# SPDX-License-Identifier: Apache-2.0
"""Has the daemon run a command: the way of everybody but root and the home's owner to the books.

The command's child of the daemon writes to this process's own streams; files that the words name are opened here,
with the caller's rights, and only their descriptors go over.
"""

import os
import shlex
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pagetoll.config.home import Home, name_of
from pagetoll.core.errors import PagetollError, ProtocolError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.rights import FILE_WORDS, Direction, FileWords, NotAllowed
from pagetoll.frontends.cli.options import Parsed
from pagetoll.wire import frames
from pagetoll.wire.command_frames import FILES_MAX, WORDS_MAX, Command, NamedFile

CONNECT_TIMEOUT_S = 10.0
AFTER_INTERRUPT_S = 5.0
_FLAGS: Mapping[Direction, int] = {"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREAT}
_NO_FILES = FileWords({})
_TOLD = ("LANG", "LANGUAGE", "TZ", "COLUMNS")


def ask(home: Home, program: str, parsed: Parsed, words: list[str]) -> int:
    """Run a command by the daemon; `words` are the command line of `parsed` without what this process has done.

    Returns the exit status. Raises NotAllowed where no daemon can be asked, UsageError for a file that cannot be
    opened, PagetollError when the daemon could not do it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with ExitStack() as opened, _connected(home) as link:
        named = _files_of(program, parsed)
        descriptors = [opened.enter_context(_stream(number)) for number in range(3)]
        descriptors += [opened.enter_context(_file(direction, name)) for direction, name in named]
        command = Command(
            program=os.fsencode(program),
            path=os.fsencode(sys.argv[0]),
            words=tuple(map(os.fsencode, words)),
            files=tuple(NamedFile(direction=direction, name=os.fsencode(name)) for direction, name in named),
            environment=_environment(os.environb),
        )
        try:
            data = frames.encode(command)
        except ProtocolError as error:
            raise UsageError(_("these are more words than one call may have; make several calls")) from error
        try:
            sent = socket.send_fds(link, [data], descriptors)
            link.sendall(data[sent:])
        except OSError:  # it has said why and closed its end
            pass
        return _answer(link)


@contextmanager
def _connected(home: Home) -> Iterator[socket.socket]:
    """A connection to the home's daemon, and to nobody else. Raises NotAllowed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as link:
        link.settimeout(CONNECT_TIMEOUT_S)
        try:
            link.connect(str(home.socket))
        except PermissionError as error:
            raise NotAllowed(
                _(
                    "{login} : you are not allowed to use this command without the daemon, whose folder others "
                    "cannot pass; run it as root or as {owner}, or let them in with: chmod o+x {folder}"
                ).format(
                    login=name_of(os.getuid()),
                    owner=home.owner().name,
                    folder=shlex.quote(str(home.socket.parent)),
                )
            ) from error
        except OSError as error:
            raise NotAllowed(
                _(
                    "{login} : you are not allowed to use this command without the daemon, which does not answer "
                    "({why}); run it as root or as {owner}, or start the daemon with: pagetoll daemon start"
                ).format(login=name_of(os.getuid()), why=error.strerror or error, owner=home.owner().name)
            ) from error
        pid, uid, _gid = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid not in (0, home.owner().uid):  # root where systemd listens for the daemon
            raise PagetollError(
                _("{socket} belongs to process {pid} of {user}, which is not the daemon").format(
                    socket=home.socket, pid=pid, user=name_of(uid)
                )
            )
        link.settimeout(None)
        yield link


def _files_of(program: str, parsed: Parsed) -> list[tuple[Direction, str]]:
    """The files that the words name, each once; "-" is a stream."""
    table = FILE_WORDS.get(program, _NO_FILES)
    named: list[tuple[Direction, str]] = [
        (direction, parsed.values[option]) for option, direction in table.options.items() if option in parsed
    ]
    if table.names:
        named += [("r", word) for word in parsed.words]
    found = [file for file in dict.fromkeys(named) if file[1] not in ("", "-")]
    if len(found) > FILES_MAX or len(parsed.words) > WORDS_MAX:
        raise UsageError(
            _("at most {files} files and {words} names go into one call; make several").format(
                files=FILES_MAX, words=WORDS_MAX
            )
        )
    return found


@contextmanager
def _stream(number: int) -> Iterator[int]:
    """One of our own three streams; nothing where it is closed."""
    try:
        os.fstat(number)
    except OSError:
        descriptor = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    else:
        yield number


@contextmanager
def _file(direction: Direction, name: str) -> Iterator[int]:
    """The file, opened as the caller. What is written is emptied by the command, when it begins to write; a file that
    stays empty is removed, as the command itself would."""
    try:
        descriptor = os.open(name, _FLAGS[direction] | os.O_CLOEXEC | os.O_NOCTTY, 0o666)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(_("{file}: {why}; give another file").format(file=name, why=why)) from error
    try:
        yield descriptor
        status = os.fstat(descriptor)
        if direction == "w" and stat.S_ISREG(status.st_mode) and status.st_size == 0:
            with suppress(OSError):
                Path(name).unlink()
    finally:
        os.close(descriptor)


def _environment(environment: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """What the command needs to speak the caller's language: nothing else is told."""
    told = tuple(map(str.encode, _TOLD))
    return tuple((name, value) for name, value in environment.items() if name in told or name.startswith(b"LC_"))


def _answer(link: socket.socket) -> int:
    """Wait for the end of the command. An interruption is passed on, and the command says what became of it."""
    try:
        return _received(link)
    except KeyboardInterrupt:
        with suppress(OSError):
            link.shutdown(socket.SHUT_WR)
            link.settimeout(AFTER_INTERRUPT_S)
            return _received(link)
        raise


def _received(link: socket.socket) -> int:
    reader = frames.FrameReader()
    while True:
        try:
            data = link.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise PagetollError(
                _(
                    "the daemon ended the connection: it was stopped, or too many commands run for you at once; "
                    "look whether the change was made, and try again"
                )
            )
        for message in reader.feed(data):
            if isinstance(message, frames.Exit):
                return message.status
            if isinstance(message, frames.Failed):
                raise PagetollError(_(message.sentence.decode("utf-8", "replace")))
