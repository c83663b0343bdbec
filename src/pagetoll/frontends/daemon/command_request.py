# SPDX-License-Identifier: Apache-2.0
"""The beginning of a command's child: it receives the request with the caller's descriptors and becomes the command.

This is no part of the daemon: whoever closes a descriptor waits for its file system, and that may be the caller's.
"""

import json
import os
import re
import socket
from typing import Any

from pagetoll.accounters.software.lockdown import become_undumpable, die_with_parent
from pagetoll.app.printing.client import ClientGone
from pagetoll.core.messages import marked
from pagetoll.core.rights import RIGHTS
from pagetoll.frontends.daemon.commands import OURS, child_words
from pagetoll.frontends.daemon.session import Session
from pagetoll.wire import frames
from pagetoll.wire.command_frames import STREAMS, Command

#: What the caller's program says in its user's language.
NO_SUCH_COMMAND = marked("the daemon runs no such command; run it as root")
FILES_LACK = marked("not every file of the command came with a descriptor; try again")

REQUEST_TIMEOUT_S = 30.0
NOT_RUN = 1
#: What the command has of the caller's environment: forms that name no file outside the folders of locales and time
#: zones.
_LOCALE = re.compile(rb"(?!.*\.\.)[A-Za-z0-9_.@:-]{1,100}")
_THEIRS: tuple[tuple[re.Pattern[bytes], re.Pattern[bytes]], ...] = (
    (re.compile(rb"LANG|LANGUAGE|LC_[A-Z]{1,20}"), _LOCALE),
    (re.compile(rb"TZ"), re.compile(rb"(?!.*\.\.)[A-Za-z<][A-Za-z0-9_+/,.<>-]{0,63}")),
    (re.compile(rb"COLUMNS"), re.compile(rb"[0-9]{1,4}")),
)


def main(told: int) -> int:
    """Receive a request and run its command in this process; returns an exit status only where that is not done."""
    with open(told, "rb", closefd=False) as file:
        caller = json.load(file)
    os.ftruncate(told, 0)
    die_with_parent(caller["daemon"])
    become_undumpable()
    session = Session(socket.socket(fileno=caller["connection"]))
    try:
        received = session.receive(REQUEST_TIMEOUT_S)
        if received is None or not isinstance(received[0], Command):
            return NOT_RUN
        command, descriptors = received[0], received[1]
        why = _why_not(command, descriptors)
        if why:
            session.send(frames.Failed(sentence=why.encode()))
            return NOT_RUN
    except ClientGone:
        return NOT_RUN
    _become(command, descriptors, caller, told)
    return NOT_RUN


def _why_not(command: Command, descriptors: tuple[int, ...]) -> str:
    if command.program.decode("ascii", "replace") not in RIGHTS:
        return NO_SUCH_COMMAND
    return FILES_LACK if len(descriptors) != STREAMS + len(command.files) else ""


def _become(command: Command, descriptors: tuple[int, ...], caller: dict[str, Any], told: int) -> None:
    """Give this process the caller's streams and files, and start the command's program in it."""
    files = descriptors[STREAMS:]
    request = caller | {
        "program": command.program.decode("ascii"),
        "path": command.path.decode("latin-1"),
        "words": [word.decode("latin-1") for word in command.words],
        "files": [
            [file.direction, file.name.decode("latin-1"), descriptor]
            for file, descriptor in zip(command.files, files, strict=True)
        ],
    }
    handed = os.memfd_create("command", 0)
    with open(handed, "wb", closefd=False) as file:
        file.write(json.dumps(request).encode("ascii"))
    os.lseek(handed, 0, os.SEEK_SET)
    os.pwrite(told, command.program, 0)  # the daemon reads it when the command is over
    for stream, descriptor in enumerate(descriptors[:STREAMS]):
        os.dup2(descriptor, stream)
    for descriptor in files:
        os.set_inheritable(descriptor, True)
    for inherited in (told, caller["connection"]):
        os.set_inheritable(inherited, False)
    words = child_words("command_child", handed)
    os.execve(words[0], words, _environment(command))  # noqa: S606 - no shell is wanted


def _environment(command: Command) -> dict[bytes, bytes]:
    ours = {os.fsencode(name): os.environb[os.fsencode(name)] for name in OURS if name in os.environ}
    theirs = {
        name: value
        for name, value in command.environment
        if any(known.fullmatch(name) and allowed.fullmatch(value) for known, allowed in _THEIRS)
    }
    return {**ours, **theirs}
