# SPDX-License-Identifier: Apache-2.0
"""A small mail server (RFC 5321) on a loopback port, which keeps what it is given and misbehaves on demand."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(slots=True)
class Taken:
    """A mail with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        return self.message.get_content().replace("\r\n", "\n")


@dataclass(slots=True)
class MailServer:
    """What was taken, and how often somebody connected. `refused` recipients get 550; the connection is closed
    without a word once it has taken `mails_per_connection`."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    refused: frozenset[str] = frozenset()
    mails_per_connection: int = 1000
    silent: bool = False
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Dialog(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        site: MailServer = self.server.site
        site.connections += 1
        if site.silent:
            site.released.wait()
            return
        self.say("220 lab")
        self.sender, self.recipients, self.mails = "", [], 0
        while line := self.rfile.readline():
            word = line[:4].strip().upper()
            if word == b"QUIT":
                self.say("221 bye")
                return
            if not self.answer(site, word, line.decode("utf-8", "replace").strip()):
                return

    def answer(self, site: MailServer, word: bytes, line: str) -> bool:
        if word == b"EHLO":
            self.say("250-lab\r\n250 SMTPUTF8")
        elif word == b"MAIL":
            self.sender, self.recipients = self.path(line), []
            self.say("250 ok")
        elif word == b"RCPT":
            if self.path(line) in site.refused:
                self.say("550 no such mailbox here")
            else:
                self.recipients.append(self.path(line))
                self.say("250 ok")
        elif word == b"DATA":
            self.take(site)
            return self.mails < site.mails_per_connection
        elif word in (b"RSET", b"NOOP"):
            self.say("250 ok")
        else:
            self.say("502 what?")
        return True

    def take(self, site: MailServer) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        site.taken.append(Taken(self.sender, tuple(self.recipients), message))
        self.mails += 1
        self.say("250 taken")

    def path(self, line: str) -> str:
        return line[line.index("<") + 1 : line.rindex(">")]

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, site: MailServer) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Dialog)


@contextmanager
def mail_server(**how: object) -> Iterator[MailServer]:
    """A running mail server."""
    site = MailServer(**how)
    with _Server(site) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield site
        finally:
            site.released.set()
            server.shutdown()
            thread.join()
