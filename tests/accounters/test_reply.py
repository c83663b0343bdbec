# SPDX-License-Identifier: Apache-2.0
"""What the daemon believes of a child's answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.accounters.software import reply
from pagetoll.core import errors
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Finding, PageRun, Segment, Usage

USAGE = Usage(
    segments=(
        Segment(
            language="pdf",
            runs=(PageRun(3, 2, Duplex.LONG, ColorClass.COLOR, (595.0, 842.0), blank=False), PageRun()),
            sets=2,
            end_offset=4711,
        ),
    ),
    confidence=Confidence.EXACT,
    findings=(Finding("trailing_garbage", 4712),),
    page_end_offsets=(100, 200, 300, 4711),
)
WHOLE = reply.encode_usage(USAGE)


def test_an_answer_comes_back_as_it_was() -> None:
    assert reply.decode_usage(WHOLE) == USAGE


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'[[], "exact", []]',
        b'[[], "exact", [], [], [], []]',
        WHOLE[:-1],
        WHOLE.replace(b'"exact"', b'"certain"'),
        WHOLE.replace(b'"pdf"', b"7"),
        WHOLE.replace(b"4711", b"-1"),
        WHOLE.replace(b"4711", b"1e3"),
        WHOLE.replace(b"4711", b"true"),
        WHOLE.replace(b"4711", b"9" * 30),
        WHOLE.replace(b"595.0", b"NaN"),
        WHOLE.replace(b"595.0", b"Infinity"),
        WHOLE.replace(b"595.0", b"true"),
        WHOLE.replace(b"[595.0,842.0]", b"[595.0]"),
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"9" * 100_000,
    ],
    ids=lambda answer: repr(answer[:20]),
)
def test_an_answer_that_is_no_usage_is_refused(answer: bytes) -> None:
    with pytest.raises(reply.BadReply):
        reply.decode_usage(answer)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode)
)
def test_whatever_a_child_says_is_an_answer_or_refused(said: bytes) -> None:
    for decode in (reply.decode_usage, reply.decode_failure, reply.decode_exit):
        try:
            decode(said)
        except reply.BadReply:
            continue


@pytest.mark.parametrize(
    "kind", ["DocumentError", "UnknownLanguage", "TruncatedDocument", "MalformedDocument", "DocumentTooComplex"]
)
def test_a_parsers_error_keeps_its_kind_text_and_offset(kind: str) -> None:
    error = getattr(errors, kind)("the third page is torn", 12)
    heard = reply.decode_failure(reply.encode_failure(error))
    assert (type(heard).__name__, heard.text, heard.offset) == (kind, "the third page is torn", 12)


def test_no_child_can_raise_an_error_that_is_none_of_a_parsers() -> None:
    with pytest.raises(reply.BadReply):
        reply.decode_failure(b'["SystemExit", 0, "bye"]')


def test_control_characters_of_a_document_do_not_reach_a_log() -> None:
    heard = reply.decode_failure(b'["MalformedDocument", 0, "bad \\u001b[31m word\\nINFO: paid"]')
    assert heard.text == "bad  [31m word INFO: paid"
