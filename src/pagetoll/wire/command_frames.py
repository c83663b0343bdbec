# SPDX-License-Identifier: Apache-2.0
"""The request to run a command for somebody who may not open the books himself (docs/reference/protocol.md).

    field   1 "command"   2 version   3 program   4 path   5 number of words W   W words
            number of files F   F times: direction "r" or "w", name   then each variable as NAME=value

With it ride the descriptors 0, 1 and 2 of the caller and one for each file, in order. Who the caller is stands
nowhere in it: the socket tells.
"""

from dataclasses import dataclass
from typing import Literal

COMMAND_VERSION = 1
WORDS_MAX = 10_000
FILES_MAX = 61  # with the three streams a message of 64 descriptors
STREAMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that the words name, opened by the caller to read ("r") or to write ("w")."""

    direction: Literal["r", "w"]
    name: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line: the program's name, its path as the caller typed it (for messages), options and names."""

    program: bytes
    path: bytes
    words: tuple[bytes, ...]
    files: tuple[NamedFile, ...]
    environment: tuple[tuple[bytes, bytes], ...]
    version: int = COMMAND_VERSION


def fields_of(command: Command) -> list[bytes]:
    """The fields behind the verb."""
    fields = [b"%d" % command.version, command.program, command.path, b"%d" % len(command.words), *command.words]
    fields.append(b"%d" % len(command.files))
    for file in command.files:
        fields += [file.direction.encode("ascii"), file.name]
    return [*fields, *(name + b"=" + value for name, value in command.environment)]
