# SPDX-License-Identifier: Apache-2.0
"""SNMP messages keep their meaning through octets, and broken octets say where they break."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import ProtocolError
from pagetoll.wire import snmp
from pagetoll.wire.snmp import Binding, Kind, Message, Operation, Value, Version

LIFE_COUNT = snmp.oid_of("1.3.6.1.2.1.43.10.2.1.4.1.1")
NUMBERS = st.integers(-(2**63), 2**63 - 1)
OIDS = st.builds(
    lambda first, second, rest: (first, second, *rest),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**32 - 1), max_size=20),
)
VALUES = st.one_of(
    st.sampled_from([Value(kind) for kind in (Kind.NULL, Kind.NO_SUCH_OBJECT, Kind.END_OF_MIB_VIEW)]),
    st.builds(Value, st.just(Kind.INTEGER), NUMBERS),
    st.builds(Value, st.sampled_from([Kind.COUNTER32, Kind.GAUGE32, Kind.TIME_TICKS]), st.integers(0, 2**32 - 1)),
    st.builds(Value, st.just(Kind.COUNTER64), st.integers(0, 2**64 - 1)),
    st.builds(Value, st.sampled_from([Kind.OCTET_STRING, Kind.OPAQUE, 0x5F]), st.binary(max_size=300)),
    st.builds(Value, st.just(Kind.OBJECT_IDENTIFIER), OIDS),
)
MESSAGES = st.builds(
    Message,
    version=st.sampled_from(list(Version)),
    community=st.binary(max_size=40),
    operation=st.sampled_from(list(Operation)),
    request_id=NUMBERS,
    bindings=st.lists(st.builds(Binding, OIDS, VALUES), max_size=6).map(tuple),
    error_status=st.integers(0, 18),
    error_index=st.integers(0, 6),
)


def get(*oids: snmp.Oid) -> Message:
    return Message(Version.V1, b"public", Operation.GET, 0x0A0B0C0D, tuple(Binding(oid) for oid in oids))


def test_a_request_has_the_octets_that_the_standard_asks_for():
    oid = "06 0b 2b 06 01 02 01 2b 0a 02 01 04 01"
    pdu = f"02 04 0a 0b 0c 0d  02 01 00  02 01 00  30 11 30 0f {oid} 05 00"
    wanted = bytes.fromhex(f"30 2c 02 01 00 04 06 70 75 62 6c 69 63 a0 1f {pdu}")
    asked = get((*LIFE_COUNT[:-1],))
    assert snmp.encode(asked) == wanted
    assert snmp.decode(wanted) == asked


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("41 04 ff ff ff fe", 4294967294),
        ("41 05 00 ff ff ff fe", 4294967294),
        ("41 01 07", 7),
        ("41 81 02 01 00", 256),
        ("46 09 00 ff ff ff ff ff ff ff ff", 2**64 - 1),
        ("02 01 ff", -1),
        ("02 03 00 00 07", 7),
    ],
    ids=["no sign octet", "with sign octet", "short", "long length", "64 bits", "negative", "octets to spare"],
)
def test_numbers_are_read_as_devices_write_them(octets: str, value: int):
    plain = snmp.encode(get(LIFE_COUNT))
    content = bytes.fromhex(octets)
    grown = len(content) - 2
    # the value stands at the end; each length that holds it grows with it
    changed = bytearray(plain[:-2] + content + b"behind")
    for offset in (1, 14, 28, 30):
        changed[offset] += grown
    assert snmp.decode(bytes(changed)).bindings[0].value.number == value


@given(MESSAGES)
def test_every_message_survives_the_way_there_and_back(message: Message):
    assert snmp.decode(snmp.encode(message)) == message


@given(MESSAGES, st.data())
def test_damaged_messages_fail_with_an_offset_or_are_another_message(message: Message, data: st.DataObject):
    octets = bytearray(snmp.encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    for damaged in (bytes(octets), cut):
        try:
            snmp.decode(damaged)
        except ProtocolError as error:
            assert 0 <= error.offset <= len(damaged)


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_else_is_raised(noise: bytes):
    with contextlib.suppress(ProtocolError):
        snmp.decode(noise)
    with pytest.raises(ProtocolError):
        snmp.decode(b"\x31" + noise)


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        ("", "cut off"),
        ("30", "cut off"),
        ("30 80 02 01 00", "does not use"),
        ("30 ff", "does not use"),
        ("30 84 ff ff ff ff", "longer than what holds it"),
        ("30 05 02 01 03 04 00", "neither 1 nor 2c"),
        ("30 07 02 01 00 04 00 a5 00", "operation 0xa5 is unknown"),
        ("30 07 02 01 00 04 00 a2 00", "cut off"),
        ("30 02 02 00", "a number has 0 octets"),
        ("30 04 04 00 04 00", "where 0x02 belongs"),
    ],
)
def test_what_breaks_is_named(octets: str, complaint: str):
    with pytest.raises(ProtocolError, match=complaint):
        snmp.decode(bytes.fromhex(octets))


def test_limits_hold_on_both_ways():
    with pytest.raises(ProtocolError, match="longer than a datagram"):
        snmp.decode(b"\x30" * 70000)
    many = get(*[LIFE_COUNT] * (snmp.BINDINGS_MAX + 1))
    with pytest.raises(ValueError, match="too large"):
        snmp.encode(many)
    inner = snmp.encode(get(*[(1, 3)] * snmp.BINDINGS_MAX))
    assert len(snmp.decode(inner).bindings) == snmp.BINDINGS_MAX


@pytest.mark.parametrize("text", ["", "1", "1..3", "1.3.x", "3.1", "1.40", "1.3.4294967296", "1.-3"])
def test_what_is_no_object_identifier_is_refused(text: str):
    with pytest.raises(ValueError, match="no object identifier"):
        snmp.oid_of(text)


@pytest.mark.parametrize(
    "value", [Value(Kind.COUNTER32, -1), Value(Kind.COUNTER32, 2**32), Value(Kind.OBJECT_IDENTIFIER, (1,))]
)
def test_a_value_that_cannot_be_sent_is_refused(value: Value):
    with pytest.raises(ValueError, match="is no "):
        snmp.encode(Message(Version.V2C, b"", Operation.RESPONSE, 1, (Binding(LIFE_COUNT, value),)))


def test_dots_write_and_read_identifiers():
    assert snmp.dotted(snmp.oid_of(".1.3.6.1")) == "1.3.6.1"
