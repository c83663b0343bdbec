# SPDX-License-Identifier: Apache-2.0
"""The codec between thin client and daemon: what goes in comes out, rubbish is named with its place."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import ProtocolError
from pagetoll.wire import frames
from pagetoll.wire.command_frames import Command, NamedFile
from pagetoll.wire.frames import FRAME_OCTETS_MAX, FrameReader, Message, decode, encode
from pagetoll.wire.lprng_frames import ROLES, Lprng

CLIENT = Path(__file__).resolve().parents[2] / "src" / "pagetoll" / "thin" / "cupspykota.py"

octets = st.binary(max_size=60)
numbers = st.integers(0, 10**20 - 1)
statuses = st.integers(0, 255)
names = st.binary(min_size=1, max_size=20).filter(lambda name: b"=" not in name)
jobs = st.builds(
    frames.Job,
    nonce=st.text("0123456789abcdef", min_size=32, max_size=32),
    pid=numbers,
    start_time_ticks=numbers,
    arguments=st.lists(octets, min_size=6, max_size=7).map(tuple),
    environment=st.lists(st.tuples(names, octets), max_size=5).map(tuple),
)
commands = st.builds(
    Command,
    program=octets,
    path=octets,
    words=st.lists(octets, max_size=5).map(tuple),
    files=st.lists(st.builds(NamedFile, direction=st.sampled_from(["r", "w"]), name=octets), max_size=3).map(tuple),
    environment=st.lists(st.tuples(names, octets), max_size=5).map(tuple),
)
lprng_calls = st.builds(
    Lprng,
    role=st.sampled_from(ROLES),
    nonce=st.text("0123456789abcdef", min_size=32, max_size=32),
    pid=numbers,
    start_time_ticks=numbers,
    worker_pid=numbers,
    worker_start_time_ticks=numbers,
    read_octets=numbers,
    accounting=st.booleans(),
    standard_input=octets,
    documents=st.lists(octets, max_size=4).map(tuple),
    arguments=st.lists(octets, max_size=4).map(tuple),
    environment=st.lists(st.tuples(names, octets), max_size=5).map(tuple),
)
messages = st.one_of(
    jobs,
    commands,
    lprng_calls,
    st.builds(
        frames.Adopt,
        stage=st.sampled_from(["printing", "ended"]),
        backend_pid=numbers,
        backend_start_time_ticks=numbers,
        status=statuses,
        canceled=st.booleans(),
        job=jobs,
    ),
    st.just(frames.Starting()),
    st.builds(frames.Started, backend_pid=numbers, backend_start_time_ticks=numbers),
    st.builds(frames.Line, line=octets),
    st.just(frames.Canceled()),
    st.builds(frames.Ended, status=statuses, canceled=st.booleans(), signal_number=numbers),
    st.builds(frames.HandedOver, document_octets=numbers),
    st.just(frames.Beat()),
    st.builds(frames.Say, line=octets),
    st.builds(frames.Print, device_uri=octets, user=octets, title=octets, copies=octets, options=octets),
    st.just(frames.Go()),
    st.builds(frames.Release, job_ids=st.lists(numbers, max_size=5).map(tuple)),
    st.builds(frames.Released, job_ids=st.lists(numbers, max_size=5).map(tuple)),
    st.builds(frames.Exit, status=statuses),
    st.builds(frames.Failed, sentence=octets),
)


@given(st.lists(messages, max_size=4), st.integers(1, 50))
def test_messages_survive_any_cutting_of_the_stream(sent: list[Message], piece_octets: int) -> None:
    stream = b"".join(encode(message) for message in sent)
    reader = FrameReader()
    received: list[Message] = []
    for at in range(0, len(stream), piece_octets):
        received += reader.feed(stream[at : at + piece_octets])
    assert received == sent


@given(st.binary(max_size=80))
def test_rubbish_is_only_ever_a_protocol_error(body: bytes) -> None:
    try:
        message = decode(body)
    except ProtocolError as error:
        assert 0 <= error.offset <= len(body)
    else:
        assert encode(message)[4:] == body


@given(messages, st.data())
def test_a_changed_octet_is_a_protocol_error_or_another_message(message: Message, data: st.DataObject) -> None:
    body = bytearray(encode(message)[4:])
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    try:
        assert encode(decode(bytes(body)))[4:] == body
    except ProtocolError as error:
        assert 0 <= error.offset <= len(body)


def body_of(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


JOB = [b"1", b"0" * 32, b"10", b"20", b"6", *[b"x"] * 6]


@pytest.mark.parametrize(
    ("body", "text", "offset"),
    [
        (b"", "a field is missing or cut off", 0),
        (body_of(b"beet"), "an unknown verb", 0),
        (body_of(b"exit"), "a field is missing or cut off", 8),
        (body_of(b"exit", b"256"), "the number 256 is above 255", 8),
        (body_of(b"exit", b"-1"), "not a decimal number", 8),
        (body_of(b"exit", b"05"), "not a decimal number", 8),
        (body_of(b"exit", b""), "not a decimal number", 8),
        (body_of(b"exit", b"5", b"5"), "more fields than exit has", 13),
        (body_of(b"go")[:-1], "a field is missing or cut off", 0),
        (body_of(b"ended", b"0", b"2", b"0"), "the number 2 is above 1", 14),
        (body_of(b"job", b"2", *JOB[1:]), "protocol version 2, only 1 is spoken", 7),
        (body_of(b"job", b"1", b"0" * 31 + b"G", *JOB[2:]), "not a nonce of 32 hexadecimal digits", 12),
        (body_of(b"job", *JOB[:4], b"5", *[b"x"] * 5), "5 arguments, a job has 6 or 7", 60),
        (body_of(b"job", *JOB, b"NAME"), "a variable without '='", 95),
        (body_of(b"command", b"2"), "commands of version 2, only 1 is spoken", 11),
        (body_of(b"command", b"1", b"pkusers", b"", b"10001"), "the number 10001 is above 10000", 31),
        (body_of(b"command", b"1", b"pkusers", b"", b"0", b"1", b"x", b"file"), "not one of r, w", 41),
        (body_of(b"command", b"1", b"pkusers", b"", b"0", b"62"), "the number 62 is above 61", 36),
        (body_of(b"adopt", b"resting"), "not one of printing, ended", 9),
    ],
)
def test_a_broken_frame_is_named_with_its_place(body: bytes, text: str, offset: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(body)
    assert (caught.value.text, caught.value.offset) == (text, offset)


def test_a_frame_is_never_longer_than_a_mebioctet() -> None:
    assert len(encode(frames.Line(line=b"x" * (FRAME_OCTETS_MAX - 12)))) == FRAME_OCTETS_MAX + 4
    with pytest.raises(ProtocolError):
        encode(frames.Line(line=b"x" * (FRAME_OCTETS_MAX - 11)))
    with pytest.raises(ProtocolError):
        FrameReader().feed(b"\0\x10\0\1")


# The thin client has an encoder and a decoder of its own; it is run as the file it is.
CROSS = """
import sys
with open(sys.argv[1], encoding="utf-8") as file:
    client = {"__name__": "client"}
    exec(compile(file.read(), sys.argv[1], "exec"), client)
for text in sys.stdin.read().split():
    body = bytes.fromhex(text)
    assert client["frame"](client["fields_of"](body))[4:] == body
    print(client["frame"](client["fields_of"](body)).hex())
"""


def test_the_thin_clients_codec_and_this_one_agree() -> None:
    job = frames.Job(
        nonce="0123456789abcdef" * 2,
        pid=1,
        start_time_ticks=2,
        arguments=(b"", b"\xff", b"\n", b"a", b"b", b"c", b"d" * 5000),
        environment=((b"A", b"="), (b"B", b"")),
    )
    sent: list[Message] = [
        job,
        frames.Adopt(stage="ended", backend_pid=1, backend_start_time_ticks=2, status=3, canceled=True, job=job),
        frames.Started(backend_pid=4, backend_start_time_ticks=5),
        frames.Release(job_ids=(1, 22)),
        frames.Released(job_ids=(1, 22)),
        frames.Ended(status=1, canceled=False, signal_number=9),
    ]
    run = subprocess.run(
        ["/usr/bin/python3", "-IS", "-c", CROSS, str(CLIENT)],
        input="\n".join(encode(message)[4:].hex() for message in sent),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert FrameReader().feed(bytes.fromhex("".join(run.stdout.split()))) == sent
    assert run.stderr == ""
