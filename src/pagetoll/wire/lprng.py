# SPDX-License-Identifier: Apache-2.0
"""What LPRng's lpd tells its programs: options -Xvalue, the job ticket HF, the printcap entry (LPRng manual).

All of it is claimed or hostile: users and hosts are what the client wrote into the control file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.wire.printcap import read_printcap

COPIES_MAX = 10_000
#: The ends of a job that lpd tells, in HF's line prstatus.
SUCCEEDED = "JSUCC"
_NUMBER = re.compile(r"(0x[0-9a-fA-F]{1,15}|[0-9]{1,18})")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]")
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file of a job, and how often lpd prints it: it calls the filter once for each file and copy."""

    name: str
    copies: int


@dataclass(frozen=True, slots=True)
class LpdJob:
    """A job as lpd states it. `identifier` is unique in the queue, with `created` (seconds, 0 unknown) an attempt's
    job; `end` is how the job ended, empty before that; `file_name` the data file that a filter is given; `device_uri`
    the machine behind the queue, as CUPS would name it."""

    queue: str
    identifier: str
    user: str
    host: str
    number: int
    title: str
    accounting_name: str
    created: int
    end: str
    octets: int
    file_name: str
    files: tuple[DataFile, ...] = ()
    device_uri: str = ""


def text_of(data: bytes) -> str:
    """Hostile octets as text that any database takes."""
    return data.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def read_letters(words: Sequence[str]) -> dict[str, str]:
    """LPRng's own options: -Xvalue; the first of a letter counts. `-#2` is the copies of old."""
    found: dict[str, str] = {}
    for word in words:
        if len(word) > 2 and word[0] == "-" and word[1] != "-":
            found.setdefault(word[1], word[2:])
    return found


def read_ticket(text: str) -> dict[str, str]:
    """The lines of HF; the first of a name counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, value)
    return found


def read_files(ticket: Mapping[str, str], named: str) -> tuple[DataFile, ...]:
    """The data files in printing order; `named` is DATAFILES, for tickets that do not tell copies."""
    copies: dict[str, int] = {}
    for entry in ticket.get("hfdatafiles", "").split("\x01"):
        parts = dict(part.partition("=")[::2] for part in entry.split("\x02"))
        if name := parts.get("dftransfername", ""):
            more = max(1, number_of(parts.get("copies", "1")))
            copies[name] = min(copies.get(name, 0) + more, COPIES_MAX)
    if not copies:
        copies = dict.fromkeys(named.split() or ticket.get("datafiles", "").split(), 1)
    return tuple(DataFile(name, count) for name, count in copies.items())


def read_job(arguments: Sequence[bytes], variables: Mapping[bytes, bytes]) -> LpdJob:
    """The job of a call: lpd's options first, then the ticket, then the environment."""
    letters = read_letters([text_of(word) for word in arguments[1:]])
    ticket = read_ticket(text_of(variables.get(b"HF", b"")))

    def known(letter: str, *names: str) -> str:
        return letters.get(letter) or next((ticket[name] for name in names if ticket.get(name)), "")

    user = known("n", "P", "L") or letters.get("L", "")
    host = known("H", "H", "remotehost") or letters.get("r", "")
    number = number_of(known("j", "number"))
    files = read_files(ticket, text_of(variables.get(b"DATAFILES", b"")))
    if "hfdatafiles" not in ticket:
        copies = number_of(letters.get("K") or letters.get("#") or "1") or 1
        files = tuple(DataFile(one.name, min(copies, COPIES_MAX)) for one in files)
    return LpdJob(
        queue=known("P", "queue") or text_of(variables.get(b"PRINTER", b"")),
        identifier=known("A", "A") or f"{user}@{host}+{number}",
        user=user,
        host=host,
        number=number,
        title=known("J", "J"),
        accounting_name=known("R", "R"),
        created=number_of(ticket.get("job_time", "")) or seconds_of(known("D", "D")),
        end=ticket.get("prstatus", ""),
        octets=number_of(known("b", "size")),
        file_name=plain_name(known("e", "df_name")),
        files=files,
        device_uri=device_uri_in(text_of(variables.get(b"PRINTCAP_ENTRY", b""))),
    )


def device_uri_in(printcap_entry: str) -> str:
    """The device of the queue that this is the entry of."""
    return next((device_uri_of(entry.options) for entry in read_printcap(printcap_entry)), "")


def device_uri_of(options: Mapping[str, str]) -> str:
    """The device of a printcap entry: `:lp=host%port`, `:lp=queue@host`, `:lp=/dev/lp0`, or `:rm=host:rp=queue`;
    empty for a program, and where none is named."""
    device = options.get("lp", "")
    if not device and options.get("rm"):
        device = f"{options.get('rp', '')}@{options['rm']}"
    if device.startswith("/"):
        return f"file:{device}"
    queue, at, place = device.rpartition("@")
    host, percent, port = place.partition("%")
    if not _HOST.fullmatch(host) or (percent and not port.isdecimal()):
        return ""
    if at:
        return f"lpd://{host}/{plain_name(queue)}"
    return f"socket://{host}:{port}" if percent else ""


def plain_name(name: str) -> str:
    """A data file's name without any sign that could end it in a line of ours."""
    return _PLAIN_NAME.sub("_", name)[:120]


def number_of(text: str) -> int:
    """A decimal or 0x number; 0 for what is none."""
    return int(text, 0 if text[:2] == "0x" else 10) if _NUMBER.fullmatch(text) else 0


def seconds_of(stamp: str) -> int:
    """lpd's local time 2026-11-21-03:45:13.808 in seconds since the epoch; 0 for what is none."""
    try:
        return int(datetime.strptime(stamp[:19], "%Y-%m-%d-%H:%M:%S").timestamp())
    except (ValueError, OverflowError):
        return 0


def names_program(printcap_entry: str, program: str) -> bool:
    """Whether the entry has `program` (a path) as a filter of data files: if, filter, or Xf for a format X."""
    for line in printcap_entry.split("\n"):
        option, equals, command = line.strip(" :\t").partition("=")
        if equals and (
            option in ("if", "filter") or (len(option) == 2 and option[1] == "f" and option not in _OTHER)
        ):
            words = command.replace("|", " ").split()
            if any(word.removeprefix("-$") == program for word in words):
                return True
    return False


#: Options of two letters that end in f and are no filter of data files.
_OTHER = frozenset(("af", "lf", "of", "sf", "ff"))
