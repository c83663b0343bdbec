# SPDX-License-Identifier: Apache-2.0
"""The frames between the thin client and pagetolld (docs/reference/protocol.md), as octets and as messages.

    +----------------+-----------------------------------------------+
    | u32 length N   | N octets: fields                              |
    +----------------+-----------------------------------------------+
    field:  | u32 length n | n octets |      all numbers big-endian

The first field is the verb. Which fields follow is a row of `_LAYOUTS`; some (`job`, `command`) have an own tail.
Texts stay octets: what a spooler hands over need not be UTF-8. Descriptors travel beside the frame: `DESCRIPTORS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pagetoll.core.errors import ProtocolError
from pagetoll.wire import command_frames, lprng_frames
from pagetoll.wire.command_frames import Command, NamedFile
from pagetoll.wire.frame_fields import LENGTH_OCTETS, FieldCursor
from pagetoll.wire.lprng_frames import Lprng

VERSION = 1
FRAME_OCTETS_MAX = 1 << 20
#: The client's own variable in `job`: the verbs of the answers that it gives and that clients of before did not.
ANSWERS = "PAGETOLL_ANSWERS"

Stage = Literal["printing", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the spooler gave it to the client: `arguments` from argv[0] on, six or seven of them."""

    nonce: str
    pid: int
    start_time_ticks: int
    arguments: tuple[bytes, ...]
    environment: tuple[tuple[bytes, bytes], ...]
    version: int = VERSION

    @property
    def variables(self) -> dict[bytes, bytes]:
        """The environment to look up names in."""
        return dict(self.environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A client whose daemon was lost after `go`. `status` says something in the stage `ended` only."""

    stage: Stage
    backend_pid: int
    backend_start_time_ticks: int
    status: int
    canceled: bool
    job: Job


@dataclass(frozen=True, slots=True)
class Starting:
    """The client is about to fork; it waits for `Go`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The backend's process."""

    backend_pid: int
    backend_start_time_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A `PAGE:` line of the backend."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Canceled:
    """The spooler sent SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The backend is over; `signal_number` is 0 or what killed it (`status` is then 1)."""

    status: int
    canceled: bool
    signal_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """Only in a journal: how far the backend of a stdin job had read when it ended."""

    document_octets: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Asks for a round of upkeep now; the answer is `Say` lines, or one with JSON, and `Exit`."""

    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """The daemon lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A line for the spooler."""

    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """How the device backend is to be started."""

    device_uri: bytes
    user: bytes
    title: bytes
    copies: bytes
    options: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A page of ours that goes to the device beside the job: how its run of the device backend is started."""

    device_uri: bytes
    user: bytes
    title: bytes
    copies: bytes
    options: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerEnded:
    """That run is over."""

    status: int


@dataclass(frozen=True, slots=True)
class Go:
    """The client may fork."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Jobs held for a failure of ours that can go on."""

    job_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Those that the client has released, of a client whose job says that it answers (`ANSWERS`)."""

    job_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """The status the client ends with."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The daemon cannot do its work; `sentence` says why."""

    sentence: bytes


Message = (
    Job | Adopt | Starting | Started | Line | Canceled | Ended | HandedOver | Upkeep | Command | Lprng
    | Beat | Say | Print | Banner | BannerEnded | Go | Release | Released | Exit | Failed
)  # fmt: skip

# How many descriptors ride with a message: at least, at most.
DESCRIPTORS: dict[type[Message], tuple[int, int]] = {
    Job: (1, 1), Adopt: (3, 3), Starting: (2, 2), Print: (0, 1), Banner: (1, 1), Failed: (0, 1),
    Command: (command_frames.STREAMS, command_frames.STREAMS + command_frames.FILES_MAX),
    Lprng: (0, lprng_frames.FILES_MAX + 1),
}  # fmt: skip


class _Cursor(FieldCursor):
    """Takes a frame's fields one after the other; the messages with an own tail are read here."""

    def job(self) -> Job:
        """The fields of `job`, to the frame's end."""
        version_at, version = self.offset, self.number()
        if version != VERSION:
            raise ProtocolError(f"protocol version {version}, only {VERSION} is spoken", version_at)
        nonce, pid, ticks = self.nonce(), self.number(), self.number()
        count_at, count = self.offset, self.number()
        if count not in (6, 7):
            raise ProtocolError(f"{count} arguments, a job has 6 or 7", count_at)
        arguments = tuple(self.octets() for _ in range(count))
        return Job(
            nonce=nonce,
            pid=pid,
            start_time_ticks=ticks,
            arguments=arguments,
            environment=tuple(self.each(self.variable)),
        )

    def command(self) -> Command:
        """The fields of `command`, to the frame's end."""
        version_at, version = self.offset, self.number()
        if version != command_frames.COMMAND_VERSION:
            raise ProtocolError(f"commands of version {version}, only 1 is spoken", version_at)
        program, path = self.octets(), self.octets()
        words = tuple(self.octets() for _ in range(self.number(command_frames.WORDS_MAX)))
        files = tuple(
            NamedFile(direction="r" if self.word(("r", "w")) == "r" else "w", name=self.octets())
            for _ in range(self.number(command_frames.FILES_MAX))
        )
        environment = tuple(self.each(self.variable))
        return Command(program=program, path=path, words=words, files=files, environment=environment)

    def lprng(self) -> Lprng:
        """The fields of `lprng`, to the frame's end."""
        version_at, version = self.offset, self.number()
        if version != lprng_frames.LPRNG_VERSION:
            raise ProtocolError(f"LPRng's calls of version {version}, only 1 is spoken", version_at)
        role = self.word(lprng_frames.ROLES)
        return Lprng(
            role=next(known for known in lprng_frames.ROLES if known == role),
            nonce=self.nonce(),
            pid=self.number(),
            start_time_ticks=self.number(),
            worker_pid=self.number(),
            worker_start_time_ticks=self.number(),
            read_octets=self.number(),
            accounting=self.flag(),
            standard_input=self.octets(),
            documents=tuple(self.octets() for _ in range(self.number(lprng_frames.FILES_MAX))),
            arguments=tuple(self.octets() for _ in range(self.number(command_frames.WORDS_MAX))),
            environment=tuple(self.each(self.variable)),
        )


_RUN_OF_BACKEND = tuple((name, _Cursor.octets) for name in ("device_uri", "user", "title", "copies", "options"))

# verb: (message, its fields in the frame's order with the reader of each)
_LAYOUTS: dict[bytes, tuple[type[Message], tuple[tuple[str, Callable[[_Cursor], Any]], ...]]] = {
    b"job": (Job, ()),
    b"command": (Command, ()),
    b"lprng": (Lprng, ()),
    b"adopt": (
        Adopt,
        (
            ("stage", lambda cursor: cursor.word(get_args(Stage))),
            ("backend_pid", _Cursor.number),
            ("backend_start_time_ticks", _Cursor.number),
            ("status", _Cursor.status),
            ("canceled", _Cursor.flag),
            ("job", _Cursor.job),
        ),
    ),
    b"starting": (Starting, ()),
    b"started": (Started, (("backend_pid", _Cursor.number), ("backend_start_time_ticks", _Cursor.number))),
    b"line": (Line, (("line", _Cursor.octets),)),
    b"canceled": (Canceled, ()),
    b"upkeep": (Upkeep, (("as_json", _Cursor.flag),)),
    b"ended": (Ended, (("status", _Cursor.status), ("canceled", _Cursor.flag), ("signal_number", _Cursor.number))),
    b"handed-over": (HandedOver, (("document_octets", _Cursor.number),)),
    b"beat": (Beat, ()),
    b"say": (Say, (("line", _Cursor.octets),)),
    b"print": (Print, _RUN_OF_BACKEND),
    b"banner": (Banner, _RUN_OF_BACKEND),
    b"banner-ended": (BannerEnded, (("status", _Cursor.status),)),
    b"go": (Go, ()),
    b"release": (Release, (("job_ids", _Cursor.rest_as_numbers),)),
    b"released": (Released, (("job_ids", _Cursor.rest_as_numbers),)),
    b"exit": (Exit, (("status", _Cursor.status),)),
    b"failed": (Failed, (("sentence", _Cursor.octets),)),
}
_VERBS: dict[type[Message], bytes] = {kind: verb for verb, (kind, _) in _LAYOUTS.items()}


def encode(message: Message) -> bytes:
    """The frame with its length. Raises ProtocolError when it would be longer than a frame may be."""
    verb = _VERBS[type(message)]
    fields = [verb]
    if isinstance(message, Job):
        fields += _job_fields(message)
    if isinstance(message, Command):
        fields += command_frames.fields_of(message)
    if isinstance(message, Lprng):
        fields += lprng_frames.fields_of(message)
    for name, _ in _LAYOUTS[verb][1]:
        value = getattr(message, name)
        fields += _job_fields(value) if isinstance(value, Job) else _plain_fields(value)
    body = b"".join(len(field).to_bytes(LENGTH_OCTETS, "big") + field for field in fields)
    if len(body) > FRAME_OCTETS_MAX:
        raise ProtocolError(f"a frame of {len(body)} octets, at most {FRAME_OCTETS_MAX} are allowed")
    return len(body).to_bytes(LENGTH_OCTETS, "big") + body


def decode(body: bytes) -> Message:
    """The message of one frame, given without its length. Raises ProtocolError with the offset in it."""
    cursor = _Cursor(body)
    verb = cursor.octets()
    if verb not in _LAYOUTS:
        raise ProtocolError("an unknown verb", 0)
    if verb == b"job":
        return cursor.job()
    if verb == b"command":
        return cursor.command()
    if verb == b"lprng":
        return cursor.lprng()
    kind, layout = _LAYOUTS[verb]
    message = kind(**{name: read(cursor) for name, read in layout})
    if not cursor.at_end:
        raise cursor.error(f"more fields than {verb.decode()} has")
    return message


class FrameReader:
    """Collects octets of a stream and gives out the messages that are complete."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, octets: bytes) -> list[Message]:
        """The messages that `octets` completes. Raises ProtocolError; the connection is then of no use."""
        self._pending += octets
        messages = []
        while len(self._pending) >= LENGTH_OCTETS:
            length = int.from_bytes(self._pending[:LENGTH_OCTETS], "big")
            if length > FRAME_OCTETS_MAX:
                raise ProtocolError(f"a frame of {length} octets, at most {FRAME_OCTETS_MAX} are allowed")
            end = LENGTH_OCTETS + length
            if len(self._pending) < end:
                break
            messages.append(decode(bytes(self._pending[LENGTH_OCTETS:end])))
            del self._pending[:end]
        return messages


def _job_fields(job: Job) -> list[bytes]:
    return [
        *map(_plain, (job.version, job.nonce, job.pid, job.start_time_ticks, len(job.arguments))),
        *job.arguments,
        *(name + b"=" + value for name, value in job.environment),
    ]


def _plain_fields(value: object) -> list[bytes]:
    return [_plain(each) for each in value] if isinstance(value, tuple) else [_plain(value)]


def _plain(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return (str(int(value)) if isinstance(value, int) else str(value)).encode("ascii")
