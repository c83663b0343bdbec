# SPDX-License-Identifier: Apache-2.0
"""Jobs through lpd of people who want to print free."""

import os

import pytest

from app.print_shop import Shop, pages
from pagetoll.app.lprng import service
from pagetoll.config.options import UnknownSize
from pagetoll.core.jobs import Outcome
from pagetoll.wire.frames import Exit, Message
from pagetoll.wire.lprng_frames import Lprng

COMMANDS = b"#CUPS-COMMAND\nClean all\n"
UNKNOWN = b"\x00\x01\x02 no language at all" * 100
LARGE = b"\x1b%-12345X@PJL SET QTY=999999999\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE\x1b&l32767X" + b"page\f" * 50


class Lpd:
    """The other end of a call: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def send(self, message: Message, *_descriptors: int) -> None:
        self.told.append(message)

    def receive(self, timeout_s: float) -> None:
        """Nothing is said."""

    def say(self, line: str) -> None:
        """Its log."""


def start(shop: Shop, *documents: bytes) -> int:
    """The status of lpd's start program for a job of anna's with these data files."""
    names, descriptors = [], []
    for number, document in enumerate(documents):
        names.append(f"df{number}")
        path = shop.folder / names[-1]
        path.write_bytes(document)
        descriptors.append(os.open(path, os.O_RDONLY))
    call = Lprng(
        role="start",
        nonce="1" * 32,
        pid=os.getpid(),
        start_time_ticks=1,
        worker_pid=0,
        worker_start_time_ticks=0,
        read_octets=0,
        accounting=False,
        standard_input=b"",
        documents=tuple(name.encode() for name in names),
        arguments=(b"lprngpykota", b"-Php", b"-nanna", b"-j12", b"-Aanna@host+12"),
        environment=((b"DATAFILES", " ".join(names).encode()),),
    )
    lpd = Lpd()
    service.serve(shop.services, lpd, call, descriptors)
    (status,) = [message.status for message in lpd.told if isinstance(message, Exit)]
    return status


def test_a_file_of_commands_alone_is_passed_on_uncharged(shop: Shop) -> None:
    assert start(shop, COMMANDS) == 0
    assert shop.reserved == 0


@pytest.mark.parametrize("hidden", [UNKNOWN, LARGE], ids=["unknown", "large"])
@pytest.mark.parametrize("commands_first", [True, False])
def test_no_document_hides_behind_a_file_of_commands(shop: Shop, hidden: bytes, commands_first: bool) -> None:
    shop.queue(unknown_size=UnknownSize.REFUSE)
    files = (COMMANDS, hidden) if commands_first else (hidden, COMMANDS)
    assert start(shop, *files) != 0
    assert shop.record.outcome is Outcome.REFUSED


def test_a_counted_document_beside_a_file_of_commands_is_reserved(shop: Shop) -> None:
    assert start(shop, COMMANDS, pages(3)) == 0
    assert shop.reserved == 3
