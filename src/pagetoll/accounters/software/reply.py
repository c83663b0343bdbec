# SPDX-License-Identifier: Apache-2.0
"""What a counting child may say, and how little of it is believed.

    +------+------------------------------------------------------------------+
    | kind | body                                                             |
    +------+------------------------------------------------------------------+
    |  R   | a piece of the answer (JSON, at most PIECE_OCTETS)               |
    |  E   | empty: the answer is complete                                    |
    |  F   | JSON [class, offset, text]: a DocumentError of the parser        |
    |  X   | JSON [wait status, timed out]: written by the zygote, child gone |
    +------+------------------------------------------------------------------+

Each message is one packet of a SEQPACKET socket, so a child killed in the middle leaves no half message. The
answer is a `Usage` as nested JSON arrays in the order of the fields; the decoder follows the dataclasses'
own types and refuses everything else. No pickle: the sender may be in the hands of the document's author.
"""

import dataclasses
import json
import types
import typing
from enum import Enum
from functools import cache

from pagetoll.core import errors
from pagetoll.core.plain_text import plain
from pagetoll.core.usage import Usage

PIECE, COMPLETE, FAILURE, EXITED = b"R", b"E", b"F", b"X"
PIECE_OCTETS = 60_000
ANSWER_LIMIT_OCTETS = 24 * 1024 * 1024
TEXT_LIMIT_CHARACTERS = 1000
NUMBER_LIMIT = 2**53

_KINDS: dict[str, type[errors.DocumentError]] = {
    kind.__name__: kind
    for kind in (
        errors.DocumentError,
        errors.UnknownLanguage,
        errors.TruncatedDocument,
        errors.MalformedDocument,
        errors.DocumentTooComplex,
    )
}


class BadReply(ValueError):
    """The child said something that is no answer."""


def encode_usage(usage: Usage) -> bytes:
    """`usage` as JSON; only the values of its dataclasses' fields, in their order."""
    return json.dumps(_plain(usage), separators=(",", ":")).encode()


def decode_usage(answer: bytes) -> Usage:
    """The `Usage` in `answer`. Raises `BadReply` when it is anything else."""
    value = _build(Usage, _loads(answer))
    if not isinstance(value, Usage):
        raise BadReply("Usage expected")
    return value


def encode_failure(error: errors.DocumentError) -> bytes:
    """A parser's error as the body of an F message."""
    kind = next(name for name in (cls.__name__ for cls in type(error).__mro__) if name in _KINDS)
    return json.dumps([kind, error.offset, error.text[:TEXT_LIMIT_CHARACTERS]]).encode()


def decode_failure(body: bytes) -> errors.DocumentError:
    """The error in an F message, its text without control characters. Raises `BadReply`."""
    match _loads(body):
        case [str(kind), int(offset), str(text)] if kind in _KINDS and 0 <= offset < NUMBER_LIMIT:
            return _KINDS[kind](printable(text), offset)
    raise BadReply("an error that is none of ours")


def encode_exit(wait_status: int, timed_out: bool) -> bytes:
    """The body of an X message: wait status (os.wait), and whether the time limit ended the child."""
    return json.dumps([wait_status, timed_out]).encode()


def decode_exit(body: bytes) -> tuple[int, bool]:
    """Wait status and whether the time limit ended the child. Raises `BadReply`."""
    match _loads(body):
        case [int(wait_status), bool(timed_out)] if 0 <= wait_status < 2**16:
            return wait_status, timed_out
    raise BadReply("an exit status that is none")


def printable(text: str) -> str:
    """`text` from a document, short and without control characters, fit for a message."""
    return plain(text[:TEXT_LIMIT_CHARACTERS])


def _loads(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReply("not JSON") from error
    return value


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a Usage")


@cache
def _shape(cls: type) -> tuple[object, ...]:
    """The types of a dataclass's fields, in order."""
    hints = typing.get_type_hints(cls)
    return tuple(hints[field.name] for field in dataclasses.fields(cls))


def _build(expected: object, value: object) -> object:
    """`value` as an `expected`, or `BadReply`."""
    if isinstance(expected, type) and not isinstance(expected, types.GenericAlias):
        return _build_plain(expected, value)
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        rest = [argument for argument in arguments if argument is not type(None)]
        if len(rest) == 1:
            return _build(rest[0], value)
    if origin is tuple and isinstance(value, list):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            if arguments[0] is int:
                return tuple(map(_whole, value))
            return tuple(_build(arguments[0], item) for item in value)
        if len(arguments) == len(value):
            return tuple(map(_build, arguments, value))
    raise BadReply(f"{expected} expected")


def _build_plain(expected: type, value: object) -> object:
    if dataclasses.is_dataclass(expected):
        shape = _shape(expected)
        if isinstance(value, list) and len(value) == len(shape):
            return expected(*map(_build, shape, value))
    elif issubclass(expected, Enum):
        try:
            return expected(value)
        except ValueError as error:
            raise BadReply(f"{expected.__name__} expected") from error
    elif expected is int:
        return _whole(value)
    elif expected is float and isinstance(value, int | float) and not isinstance(value, bool):
        if -NUMBER_LIMIT < value < NUMBER_LIMIT:
            return float(value)
    elif expected is bool and isinstance(value, bool):
        return value
    elif expected is str and isinstance(value, str):
        return printable(value)
    raise BadReply(f"{expected.__name__} expected")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < NUMBER_LIMIT:
        return value
    raise BadReply("a whole number from 0 on expected")
