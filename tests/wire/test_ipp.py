# SPDX-License-Identifier: Apache-2.0
"""IPP messages keep their meaning through octets, and broken octets say where they break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import ProtocolError
from pagetoll.wire import ipp

# The octets of a Print-Job request with job-name, copies and a two-valued attribute, laid out by RFC 8010.
REQUEST = bytes.fromhex(
    "0200 0002 00000007"
    "01"
    "47 0012 617474726962757465732d63686172736574 0005 7574662d38"
    "42 0008 6a6f622d6e616d65 0002 c3a9"
    "02"
    "21 0006 636f70696573 0004 00000003"
    "44 0002 6b77 0001 61"
    "44 0000 0001 62"
    "22 0004 666c6167 0001 01"
    "33 0002 7067 0008 00000002 00000003"
    "32 0003 647069 0009 00000258 00000258 03"
    "35 0002 7477 0007 0002 6465 0001 78"
    "13 0002 6e76 0000"
    "34 0003 636f6c 0000"
    "4a 0000 0001 6d"
    "21 0000 0004 00000001"
    "21 0000 0004 00000002"
    "37 0000 0000"
    "03"
    "25504446"
)
MESSAGE = ipp.Message(
    code=ipp.Operation.PRINT_JOB,
    request_id=7,
    groups=(
        ipp.Group(
            ipp.Tag.OPERATION_GROUP,
            (
                ipp.attribute("attributes-charset", ipp.Tag.CHARSET, "utf-8"),
                ipp.attribute("job-name", ipp.Tag.NAME, "é"),
            ),
        ),
        ipp.Group(
            ipp.Tag.JOB_GROUP,
            (
                ipp.attribute("copies", ipp.Tag.INTEGER, 3),
                ipp.attribute("kw", ipp.Tag.KEYWORD, "a", "b"),
                ipp.attribute("flag", ipp.Tag.BOOLEAN, True),
                ipp.attribute("pg", ipp.Tag.RANGE_OF_INTEGER, ipp.IntegerRange(2, 3)),
                ipp.attribute("dpi", ipp.Tag.RESOLUTION, ipp.Resolution(600, 600, 3)),
                ipp.attribute("tw", ipp.Tag.TEXT_WITH_LANGUAGE, ipp.LocalizedText("de", "x")),
                ipp.attribute("nv", ipp.Tag.NO_VALUE, None),
                ipp.attribute(
                    "col",
                    ipp.Tag.BEGIN_COLLECTION,
                    ipp.Collection((ipp.attribute("m", ipp.Tag.INTEGER, 1, 2),)),
                ),
            ),
        ),
    ),
    document=b"%PDF",
)


def test_a_message_becomes_the_octets_of_the_rfc() -> None:
    assert ipp.encode(MESSAGE) == REQUEST


def test_the_octets_of_the_rfc_become_the_message() -> None:
    assert ipp.decode(REQUEST) == MESSAGE


def test_every_cut_of_a_message_is_an_error_at_its_end() -> None:
    end = len(REQUEST) - len(MESSAGE.document)
    for length in range(end):
        with pytest.raises(ProtocolError) as caught:
            ipp.decode(REQUEST[:length])
        assert caught.value.offset <= length


BROKEN = [
    ("0200 0002 00000001 42 0000 0000", 8, "outside of a group"),
    ("0200 0002 00000001 01 42 0000 0001 61 03", 9, "has no name"),
    ("0200 0002 00000001 01 21 0001 61 0002 0000 03", 9, "INTEGER of 2 octets"),
    ("0200 0002 00000001 01 42 ffff", 10, "negative"),
    ("0200 0002 00000001 01 37 0001 61 0000 03", 9, "outside of a collection"),
    ("0200 0002 00000001 01 34 0001 61 0000 21 0000 0004 00000001", 15, "before its member name"),
    ("0200 0002 00000001 01 34 0001 61 0000 03", 15, "inside a collection"),
    ("0200 0002 00000001 01 35 0001 61 0003 0009 61 03", 11, "ends inside language"),
]


@pytest.mark.parametrize(("octets", "offset", "text"), BROKEN)
def test_a_broken_message_says_what_breaks_and_where(octets: str, offset: int, text: str) -> None:
    with pytest.raises(ProtocolError, match=text) as caught:
        ipp.decode(bytes.fromhex(octets))
    assert caught.value.offset == offset


def test_collections_nested_without_end_are_refused() -> None:
    level = bytes.fromhex("4a 0000 0001 6d 34 0000 0000")
    with pytest.raises(ProtocolError, match="too deeply"):
        ipp.decode(bytes.fromhex("0200 0002 00000001 01 34 0001 61 0000") + level * 1000)


@pytest.mark.parametrize(
    ("tag", "content", "text"),
    [
        (ipp.Tag.INTEGER, 2**31, "does not fit"),
        (ipp.Tag.NAME, "x" * 40_000, "more than"),
    ],
)
def test_a_value_that_does_not_fit_is_not_encoded(tag: int, content: ipp.Content, text: str) -> None:
    group = ipp.Group(ipp.Tag.JOB_GROUP, (ipp.attribute("a", tag, content),))
    with pytest.raises(ProtocolError, match=text):
        ipp.encode(ipp.Message(2, 1, (group,)))


def test_the_first_of_two_attributes_of_a_name_counts() -> None:
    group = ipp.Group(
        ipp.Tag.JOB_GROUP,
        (
            ipp.attribute("job-originating-user-name", ipp.Tag.NAME, "anna"),
            ipp.attribute("job-originating-user-name", ipp.Tag.NAME, "forged"),
        ),
    )
    assert ipp.contents_by_name(group) == {"job-originating-user-name": ("anna",)}
    assert ipp.Message(0, 1, (group,)).first("job-originating-user-name") == "anna"


# any octets as text: what is not UTF-8 is carried in surrogates
TEXTS = st.binary(max_size=40).map(lambda octets: octets.decode("utf-8", "surrogateescape"))
INTEGERS = st.integers(-(2**31), 2**31 - 1)
FLAT_VALUES = st.one_of(
    st.builds(ipp.Value, st.sampled_from([ipp.Tag.INTEGER, ipp.Tag.ENUM]), INTEGERS),
    st.builds(ipp.Value, st.just(ipp.Tag.BOOLEAN), st.booleans()),
    st.builds(ipp.Value, st.sampled_from([ipp.Tag.TEXT, ipp.Tag.NAME, ipp.Tag.KEYWORD, ipp.Tag.URI]), TEXTS),
    st.builds(ipp.Value, st.sampled_from([ipp.Tag.OCTET_STRING, ipp.Tag.DATE_TIME, 0x3A, 0x7F]), st.binary()),
    st.builds(ipp.Value, st.just(ipp.Tag.RANGE_OF_INTEGER), st.builds(ipp.IntegerRange, INTEGERS, INTEGERS)),
    st.builds(
        ipp.Value,
        st.just(ipp.Tag.RESOLUTION),
        st.builds(ipp.Resolution, INTEGERS, INTEGERS, st.integers(-128, 127)),
    ),
    st.builds(ipp.Value, st.just(ipp.Tag.NAME_WITH_LANGUAGE), st.builds(ipp.LocalizedText, TEXTS, TEXTS)),
    st.builds(ipp.Value, st.sampled_from([ipp.Tag.NO_VALUE, ipp.Tag.UNKNOWN]), st.none()),
)
NAMES = TEXTS.filter(bool)


def attributes(values: st.SearchStrategy[ipp.Value]) -> st.SearchStrategy[ipp.Attribute]:
    return st.builds(ipp.Attribute, NAMES, st.lists(values, min_size=1, max_size=3).map(tuple))


def collections(values: st.SearchStrategy[ipp.Value]) -> st.SearchStrategy[ipp.Value]:
    members = st.lists(attributes(values), max_size=3).map(tuple)
    return st.builds(ipp.Value, st.just(ipp.Tag.BEGIN_COLLECTION), st.builds(ipp.Collection, members))


VALUES = st.recursive(FLAT_VALUES, collections, max_leaves=6)
MESSAGES = st.builds(
    ipp.Message,
    st.integers(0, 0xFFFF),
    INTEGERS,
    st.lists(
        st.builds(
            ipp.Group,
            st.sampled_from([1, 2, 4, 5, 0x0A]),
            st.lists(attributes(VALUES), max_size=4).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    version=st.sampled_from([(1, 1), (2, 0)]),
    document=st.binary(max_size=30),
)


@given(MESSAGES)
def test_every_message_survives_the_round_trip(message: ipp.Message) -> None:
    assert ipp.decode(ipp.encode(message)) == message


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_a_protocol_error(octets: bytes) -> None:
    try:
        message = ipp.decode(b"\x02\x00\x00\x02\x00\x00\x00\x01" + octets)
    except ProtocolError as error:
        assert 0 <= error.offset <= len(octets) + 8
    else:
        assert message.code == ipp.Operation.PRINT_JOB
