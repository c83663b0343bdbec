# SPDX-License-Identifier: Apache-2.0
"""Calls of lpd's to the daemon's services, as its programs make them."""

import itertools
import os
from collections.abc import Sequence
from typing import get_args

from app.print_shop import Shop
from pagetoll.app.lprng import service
from pagetoll.wire.frames import Exit, Message
from pagetoll.wire.lprng_frames import Lprng, Role

NONCES = itertools.count(1 << 64)  # those of CUPS's jobs begin with 1


class Lpd:
    """The other end of a call: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.said: list[str] = []

    def send(self, message: Message, *_descriptors: int) -> None:
        self.told.append(message)

    def receive(self, timeout_s: float) -> None:
        """Nothing is said."""

    def say(self, line: str) -> None:
        self.said.append(line)


class Queue:
    """The queue `hp` of an lpd, with its accounting file. `entry` is its printcap entry, `ticket` what stands in HF
    beside the usual lines."""

    def __init__(self, shop: Shop, entry: str = "", ticket: str = "") -> None:
        self.shop, self.entry, self.ticket = shop, entry, ticket
        self.acct = shop.folder / "acct"
        self.acct.touch()

    def write(self, *lines: str) -> None:
        """What a filter that asks the device appends to the accounting file."""
        with self.acct.open("a") as file:
            file.writelines(line + "\n" for line in lines)

    def start(self, *documents: bytes, words: Sequence[str] = (), **job: object) -> int:
        """The status of the start program for a job with these data files."""
        names, descriptors = [], []
        for number, document in enumerate(documents):
            names.append(f"df{number}")
            path = self.shop.folder / names[-1]
            path.write_bytes(document)
            descriptors.append(os.open(path, os.O_RDONLY))
        return self._call("start", words, [*descriptors, self._opened_acct()], names, **job)

    def end(self, how: str = "JSUCC", words: Sequence[str] = (), **job: object) -> int:
        """The status of the end program; `how` is lpd's word for the end."""
        return self._call("end", words, [self._opened_acct()], [], how=how, **job)

    def _opened_acct(self) -> int:
        return os.open(self.acct, os.O_RDWR | os.O_APPEND)

    def _call(
        self,
        role: Role,
        words: Sequence[str],
        descriptors: Sequence[int],
        names: Sequence[str],
        *,
        user: str = "anna",
        host: str = "host",
        number: int = 12,
        identifier: str = "anna@host+12",
        how: str = "",
    ) -> int:
        assert role in get_args(Role)
        told = ["-Php", f"-n{user}", f"-H{host}", f"-j{number}", f"-A{identifier}", *words]
        ticket = f"number={number}\n{self.ticket}" + f"prstatus={how}\n" * bool(how)
        call = Lprng(
            role=role,
            nonce=f"{next(NONCES):032x}",
            pid=os.getpid(),
            start_time_ticks=1,
            worker_pid=0,
            worker_start_time_ticks=0,
            read_octets=0,
            accounting=True,
            standard_input=b"",
            documents=tuple(name.encode() for name in names),
            arguments=(b"/pykota", role.encode(), *(word.encode() for word in told)),
            environment=(
                (b"DATAFILES", " ".join(names).encode()),
                (b"HF", ticket.encode()),
                (b"PRINTCAP_ENTRY", self.entry.encode()),
            ),
        )
        lpd = Lpd()
        service.serve(self.shop.services, lpd, call, descriptors)
        (status,) = [message.status for message in lpd.told if isinstance(message, Exit)]
        return status
