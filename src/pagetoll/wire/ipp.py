# SPDX-License-Identifier: Apache-2.0
"""IPP messages as values: encode a request or response, decode one (RFC 8010 §3, RFC 8011 for the codes).

A message holds groups, a group holds attributes, an attribute holds one or more tagged values. Text that
is not valid UTF-8 survives a round trip (surrogateescape), since names and titles are hostile.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from pagetoll.core.errors import ProtocolError

MAX_VALUE_OCTETS = 0x7FFF  # lengths are signed 16-bit numbers (RFC 8010 §3.9)
MAX_COLLECTION_DEPTH = 16


class Tag(IntEnum):
    """Delimiter and value tags (RFC 8010 §3.5)."""

    OPERATION_GROUP = 0x01
    JOB_GROUP = 0x02
    END_OF_ATTRIBUTES = 0x03
    PRINTER_GROUP = 0x04
    UNSUPPORTED_GROUP = 0x05
    SUBSCRIPTION_GROUP = 0x06  # RFC 3995 §7.1
    EVENT_NOTIFICATION_GROUP = 0x07
    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE_OF_INTEGER = 0x33
    BEGIN_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_NAME = 0x4A


class Operation(IntEnum):
    """The operations that Pagetoll sends (RFC 8011 §5.4.15)."""

    PRINT_JOB = 0x0002
    VALIDATE_JOB = 0x0004
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    HOLD_JOB = 0x000C
    RELEASE_JOB = 0x000D
    RESTART_JOB = 0x000E
    CREATE_PRINTER_SUBSCRIPTIONS = 0x0016  # RFC 3995 §11
    CANCEL_SUBSCRIPTION = 0x001B
    GET_NOTIFICATIONS = 0x001C  # RFC 3996 §5


class JobState(IntEnum):
    """Values of job-state (RFC 8011 §5.3.7)."""

    PENDING = 3
    PENDING_HELD = 4
    PROCESSING = 5
    PROCESSING_STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


class PrinterState(IntEnum):
    """Values of printer-state (RFC 8011 §5.4.11)."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


ENDED = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})


@dataclass(frozen=True, slots=True)
class IntegerRange:
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """`units` is 3 for dots per inch, 4 for dots per centimetre."""

    cross_feed: int
    feed: int
    units: int


@dataclass(frozen=True, slots=True)
class LocalizedText:
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    members: tuple["Attribute", ...]


Content = int | bool | str | bytes | None | IntegerRange | Resolution | LocalizedText | Collection


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag octet and its content. Tags that we do not know hold octets; out-of-band ones None."""

    tag: int
    content: Content


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group:
    tag: int
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`code` is the operation) or response (`code` is the status); `document` is what follows."""

    code: int
    request_id: int
    groups: tuple[Group, ...]
    version: tuple[int, int] = (2, 0)
    document: bytes = b""

    def first(self, name: str) -> Content:
        """The first content of the first attribute called `name` in any group; None when there is none."""
        named = (item for group in self.groups for item in group.attributes if item.name == name)
        found = next(named, None)
        return None if found is None else found.values[0].content


def attribute(name: str, tag: int, *contents: Content) -> Attribute:
    """An attribute whose values all have the same tag."""
    return Attribute(name, tuple(Value(tag, content) for content in contents))


def contents_by_name(group: Group) -> dict[str, tuple[Content, ...]]:
    """The group's attributes as a table; of attributes with the same name the first one counts.

    CUPS lets a client send a second job-originating-user-name; the scheduler's own one stands first.
    """
    table: dict[str, tuple[Content, ...]] = {}
    for item in group.attributes:
        table.setdefault(item.name, tuple(value.content for value in item.values))
    return table


# --- encoding ----------------------------------------------------------------------------------------
#
#   version (2) | operation-id or status-code (2) | request-id (4)
#   { group tag (1) { value tag (1) | name length (2) | name | value length (2) | value } ... } ...
#   end tag 0x03 | document


def encode(message: Message) -> bytes:
    """The octets of `message`. Raises ProtocolError for a value that does not fit its tag."""
    out = bytearray(struct.pack(">BBHi", *message.version, message.code, message.request_id))
    for group in message.groups:
        out.append(group.tag)
        for item in group.attributes:
            _put_attribute(out, item, depth=0)
    out.append(Tag.END_OF_ATTRIBUTES)
    return bytes(out) + message.document


def _put_attribute(out: bytearray, item: Attribute, depth: int) -> None:
    if not item.name or not item.values:
        raise ProtocolError(f"attribute {item.name!r} needs a name and a value", len(out))
    name = item.name
    for value in item.values:
        _put_value(out, name, value, depth)
        name = ""  # further values of the same attribute carry no name


def _put_value(out: bytearray, name: str, value: Value, depth: int) -> None:
    if isinstance(value.content, Collection):
        _put_field(out, Tag.BEGIN_COLLECTION, name, b"")
        if depth >= MAX_COLLECTION_DEPTH:
            raise ProtocolError("collections nested too deeply", len(out))
        for member in value.content.members:
            _put_field(out, Tag.MEMBER_NAME, "", _octets(member.name))
            for member_value in member.values:
                _put_value(out, "", member_value, depth + 1)
        _put_field(out, Tag.END_COLLECTION, "", b"")
        return
    _put_field(out, value.tag, name, _value_octets(value, len(out)))


def _put_field(out: bytearray, tag: int, name: str, octets: bytes) -> None:
    name_octets = _octets(name)
    for part in (name_octets, octets):
        if len(part) > MAX_VALUE_OCTETS:
            raise ProtocolError(f"{name or 'value'}: {len(part)} octets are more than {MAX_VALUE_OCTETS}", len(out))
    out += struct.pack(">BH", tag, len(name_octets)) + name_octets
    out += struct.pack(">H", len(octets)) + octets


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _value_octets(value: Value, offset: int) -> bytes:
    match value.content:
        case None:
            return b""
        case bool(flag):
            return bytes([flag])
        case int(number):
            if not -(2**31) <= number < 2**31:
                raise ProtocolError(f"{number} does not fit an IPP integer", offset)
            return struct.pack(">i", number)
        case str(text):
            return _octets(text)
        case bytes(octets):
            return octets
        case IntegerRange(lower, upper):
            return struct.pack(">ii", lower, upper)
        case Resolution(cross_feed, feed, units):
            return struct.pack(">iib", cross_feed, feed, units)
        case LocalizedText(language, text):
            parts = (_octets(language), _octets(text))
            return b"".join(struct.pack(">H", len(part)) + part for part in parts)
    raise ProtocolError(f"a {type(value.content).__name__} has no place in an IPP value", offset)


# --- decoding ----------------------------------------------------------------------------------------


def decode(octets: bytes) -> Message:
    """The message in `octets`. Raises ProtocolError (with the offset) for anything that breaks RFC 8010."""
    reader = _Reader(octets)
    major, minor, code, request_id = struct.unpack(">BBHi", reader.take(8, "header"))
    groups: list[Group] = []
    tag = reader.octet("group tag")
    while tag != Tag.END_OF_ATTRIBUTES:
        if tag > 0x0F or tag == 0:
            raise ProtocolError(f"value tag 0x{tag:02x} outside of a group", reader.offset - 1)
        attributes, next_tag = _group_attributes(reader)
        groups.append(Group(tag, attributes))
        tag = next_tag
    return Message(code, request_id, tuple(groups), (major, minor), octets[reader.offset :])


class _Reader:
    """Takes octets by declared length and knows where it is."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.offset = 0

    def take(self, length_octets: int, what: str) -> bytes:
        end = self.offset + length_octets
        if end > len(self.octets):
            missing = end - len(self.octets)
            raise ProtocolError(f"message ends inside {what}, {missing} octets missing", self.offset)
        part = self.octets[self.offset : end]
        self.offset = end
        return part

    def octet(self, what: str) -> int:
        return self.take(1, what)[0]

    def counted(self, what: str) -> bytes:
        (length_octets,) = struct.unpack(">H", self.take(2, f"length of {what}"))
        if length_octets > MAX_VALUE_OCTETS:
            raise ProtocolError(f"length of {what} is negative", self.offset - 2)
        return self.take(length_octets, what)

    def field(self) -> tuple[str, bytes]:
        """Name and value octets of the field whose tag was just read."""
        return _text(self.counted("attribute name")), self.counted("attribute value")


def _group_attributes(reader: _Reader) -> tuple[tuple[Attribute, ...], int]:
    """The attributes up to the next delimiter tag, and that tag."""
    found: list[tuple[str, list[Value]]] = []
    while (tag := reader.octet("tag")) > 0x0F:
        start = reader.offset - 1
        name, octets = reader.field()
        value = _value(reader, tag, octets, start, depth=0)
        if name:
            found.append((name, [value]))
        elif found:
            found[-1][1].append(value)
        else:
            raise ProtocolError("the first value of a group has no name", start)
    return _attributes(found), tag


def _attributes(found: Iterable[tuple[str, list[Value]]]) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, tuple(values)) for name, values in found)


def _value(reader: _Reader, tag: int, octets: bytes, start: int, depth: int) -> Value:
    if tag == Tag.BEGIN_COLLECTION:
        return Value(tag, _collection(reader, start, depth))
    if tag in (Tag.END_COLLECTION, Tag.MEMBER_NAME):
        raise ProtocolError("a collection's member or end outside of a collection", start)
    return Value(tag, _content(tag, octets, start))


def _collection(reader: _Reader, start: int, depth: int) -> Collection:
    if depth >= MAX_COLLECTION_DEPTH:
        raise ProtocolError("collections nested too deeply", start)
    found: list[tuple[str, list[Value]]] = []
    while True:
        at = reader.offset
        tag = reader.octet("tag in a collection")
        if tag <= 0x0F:
            raise ProtocolError("group tag inside a collection", at)
        _, octets = reader.field()
        if tag == Tag.END_COLLECTION:
            break
        if tag == Tag.MEMBER_NAME:
            found.append((_text(octets), []))
        elif found:
            found[-1][1].append(_value(reader, tag, octets, at, depth + 1))
        else:
            raise ProtocolError("a collection's value comes before its member name", at)
    for name, values in found:
        if not name or not values:
            raise ProtocolError(f"collection member {name!r} needs a name and a value", start)
    return Collection(_attributes(found))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


# tag -> struct format of the fixed-length contents
_FIXED = {
    Tag.INTEGER: ">i",
    Tag.ENUM: ">i",
    Tag.BOOLEAN: ">B",
    Tag.RANGE_OF_INTEGER: ">ii",
    Tag.RESOLUTION: ">iib",
}


def _content(tag: int, octets: bytes, offset: int) -> Content:
    if tag in (Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE):
        inner = _Reader(octets)
        try:
            language, text = inner.counted("language"), inner.counted("text")
        except ProtocolError as error:
            raise ProtocolError(error.text, offset + error.offset) from error
        return LocalizedText(_text(language), _text(text))
    if 0x10 <= tag <= 0x1F:
        return None  # out-of-band: whatever octets stand there mean nothing (RFC 8010 §3.8)
    if 0x40 <= tag <= 0x5F:
        return _text(octets)
    if tag not in _FIXED:
        return octets
    return _fixed_content(Tag(tag), octets, offset)


def _fixed_content(tag: Tag, octets: bytes, offset: int) -> Content:
    form = _FIXED[tag]
    if len(octets) != struct.calcsize(form):
        raise ProtocolError(f"{tag.name} of {len(octets)} octets", offset)
    numbers: tuple[int, ...] = struct.unpack(form, octets)
    if tag is Tag.RANGE_OF_INTEGER:
        return IntegerRange(*numbers)
    if tag is Tag.RESOLUTION:
        return Resolution(*numbers)
    if tag is Tag.BOOLEAN:
        return bool(numbers[0])
    return numbers[0]
