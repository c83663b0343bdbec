# SPDX-License-Identifier: Apache-2.0
"""Where the scheduler on this machine has its files, and what stands in them (cups-files.conf(5), cupsd.conf(5)).

CUPS hides user names and passwords of device URIs from every client; only printers.conf, which is root's, has
them. So putting a queue behind us needs that file of the very scheduler we talk to, which the kernel names.
"""

import os
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

DEFAULT_SOCKET = "/run/cups/cups.sock"
_PEER = struct.Struct("3i")
_CONNECT_TIMEOUT_S = 5.0
_ANSWER_OCTETS = 4096
IPP_PORT = 631


@dataclass(frozen=True, slots=True)
class CupsFiles:
    """The files and folders of a scheduler, and the user and group its programs run as."""

    server_root: Path
    server_bin: Path
    cupsd_conf: Path
    user: str
    group: str

    @property
    def backend_dir(self) -> Path:
        return self.server_bin / "backend"

    @property
    def printers_conf(self) -> Path:
        return self.server_root / "printers.conf"


@dataclass(frozen=True, slots=True)
class QueueConf:
    """What printers.conf says of a queue."""

    device_uri: str
    op_policy: str


def find_files(environ: Mapping[str, str]) -> CupsFiles:
    """The files of the scheduler that CUPS_SERVER names, or of the machine's own where that cannot be told."""
    arguments = _command_line(environ.get("CUPS_SERVER") or DEFAULT_SOCKET)
    files_conf = Path(_behind("-s", arguments) or "/etc/cups/cups-files.conf")
    values = dict(_directives(_text(files_conf)))
    root = Path(values.get("serverroot", "/etc/cups"))
    return CupsFiles(
        server_root=root,
        server_bin=Path(values.get("serverbin", "/usr/lib/cups")),
        cupsd_conf=Path(_behind("-c", arguments) or root / "cupsd.conf"),
        user=values.get("user", "lp"),
        group=values.get("group", "lp"),
    )


def running_version(environ: Mapping[str, str]) -> str:
    """The version that the scheduler names in its answers, such as 2.4; "" when it tells none."""
    server = environ.get("CUPS_SERVER") or DEFAULT_SOCKET
    try:
        with _connected(server) as connection:
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = connection.recv(_ANSWER_OCTETS)
    except (OSError, ValueError):
        return ""
    found = re.search(rb"\bCUPS/(\d+(?:\.\d+)+)", answer)
    return found[1].decode() if found else ""


def _connected(server: str) -> socket.socket:
    """A connection to what CUPS_SERVER names. Raises OSError, ValueError for an odd port."""
    if not server.startswith("/"):
        host, _, port = server.partition("/")[0].partition(":")
        return socket.create_connection((host, int(port or IPP_PORT)), timeout=_CONNECT_TIMEOUT_S)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_CONNECT_TIMEOUT_S)
    try:
        connection.connect(server)
    except OSError:
        connection.close()
        raise
    return connection


def is_local(environ: Mapping[str, str]) -> bool:
    """Does CUPS_SERVER name a scheduler of this machine?"""
    server = environ.get("CUPS_SERVER", "")
    return (
        not server
        or server.startswith("/")
        or re.match(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|/|$)", server) is not None
    )


def read_printers_conf(files: CupsFiles) -> dict[str, QueueConf]:
    """The queues in printers.conf by name. Raises OSError when it cannot be read; without the file, none."""
    try:
        text = files.printers_conf.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return {}
    return queues_in(text)


def queues_in(text: str) -> dict[str, QueueConf]:
    """The queues in the text of a printers.conf by name."""
    queues = {}
    for name, body in re.findall(r"^<(?:Default)?Printer (\S+)>\n(.*?)^</(?:Default)?Printer>", text, re.M | re.S):
        values = dict(_directives(body))
        queues[name] = QueueConf(values.get("deviceuri", ""), values.get("oppolicy", "default"))
    return queues


def authenticating_policies(cupsd_conf: str) -> frozenset[str]:
    """The operation policies of a cupsd.conf under which whoever prints has to log in."""
    default = re.search(r"^\s*DefaultAuthType\s+(\S+)", cupsd_conf, re.M | re.I)
    no_login = {"none"} | ({"default"} if default and default[1].lower() == "none" else set())
    found = set()
    for name, body in re.findall(r"^\s*<Policy\s+(\S+?)>(.*?)^\s*</Policy>", cupsd_conf, re.M | re.S | re.I):
        limits = re.findall(r"<Limit\s+(.*?)>(.*?)</Limit>", body, re.S | re.I)
        printing = [text for operations, text in limits if "Print-Job" in operations.split()]
        logins = [re.search(r"^\s*AuthType\s+(\S+)", text, re.M | re.I) for text in printing]
        if logins and all(login and login[1].lower() not in no_login for login in logins):
            found.add(name)
    return frozenset(found)


def _directives(text: str) -> list[tuple[str, str]]:
    """Name (in lower case) and value of each line; CUPS writes `#` in a value as `\\#`."""
    found = re.findall(r"^[ \t]*([A-Za-z]\w*)[ \t]+(.*?)[ \t]*$", text, re.M)
    return [(name.lower(), re.sub(r"\\([#\\])", r"\1", value)) for name, value in found]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _command_line(server: str) -> list[str]:
    """The arguments of the process behind a domain socket; empty when it cannot be told, or is no cupsd."""
    if not server.startswith("/"):
        return []
    try:
        with _connected(server) as probe:
            pid = _PEER.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[0]
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    words = [os.fsdecode(word) for word in arguments]
    return words if Path(words[0]).name == "cupsd" else []


def _behind(flag: str, arguments: list[str]) -> str:
    """The word behind a flag, "" when it is not there."""
    return next((word for before, word in pairwise(arguments) if before == flag), "")
