# SPDX-License-Identifier: Apache-2.0
"""SNMP messages of versions 1 and 2c as values: encode a request or response, decode one (RFC 1157, RFC 1901,
RFC 3416; the encoding is BER, X.690).

    message   30 len  version community pdu
    version   02 01   0 (v1) or 1 (v2c)
    community 04 len  octets
    pdu       A0..A2 len  request-id error-status error-index bindings
    bindings  30 len  { 30 len  06 len oid  value }*

Everything is read by its declared length, inside the length around it. What devices get wrong harmlessly is taken:
lengths and numbers with octets to spare, a Counter32 whose highest bit looks like a sign, octets behind the message.
"""

from dataclasses import dataclass
from enum import IntEnum

from pagetoll.core.errors import ProtocolError

MESSAGE_OCTETS_MAX = 65535
BINDINGS_MAX = 512
OID_PARTS_MAX = 128  # RFC 3416 §4
INTEGER_OCTETS_MAX = 16
_PART_MAX = 2**32 - 1
_SEQUENCE = 0x30

#: The numbers of an object identifier.
Oid = tuple[int, ...]


class Version(IntEnum):
    """The number in the message is one less than the name says for v1 and the same for v2c."""

    V1 = 0
    V2C = 1


class Operation(IntEnum):
    """The protocol data units that Pagetoll sends and understands (RFC 3416 §3)."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2


class Kind(IntEnum):
    """Tags of values (RFC 2578 §7.1, RFC 3416 §3)."""

    INTEGER = 0x02
    OCTET_STRING = 0x04
    NULL = 0x05
    OBJECT_IDENTIFIER = 0x06
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    GAUGE32 = 0x42
    TIME_TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


class ErrorStatus(IntEnum):
    """The error statuses of version 1 (RFC 1157 §4.1.1); version 2c has more, which are only numbers here."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    BAD_VALUE = 3
    READ_ONLY = 4
    GENERAL_ERROR = 5


#: How many bits an unsigned kind has.
_UNSIGNED_BITS = {Kind.COUNTER32: 32, Kind.GAUGE32: 32, Kind.TIME_TICKS: 32, Kind.COUNTER64: 64}
_EMPTY = (Kind.NULL, Kind.NO_SUCH_OBJECT, Kind.NO_SUCH_INSTANCE, Kind.END_OF_MIB_VIEW)


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its tag: a number, octets, an object identifier, or nothing. A tag that is no `Kind` keeps its
    octets."""

    kind: int
    content: int | bytes | Oid | None = None

    @property
    def number(self) -> int | None:
        """The number, None for any other kind."""
        return self.content if isinstance(self.content, int) else None

    @property
    def is_missing(self) -> bool:
        """Whether the agent said with this value that it has no such object."""
        return self.kind in _EMPTY


NULL = Value(Kind.NULL)


@dataclass(frozen=True, slots=True)
class Binding:
    """An object and its value; in requests the value is NULL."""

    oid: Oid
    value: Value = NULL


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. `error_index` counts the bindings from 1."""

    version: Version
    community: bytes
    operation: Operation
    request_id: int
    bindings: tuple[Binding, ...]
    error_status: int = ErrorStatus.NO_ERROR
    error_index: int = 0


def oid_of(text: str) -> Oid:
    """The object identifier that dots write, such as 1.3.6.1.2.1. Raises ValueError."""
    parts = tuple(int(part) for part in text.removeprefix(".").split(".") if part.isascii() and part.isdigit())
    if len(parts) != text.removeprefix(".").count(".") + 1 or not _may_be_sent(parts):
        raise ValueError(f"{text!r} is no object identifier")
    return parts


def dotted(oid: Oid) -> str:
    """The identifier as people write it."""
    return ".".join(map(str, oid))


# --- encoding -----------------------------------------------------------------------------------------------------


def encode(message: Message) -> bytes:
    """The octets of a message. Raises ValueError for a number, identifier or length that cannot be sent."""
    bindings = b"".join(
        _tagged(_SEQUENCE, _tagged(Kind.OBJECT_IDENTIFIER, _oid_octets(one.oid)) + _value_octets(one.value))
        for one in message.bindings
    )
    pdu = (
        _tagged(Kind.INTEGER, _signed_octets(message.request_id))
        + _tagged(Kind.INTEGER, _signed_octets(message.error_status))
        + _tagged(Kind.INTEGER, _signed_octets(message.error_index))
        + _tagged(_SEQUENCE, bindings)
    )
    body = (
        _tagged(Kind.INTEGER, _signed_octets(message.version))
        + _tagged(Kind.OCTET_STRING, message.community)
        + _tagged(message.operation, pdu)
    )
    data = _tagged(_SEQUENCE, body)
    if len(data) > MESSAGE_OCTETS_MAX or len(message.bindings) > BINDINGS_MAX:
        raise ValueError(f"a message of {len(data)} octets is too large to be sent")
    return data


def _tagged(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _signed_octets(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def _oid_octets(oid: Oid) -> bytes:
    if not _may_be_sent(oid):
        raise ValueError(f"{dotted(oid)} is no object identifier")
    return b"".join(_base128(part) for part in (oid[0] * 40 + oid[1], *oid[2:]))


def _may_be_sent(oid: Oid) -> bool:
    return (
        2 <= len(oid) <= OID_PARTS_MAX
        and oid[0] <= 2
        and (oid[1] < 40 or oid[0] == 2)
        and all(0 <= part <= _PART_MAX for part in oid)
        and oid[0] * 40 + oid[1] <= _PART_MAX
    )


def _base128(part: int) -> bytes:
    octets = [part & 0x7F]
    while part := part >> 7:
        octets.append(0x80 | (part & 0x7F))
    return bytes(reversed(octets))


def _value_octets(value: Value) -> bytes:
    content = value.content
    if content is None:
        return _tagged(value.kind, b"")
    if isinstance(content, bytes):
        return _tagged(value.kind, content)
    if isinstance(content, tuple):
        return _tagged(value.kind, _oid_octets(content))
    bits = _UNSIGNED_BITS.get(Kind(value.kind))
    if bits is not None and not 0 <= content < 2**bits:
        raise ValueError(f"{content} is no unsigned number of {bits} bits")
    return _tagged(value.kind, _signed_octets(content))


# --- decoding -----------------------------------------------------------------------------------------------------


def decode(data: bytes) -> Message:
    """The message in a datagram. Raises ProtocolError with the offset of what breaks the encoding."""
    if len(data) > MESSAGE_OCTETS_MAX:
        raise ProtocolError(f"a message of {len(data)} octets is longer than a datagram", 0)
    whole = _Reader(data, 0, len(data)).enter(_SEQUENCE)
    at = whole.at
    number = whole.integer()
    if number not in (Version.V1, Version.V2C):
        raise ProtocolError(f"version {number} is neither 1 nor 2c", at)
    community = whole.octets(Kind.OCTET_STRING)
    at = whole.at
    tag, pdu = whole.next()
    if tag not in list(Operation):
        raise ProtocolError(f"the operation 0x{tag:02x} is unknown", at)
    request_id, error_status, error_index = pdu.integer(), pdu.integer(), pdu.integer()
    listed = pdu.enter(_SEQUENCE)
    bindings: list[Binding] = []
    while not listed.done:
        if len(bindings) == BINDINGS_MAX:
            raise ProtocolError(f"there are more than {BINDINGS_MAX} bindings", listed.at)
        one = listed.enter(_SEQUENCE)
        oid = one.oid()
        bindings.append(Binding(oid, one.value()))
    return Message(
        version=Version(number),
        community=community,
        operation=Operation(tag),
        request_id=request_id,
        bindings=tuple(bindings),
        error_status=error_status,
        error_index=error_index,
    )


class _Reader:
    """Reads one field after the other between two offsets of the message."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self.at = at
        self._end = end

    @property
    def done(self) -> bool:
        return self.at >= self._end

    def next(self) -> tuple[int, "_Reader"]:
        """The tag of the next field and a reader of its content."""
        start = self.at
        if start + 2 > self._end:
            raise ProtocolError("a field is cut off", start)
        tag, length = self._data[start], self._data[start + 1]
        at = start + 2
        if length & 0x80:
            octets = length & 0x7F
            if octets == 0 or octets > INTEGER_OCTETS_MAX:
                raise ProtocolError("a length is of a form that SNMP does not use", start + 1)
            if at + octets > self._end:
                raise ProtocolError("a length is cut off", start + 1)
            length = int.from_bytes(self._data[at : at + octets], "big")
            at += octets
        if length > self._end - at:
            raise ProtocolError(f"a field of {length} octets is longer than what holds it", start)
        self.at = at + length
        return tag, _Reader(self._data, at, self.at)

    def enter(self, expected: int) -> "_Reader":
        start = self.at
        tag, content = self.next()
        if tag != expected:
            raise ProtocolError(f"there is a field 0x{tag:02x} where 0x{expected:02x} belongs", start)
        return content

    def octets(self, expected: int) -> bytes:
        return self.enter(expected).rest()

    def rest(self) -> bytes:
        return self._data[self.at : self._end]

    def integer(self) -> int:
        return self.enter(Kind.INTEGER).signed()

    def signed(self) -> int:
        octets = self.rest()
        if not 1 <= len(octets) <= INTEGER_OCTETS_MAX:
            raise ProtocolError(f"a number has {len(octets)} octets", self.at)
        return int.from_bytes(octets, "big", signed=True)

    def oid(self) -> Oid:
        return self.enter(Kind.OBJECT_IDENTIFIER).parts()

    def parts(self) -> Oid:
        octets = self.rest()
        numbers: list[int] = []
        part, continued = 0, True
        for offset, octet in enumerate(octets, self.at):
            part = part << 7 | octet & 0x7F
            continued = bool(octet & 0x80)
            if part > _PART_MAX:
                raise ProtocolError("a number of an object identifier is too large", offset)
            if not continued:
                numbers.append(part)
                part = 0
        if continued or len(numbers) >= OID_PARTS_MAX:
            raise ProtocolError("an object identifier is empty, cut off or too long", self.at)
        first = min(numbers[0] // 40, 2)
        return (first, numbers[0] - 40 * first, *numbers[1:])

    def value(self) -> Value:
        tag, content = self.next()
        if tag in _EMPTY:
            return Value(tag)
        if tag == Kind.INTEGER:
            return Value(tag, content.signed())
        if tag == Kind.OBJECT_IDENTIFIER:
            return Value(tag, content.parts())
        if tag in _UNSIGNED_BITS:
            return Value(tag, content.signed() % 2 ** _UNSIGNED_BITS[Kind(tag)])
        return Value(tag, content.rest())
