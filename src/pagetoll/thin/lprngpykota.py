#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""LPRng's hooks and filters (LPRng manual, printcap options as, ae, af, if, of): hands what lpd says to pagetolld and
ends with a status of lpd's table; decides nothing itself.

Speaks docs/reference/protocol.md. One file on the standard library's built-in modules, since lpd starts it several
times for every job. `pagetoll lprng install` copies it and fills in the STAMP_ lines.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import posix
import select
import sys
import time

STAMP_MARK = "pagetoll-thin-1"
STAMP_HOME = ""
STAMP_SOCKET = "/run/pagetoll/pagetolld.sock"
STAMP_THIN_CONF = "/etc/pagetoll/thin.conf"
STAMP_SILENCE_S = 10.0

# What lpd may be told; 1 to 31 would stand for these less 31, and any other status loses the job.
DONE, LATER, REFUSE, HOLD = 0, 32, 34, 37
WORDS = {DONE: b"ACCEPT", LATER: b"FAIL", REFUSE: b"REMOVE", HOLD: b"HOLD"}
OUTCOMES = {b"hold": HOLD, b"retry": LATER, b"cancel": REFUSE, b"print_and_journal": DONE}
ROLES = {
    b"start": b"start", b"as": b"start", b"end": b"end", b"ae": b"end", b"filter": b"filter", b"if": b"filter",
    b"output": b"output", b"of": b"output", b"lines": b"lines", b"af": b"lines",
}  # fmt: skip
FRAME_OCTETS_MAX = 1 << 20
LINE_OCTETS_MAX = 1000
INPUT_OCTETS_MAX = 1 << 16
PIECE_OCTETS = 1 << 14
FILES_MAX = 60
LATE = b"pagetoll-late-"
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
LOST = (OSError, EOFError, ValueError, IndexError)
STRANGER = b"""ERROR: this program is for LPRng's lpd (printcap options as, ae, if, of, af); CUPS has the backend \
cupspykota: pagetoll cups install, then pagetoll cups manage QUEUE
"""


class Call:
    """One call of lpd's: what it was given, and the connection."""

    def __init__(self, role: bytes) -> None:
        self.role = role
        self.nonce = posix.urandom(16).hex().encode()
        self.ticket = dict(line.partition(b"=")[::2] for line in posix.environ.get(b"HF", b"").split(b"\n"))
        self.letters = letters_of([octets(word) for word in sys.argv[1:]])
        queue = self.letters.get(b"P") or posix.environ.get(b"PRINTER", b"")
        self.on_failure, self.wait_s = queue_policy(queue)
        self.link: _socket.socket | None = None
        self.buffer = bytearray()
        self.frames: list[list[bytes]] = []
        self.lines = b""
        self.read_octets = 0


# What the machine says ------------------------------------------------------------------------------------------


def octets(text: str) -> bytes:
    return text.encode(sys.getfilesystemencoding(), "surrogateescape")


def number(value: int) -> bytes:
    return b"%d" % value


def letters_of(words: list[bytes]) -> dict[bytes, bytes]:
    """LPRng's own options, -Xvalue; the first of each letter counts, as lpd's come before what a title may hold."""
    found: dict[bytes, bytes] = {}
    for word in words:
        if len(word) > 2 and word[:1] == b"-" and word[1:2] != b"-":
            found.setdefault(word[1:2], word[2:])
    return found


def read_file(path: str | bytes, octets_max: int = 1 << 16) -> bytes:
    file = open_plain(path, posix.O_RDONLY)
    try:
        return posix.read(file, octets_max)
    finally:
        posix.close(file)


def open_plain(path: str | bytes, flags: int) -> int:
    """A regular file, open; no link is followed and nothing is waited for. Raises OSError."""
    file = posix.open(path, flags | posix.O_CLOEXEC | posix.O_NONBLOCK | posix.O_NOFOLLOW)
    if posix.fstat(file).st_mode & 0o170000 != 0o100000:
        posix.close(file)
        raise OSError(22, "not a file")
    return file


def start_time(process: bytes) -> bytes:
    """Field 22 of /proc/PID/stat; the name before it may hold blanks and brackets."""
    text = read_file(b"/proc/" + process + b"/stat")
    return text[text.rindex(b")") + 2 :].split()[19]


def places() -> tuple[str, str]:
    """Socket and thin.conf."""
    home = "" if STAMP_HOME else posix.environ.get(b"PAGETOLL_HOME", b"").decode("utf-8", "surrogateescape")
    return (home + "/pagetolld.sock", home + "/thin.conf") if home else (STAMP_SOCKET, STAMP_THIN_CONF)


def queue_policy(queue: bytes) -> tuple[bytes, float]:
    """on_failure and wait_s of the queue; `hold` and 5 s where the file says nothing or something odd."""
    rows: dict[bytes, tuple[bytes, float]] = {}
    try:
        for line in read_file(places()[1], 1 << 20).splitlines():
            fields = line.split(b"\t")
            sane = len(fields) == 3 and fields[1] in OUTCOMES and fields[2].isdigit() and len(fields[2]) < 5
            rows[fields[0]] = (fields[1], float(fields[2])) if sane else (b"hold", 5.0)
    except OSError:
        pass
    return rows.get(queue) or rows.get(b"*") or (b"hold", 5.0)


def say(line: bytes) -> None:
    """A line for lpd's log and the job's status; a broken pipe is nobody's loss."""
    try:
        posix.write(2, line[:LINE_OCTETS_MAX].replace(b"\n", b" ") + b"\n")
    except OSError:
        pass


def is_file(descriptor: int) -> bool:
    return posix.fstat(descriptor).st_mode & 0o170000 == 0o100000


# Frames -----------------------------------------------------------------------------------------------------------


def frame(fields: list[bytes]) -> bytes:
    body = b"".join([len(field).to_bytes(4, "big") + field for field in fields])
    if len(body) > FRAME_OCTETS_MAX:
        raise ValueError("the job's arguments and environment are longer than 1 MiB")
    return len(body).to_bytes(4, "big") + body


def fields_of(body: bytes) -> list[bytes]:
    fields, at = [], 0
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if at + 4 > len(body) or end > len(body):
            raise ValueError("a field is cut off")
        fields.append(body[at + 4 : end])
        at = end
    return fields or [b""]


def call_fields(call: Call, role: bytes, names: list[bytes], accounting: bool) -> list[bytes]:
    worker = call.ticket.get(b"server", b"")  # lpd's process for this job; our parent may be a shell of the site's
    worker = worker if worker.isdigit() and len(worker) < 10 else number(posix.getppid())
    try:
        known = [number(posix.getpid()), start_time(b"self"), worker, start_time(worker)]
    except LOST:
        known = [number(posix.getpid()), b"0", worker, b"0"]
    arguments = [octets(word) for word in sys.argv]
    variables = [name + b"=" + value for name, value in posix.environ.items()]
    return [b"lprng", b"1", role, call.nonce, *known, number(call.read_octets), number(accounting), call.lines,
            number(len(names)), *names, number(len(arguments)), *arguments, *variables]  # fmt: skip


def send(call: Call, fields: list[bytes], descriptors: list[int]) -> None:
    """Sends one frame. Raises OSError when the daemon is lost or takes nothing for too long."""
    if call.link is None:
        raise EOFError
    data = frame(fields)
    passed = b"".join([descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors])
    sent = call.link.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)] if passed else [])
    if sent < len(data):
        call.link.sendall(data[sent:])


def receive(call: Call) -> list[bytes]:
    """The next frame. Raises one of LOST when the daemon is gone or breaks the protocol; TimeoutError: it hangs."""
    while not call.frames:
        if call.link is None:
            raise EOFError
        data = call.link.recv(1 << 16)
        if not data:
            raise EOFError
        call.buffer += data
        while len(call.buffer) >= 4:
            end = 4 + int.from_bytes(call.buffer[:4], "big")
            if end > FRAME_OCTETS_MAX + 4:
                raise ValueError("a frame is too long")
            if len(call.buffer) < end:
                break
            call.frames.append(fields_of(bytes(call.buffer[4:end])))
            del call.buffer[:end]
    return call.frames.pop(0)


def connect(call: Call, wait_s: float) -> None:
    """Reaches the daemon. Raises OSError when it does not answer for so long."""
    drop(call)
    until_s = time.monotonic() + wait_s
    while True:
        link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        link.settimeout(STAMP_SILENCE_S)
        try:
            link.connect(places()[0])
            call.link = link
            return
        except OSError:
            link.close()
            if time.monotonic() >= until_s:
                raise
            time.sleep(0.05)


def drop(call: Call) -> None:
    if call.link is not None:
        call.link.close()
    call.link = None
    call.buffer.clear()
    call.frames.clear()


def converse(call: Call) -> tuple[bytes, bytes]:
    """What the daemon decides: `go`, `exit` or `failed`, and its field. Raises one of LOST."""
    while True:
        verb, *fields = receive(call)
        if verb == b"say":
            say(fields[0])
        elif verb in (b"go", b"exit", b"failed"):
            return verb, fields[0] if fields else b""


def status_of(field: bytes) -> int:
    """A status of pagetolld's choice. Raises ValueError for one that is not in lpd's table."""
    if not field.isdigit() or len(field) > 3 or int(field) not in WORDS:
        raise ValueError("no status for a job")
    return int(field)


# The roles ------------------------------------------------------------------------------------------------------


def open_documents(call: Call) -> tuple[list[bytes], list[int]]:
    """The job's data files, as lpd's user: names without a folder, in the folder of the queue, where we stand."""
    wanted = posix.environ.get(b"DATAFILES", b"") or call.ticket.get(b"datafiles", b"")
    names, files = list[bytes](), list[int]()
    for name in dict.fromkeys(wanted.split()):
        if len(names) == FILES_MAX or b"/" in name:
            continue
        try:
            files.append(open_plain(name, posix.O_RDONLY))
            names.append(name)
        except OSError as error:
            say(b"WARNING: the data file %s cannot be opened: %s" % (name, octets(str(error.strerror))))
    return names, files


def open_accounting(call: Call) -> list[int]:
    """The accounting file that lpd names, open to read and to append; none where it is no file."""
    path = call.letters.get(b"a", b"")
    if not path or path[:1] == b"|":
        return []
    try:
        return [open_plain(path, posix.O_RDWR | posix.O_APPEND)]
    except OSError:
        return []


def ask(call: Call) -> int:
    """A start, an end or lines: the daemon's answer."""
    start_or_lines = call.role in (b"start", b"lines")
    names, files = open_documents(call) if start_or_lines else ([], [])
    book = open_accounting(call) if call.role in (b"start", b"end") else []
    why = b"pagetolld does not answer"
    for _ in range(3):
        try:
            connect(call, call.wait_s)
            send(call, call_fields(call, call.role, names, bool(book)), files + book)
            verb, field = converse(call)
            if verb == b"exit":
                tell_late(call)
                return status_of(field)
            why = field
            break
        except TimeoutError:
            why = b"pagetolld hangs"
            break
        except EOFError:
            time.sleep(0.05)
        except LOST as error:
            why = b"pagetolld cannot be reached: " + octets(str(error))
            break
    return fail(call, why)


def fail(call: Call, why: bytes) -> int:
    """What on_failure of the queue says."""
    drop(call)
    if call.role == b"end":
        say(b"WARNING: " + why + b"; the job is settled when the next one starts")
        return DONE
    status = OUTCOMES[call.on_failure]
    if status == DONE and call.role != b"lines":
        try:
            write_late(call)
        except LOST as error:
            status, why = HOLD, why + b"; the job cannot be written down: " + octets(str(error))
    say(b"ERROR: %s; %s (on_failure is %s); look at: pagetoll doctor" % (why, WORDS[status], call.on_failure))
    return status


def filter_file(call: Call) -> int:
    """A data file on standard input goes to the device on standard output, before the daemon's eyes."""
    name, known = call.letters.get(b"e") or call.ticket.get(b"df_name", b""), is_file(0)
    others = open_documents(call)
    for _ in range(3):
        try:
            connect(call, call.wait_s)
            # the file that we read: the daemon shares its offset
            names, files = [b"<" + name] * known + others[0], [0] * known + others[1]
            send(call, call_fields(call, b"filter", names, False), files)
            verb, field = converse(call)
            if verb == b"exit":
                return status_of(field)
            if verb == b"failed":
                return printed_anyway(call, field)
            break
        except TimeoutError:
            return printed_anyway(call, b"pagetolld hangs")
        except EOFError:
            time.sleep(0.05)
        except LOST as error:
            return printed_anyway(call, b"pagetolld cannot be reached: " + octets(str(error)))
    else:
        return printed_anyway(call, b"pagetolld ends again and again")
    status = hand_over(call)
    for last in (False, True):
        try:
            if last:
                connect(call, max(call.wait_s, 30.0))
                send(call, call_fields(call, b"filtered", [b"<" + name] * known, False), [0] * known)
            else:
                send(call, [b"handed-over", number(call.read_octets)], [])
                send(call, [b"ended", number(status), b"0", b"0"], [])
            converse(call)
            break
        except LOST:
            continue
    return status


def printed_anyway(call: Call, why: bytes) -> int:
    """The file is printed without the daemon only where on_failure says so."""
    status = fail(call, why)
    return hand_over(call) if status == DONE else status


def hand_over(call: Call) -> int:
    """Everything on standard input to standard output; 32, try again, when the device takes it no more. The offset
    of the data file says at each moment how much was handed over, whatever becomes of this process."""
    try:
        while call.role == b"filter" and is_file(0):
            offset = posix.lseek(0, 0, 1)
            if not (data := posix.pread(0, PIECE_OCTETS, offset)):
                return DONE
            write_all(data)
            call.read_octets = posix.lseek(0, offset + len(data), 0)
        while data := posix.read(0, 1 << 16):
            resting = call.role == b"output" and data.endswith(b"\x19\x01")
            write_all(data[:-2] if resting else data)
            call.read_octets += len(data)
            if resting:  # lpd waits for us to stop, and continues us when the job's files are through
                posix.kill(posix.getpid(), _signal.SIGSTOP)
        return DONE
    except OSError as error:
        say(b"ERROR: the device takes nothing: %s" % octets(str(error.strerror)))
        return LATER


def write_all(data: bytes) -> None:
    while data:
        try:
            data = data[posix.write(1, data) :]
        except BlockingIOError:
            select.select([], [1], [])


# Jobs that were printed without the daemon -----------------------------------------------------------------------


def late_name(call: Call) -> bytes:
    text = b"-".join([call.ticket.get(b"number", b"0"), call.ticket.get(b"job_time", b"0"),
                      call.ticket.get(b"job_time_usec", b"0")])  # fmt: skip
    return LATE + bytes([sign if sign in PLAIN else 95 for sign in text[:80]])


def write_late(call: Call) -> None:
    """Writes the job down beside its data files, which get second names that lpd does not remove. Raises OSError."""
    name = late_name(call)
    if name in [octets(entry) for entry in posix.listdir(".")]:
        return  # by the start program, or when lpd tried the job before
    names, _ = open_documents(call)
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW | posix.O_CLOEXEC
    file = posix.open(name + b".new", flags, 0o600)
    for place, document in enumerate(names):
        try:
            posix.link(document, name + b".%d" % place)
        except FileExistsError:  # a crash was faster than the record
            pass
    data = frame(call_fields(call, b"late", names, False))
    while data:
        data = data[posix.write(file, data) :]
    posix.fsync(file)
    posix.rename(name + b".new", name)


def tell_late(call: Call) -> None:
    """Hands in what was printed without the daemon; what it has booked is forgotten."""
    for name in sorted(octets(entry) for entry in posix.listdir(".")):
        if not name.startswith(LATE) or b"." in name:
            continue
        try:
            data = read_file(name, FRAME_OCTETS_MAX + 4)
            fields = fields_of(data[4:])
            parts = [name + b".%d" % place for place in range(int(fields[11]))]
            connect(call, 0.0)
            send(call, fields, [open_plain(part, posix.O_RDONLY) for part in parts])
            if converse(call)[0] == b"exit":
                for path in (name, *parts):
                    posix.unlink(path)
        except LOST as error:
            say(b"WARNING: the job in %s is not booked yet: %s" % (name, octets(str(error))))


# ------------------------------------------------------------------------------------------------------------------


def role_of() -> bytes:
    """What lpd wants: by the word behind our name, else by what it gave us."""
    words = [octets(word) for word in sys.argv[1:]]
    if words and words[0] in ROLES:
        return ROLES[words[0]]
    if any(word[:2] in (b"-e", b"-F") for word in words) and not posix.environ.get(b"HF", b"").count(b"\nprstatus="):
        return b"filter"
    return b"end" if b"\nprstatus=" in posix.environ.get(b"HF", b"") else b"start"


def called_by_cups() -> bool:
    """CUPS gives its programs five or six words without a dash, and says where it has its own."""
    dashes = any(word[:1] == "-" for word in sys.argv[1:])
    shape = len(sys.argv) in (6, 7) and sys.argv[1].isdigit() and not dashes
    return shape or b"CUPS_SERVERBIN" in posix.environ or b"CUPS_SERVERROOT" in posix.environ


def main() -> int:
    """Whatever happens, lpd gets a status of its table."""
    call = None
    try:
        if called_by_cups() or len(sys.argv) == 1:
            posix.write(2, STRANGER)
            return 1
        call = Call(role_of())
        if call.role == b"filter":
            return filter_file(call)
        if call.role == b"output":
            return hand_over(call)
        if call.role != b"lines":
            status = ask(call)
            posix.write(1, WORDS[status] + b"\n")
            return status
        while len(call.lines) < INPUT_OCTETS_MAX and (data := posix.read(0, 1 << 14)):
            call.lines += data
        posix.write(1, WORDS[ask(call)] + b"\n")  # the word decides, and only with status 0
        return DONE
    except BaseException as error:
        try:
            say(b"ERROR: internal error of the print accounting (%s); run: pagetoll doctor" % octets(repr(error)))
        except BaseException:
            pass
        return DONE if call and call.role == b"end" else HOLD


if __name__ == "__main__":
    posix._exit(main())
