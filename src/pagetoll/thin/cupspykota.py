#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""The CUPS backend (backend(7)): hands a job to pagetolld and performs what comes back; decides nothing itself.

Speaks docs/reference/protocol.md. One file on the standard library's built-in modules, since the spooler starts it
for every job and reads it anew each time. `pagetoll cups install` copies it and fills in the STAMP_ lines.
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
STAMP_JOURNAL = "/var/spool/pagetoll/journal"
STAMP_THIN_CONF = "/etc/pagetoll/thin.conf"
STAMP_DAEMON = ()
STAMP_OWNER_UID = -1
STAMP_OWNER_GID = -1
STAMP_SPOOLER_UID = -1
STAMP_SPOOLER_GID = -1
STAMP_SOCKET_UNIT = False
STAMP_SILENCE_S = 10.0
STAMP_ADOPT_S = 30.0
STAMP_CANCEL_S = 4.0
STAMP_DISCOVERY_S = 8.0

FRAME_OCTETS_MAX = 1 << 20
LINE_OCTETS_MAX = 2046
SENDS_AT_MOST = 6
RELEASED_AT_MOST = 1000
DESCRIPTORS_AT_MOST = 8
# what pagetolld may have a job end with: done, hold, cancel, retry; never one that stops the queue
STATUSES = (0, 3, 5, 6)
# what a failed hook ended a job of Tea4CUPS with: the queue's error policy decides, as its site is used to
TEA_STATUS = 1
GO = -1
# a password is the device backend's own; which answers the daemon may wait for is our own word
NOT_SENT, ANSWERS = (b"AUTH_PASSWORD", b"PAGETOLL_ANSWERS"), b"PAGETOLL_ANSWERS=released"
LOST = (OSError, EOFError, ValueError, IndexError)
PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
JOURNAL_FLAGS = posix.O_RDWR | posix.O_APPEND | posix.O_NOFOLLOW | posix.O_CLOEXEC
URI_SCHEME = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
# on_failure: exit status, what becomes of the job, what to do next
OUTCOMES = {
    b"hold": (3, b"is held", b"mend that ('pagetoll doctor' says how), then release it with: lp -i %s -H resume"),
    b"retry": (6, b"is tried again later", b"mend that ('pagetoll doctor' says how; job %s)"),
    b"cancel": (5, b"is canceled", b"mend that ('pagetoll doctor' says how), then print again (this was job %s)"),
}

Environment = dict[bytes, bytes]
Identity = tuple[int, int] | None  # user and group to become; None: stay who we are
Standard = tuple[int, int, int]


class CannotPrint(Exception):
    """The device backend cannot be started: the text says why."""


class Attempt:
    """One start of this program for one job: what it was given, and what it holds while it runs."""

    def __init__(self) -> None:
        self.arguments = [octets(argument) for argument in sys.argv]
        self.nonce = posix.urandom(16).hex().encode()
        self.socket, self.journal, thin_conf, self.owner = places()
        self.queue = variable(b"PRINTER")
        self.on_failure, self.wait_s = queue_policy(thin_conf, self.queue)
        self.uri = inner_uri(self.arguments[0])
        self.from_stdin = len(self.arguments) == 6
        self.document = 0  # what the daemon gets: descriptor 0, or the open file
        self.spool = -1  # what the daemon made of descriptor 0
        self.link: _socket.socket | None = None
        self.buffer = bytearray()
        self.frames: list[list[bytes]] = []
        self.descriptors: list[int] = []
        self.heard_s = self.retry_s = self.daemon_started_s = 0.0
        self.command: tuple[bytes, list[bytes], Identity] | None = None
        self.life = self.errors = (-1, -1)
        self.partial_line, self.page_lines = b"", list[bytes]()
        self.record = -1  # the journal's file, when the job is printed without the daemon
        self.child = (0, b"0")  # the device backend: its number and start time
        self.status: int | None = None
        self.killed_by, self.ended_s = 0, 0.0
        self.verdict: int | None = None
        self.sent = self.given_up = self.canceled = self.released = self.again = False


# What the machine says ------------------------------------------------------------------------------------------


def octets(text: str) -> bytes:
    return text.encode(sys.getfilesystemencoding(), "surrogateescape")


def variable(name: bytes) -> bytes:
    return posix.environ.get(name, b"")


def number(value: int) -> bytes:
    return b"%d" % value


def open_to_read(path: bytes) -> int:
    """The document, open. Raises CannotPrint."""
    try:
        return posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError as error:
        raise CannotPrint(f"the document {path.decode('utf-8', 'replace')} cannot be opened: {error.strerror}")


def read_file(path: str | bytes, octets_max: int = 1 << 16, flags: int = 0) -> bytes:
    """The file's octets. Raises OSError, also for what is no regular file: a pipe would keep us waiting."""
    file = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK | flags)
    try:
        if posix.fstat(file).st_mode & 0o170000 != 0o100000:
            raise OSError(22, "not a file")
        return posix.read(file, octets_max)
    finally:
        posix.close(file)


def start_time(process: bytes) -> bytes:
    """Field 22 of /proc/PID/stat; the name before it may hold blanks and brackets."""
    text = read_file(b"/proc/" + process + b"/stat")
    return text[text.rindex(b")") + 2 :].split()[19]


def places() -> tuple[str, str, str, tuple[int, int]]:
    """Socket, journal, thin.conf, and the numbers of the home's owner (-1 where there is no home)."""
    if STAMP_OWNER_UID >= 0:
        return STAMP_SOCKET, STAMP_JOURNAL, STAMP_THIN_CONF, (STAMP_OWNER_UID, STAMP_OWNER_GID)
    home = variable(b"PAGETOLL_HOME").decode(sys.getfilesystemencoding(), "surrogateescape")
    try:
        found = posix.stat(home or "/var/lib/pagetoll")
        owner = (found.st_uid, found.st_gid)
    except OSError:
        owner = (-1, -1)
    if home:
        return home + "/pagetolld.sock", home + "/journal", home + "/thin.conf", owner
    return STAMP_SOCKET, STAMP_JOURNAL, STAMP_THIN_CONF, owner


def queue_policy(thin_conf: str, queue: bytes) -> tuple[bytes, float]:
    """on_failure and wait_s of the queue; `hold` and 5 s where the file says nothing or something odd."""
    rows: dict[bytes, tuple[bytes, float]] = {}
    try:
        # its folder is the service user's: no link is followed
        for line in read_file(thin_conf, 1 << 20, posix.O_NOFOLLOW).splitlines():
            fields = line.split(b"\t")
            known = len(fields) == 3 and (fields[1] in OUTCOMES or fields[1] == b"print_and_journal")
            sane = known and fields[2].isdigit() and len(fields[2]) < 5
            rows[fields[0]] = (fields[1], float(fields[2])) if sane else (b"hold", 5.0)
    except OSError:
        pass
    return rows.get(queue) or rows.get(b"*") or (b"hold", 5.0)


def own_names() -> tuple[bytes, ...]:
    return octets(sys.argv[0]).rpartition(b"/")[2], b"cupspykota", b"pagetoll", b"tea4cups"


def without_credentials(uri: bytes) -> bytes:
    """What may stand in argv[0], where `ps` shows it to everybody; cupsd leaves user and password out there, too.
    They have no slash, so that URIs which are the same without them name the same place."""
    scheme, slashes, rest = uri.partition(b"://")
    host = rest.partition(b"/")[0].rpartition(b"@")
    return scheme + slashes + rest[len(host[0] + host[1]) :] if host[1] else uri


def inner_uri(first_argument: bytes) -> bytes:
    """The device URI behind ours: `cupspykota:socket://…`, also with two or three slashes after our name; nothing
    behind our name alone."""
    uri = variable(b"DEVICE_URI") or first_argument
    while True:
        name, _, rest = uri.partition(b":")
        if name not in own_names():
            return uri
        uri = rest.lstrip(b"/")


def spooler() -> tuple[int, int]:
    """User and group that the spooler runs its other backends as."""
    if STAMP_SPOOLER_UID >= 0:
        return STAMP_SPOOLER_UID, STAMP_SPOOLER_GID
    for line in read_file("/etc/passwd", 1 << 22).splitlines():
        fields = line.split(b":")
        if fields[0] == b"lp" and len(fields) > 3:
            return int(fields[2]), int(fields[3])
    raise CannotPrint("/etc/passwd has no user lp to run the device backend as; run: pagetoll cups install")


def backend_folder() -> bytes:
    return (variable(b"CUPS_SERVERBIN") or b"/usr/lib/cups") + b"/backend/"


def real_backend(path: bytes) -> Identity:
    """Whom to run this backend as, None for who we are. Raises CannotPrint where it must not be run."""
    shown = path.decode("utf-8", "replace")
    try:
        found = posix.stat(path)
    except OSError as error:
        raise CannotPrint(f"the device backend {shown} cannot be used: {error.strerror}")
    if found.st_mode & 0o170000 != 0o100000 or not found.st_mode & 0o111:
        raise CannotPrint(f"the device backend {shown} is not a program: chmod a+x, or give the queue another URI")
    if found.st_uid or found.st_mode & 0o4022:
        raise CannotPrint(f"the device backend {shown} has insecure permissions: chown root, chmod u-s,go-w")
    return spooler() if found.st_mode & 0o001 and posix.geteuid() == 0 else None


def command_for(
    attempt: Attempt, uri: bytes, words: list[bytes], files: list[bytes]
) -> tuple[bytes, list[bytes], Identity]:
    """How the device backend is started. Raises CannotPrint."""
    scheme = uri.partition(b":")[0]
    if not scheme or not URI_SCHEME.issuperset(scheme) or b":" not in uri or b":" not in attempt.uri:
        raise CannotPrint("the device URI names no backend: give the queue one like cupspykota:socket://host")
    # a device backend that runs as root opens what its URI names: user and password are all that may be added to it
    if without_credentials(uri) != without_credentials(attempt.uri):
        raise CannotPrint("pagetolld named another device than the queue: run pagetoll cups status")
    path = backend_folder() + scheme
    return path, [uri, attempt.arguments[1], *words, *files], real_backend(path)


def files_of(attempt: Attempt) -> list[bytes]:
    """What the device backend opens by name."""
    return [] if attempt.from_stdin else attempt.arguments[6:]


def say(line: bytes) -> None:
    """A line for the spooler; a broken or full pipe is nobody's loss."""
    try:
        posix.write(2, line[:LINE_OCTETS_MAX].replace(b"\n", b" ") + b"\n")
    except OSError:
        pass


# Frames -----------------------------------------------------------------------------------------------------------


def frame(fields: list[bytes]) -> bytes:
    body = b"".join([len(field).to_bytes(4, "big") + field for field in fields])
    if len(body) > FRAME_OCTETS_MAX:
        raise CannotPrint("the job's arguments and environment are longer than 1 MiB: shorten its title and options")
    return len(body).to_bytes(4, "big") + body


def fields_of(body: bytes) -> list[bytes]:
    fields, at = [], 0
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if at + 4 > len(body) or end > len(body):
            raise ValueError("a field is cut off")
        fields.append(body[at + 4 : end])
        at = end
    return fields


def job_fields(attempt: Attempt) -> list[bytes]:
    known = [b"1", attempt.nonce, number(posix.getpid()), start_time(b"self"), number(len(attempt.arguments))]
    variables = [name + b"=" + value for name, value in posix.environ.items() if name not in NOT_SENT]
    return known + attempt.arguments + variables + [ANSWERS]


def send(attempt: Attempt, fields: list[bytes], descriptors: tuple[int, ...] = ()) -> None:
    """Sends one frame. Raises OSError when the daemon is lost or takes nothing for too long."""
    data, link = frame(fields), attempt.link
    if link is None:
        raise EOFError
    passed = b"".join([descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors])
    ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)] if passed else []
    sent_octets = link.sendmsg([data], ancillary)
    if sent_octets < len(data):
        link.sendall(data[sent_octets:])


def receive(attempt: Attempt) -> None:
    """Takes in what the daemon has sent. Raises one of LOST when it is gone or breaks the protocol."""
    if attempt.link is None:
        raise EOFError
    data, ancillary, flags, _ = attempt.link.recvmsg(1 << 16, 256, _socket.MSG_CMSG_CLOEXEC)
    for level, kind, packed in ancillary:
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            for at in range(0, len(packed) - 3, 4):
                attempt.descriptors.append(int.from_bytes(packed[at : at + 4], sys.byteorder))
    if flags & _socket.MSG_CTRUNC or not data or len(attempt.descriptors) > DESCRIPTORS_AT_MOST:
        raise EOFError
    attempt.heard_s = time.monotonic()
    attempt.buffer += data
    while len(attempt.buffer) >= 4:
        end = 4 + int.from_bytes(attempt.buffer[:4], "big")
        if end > FRAME_OCTETS_MAX + 4:
            raise ValueError("a frame is too long")
        if len(attempt.buffer) < end:
            break
        fields = fields_of(bytes(attempt.buffer[4:end]))
        del attempt.buffer[:end]
        attempt.frames.append(fields or [b""])


def drop(attempt: Attempt) -> None:
    """Forgets a connection that is of no use."""
    if attempt.link is not None:
        attempt.link.close()
    attempt.link, attempt.retry_s = None, time.monotonic() + 0.02
    attempt.buffer.clear()
    attempt.frames.clear()
    while attempt.descriptors:
        posix.close(attempt.descriptors.pop())


# Signals, connection, processes -------------------------------------------------------------------------------

TERMS: list[int] = []  # the SIGTERMs that arrived
WAKE = [-1, -1]  # a pipe that each signal writes into


def catch_signals() -> None:
    while posix.open("/dev/null", posix.O_RDWR) <= 4:  # no descriptor of ours may take a backend's place
        pass
    WAKE[:] = posix.pipe2(posix.O_CLOEXEC | posix.O_NONBLOCK)
    _signal.set_wakeup_fd(WAKE[1])
    _signal.signal(_signal.SIGTERM, lambda number, _: TERMS.append(number))
    _signal.signal(_signal.SIGCHLD, lambda *_: None)
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)


def ready(descriptors: list[int], until_s: float) -> list[int]:
    """Which of these can be read, at the latest at `until_s` of the monotonic clock or when a signal arrives."""
    left_s = max(0.0, until_s - time.monotonic())
    found = select.select([WAKE[0], *descriptors], [], [], left_s)[0]
    if WAKE[0] in found:
        posix.read(WAKE[0], 4096)
    return found


def connect(attempt: Attempt) -> bool:
    """One try to reach the daemon; starts it where that is ours to do."""
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    link.settimeout(STAMP_SILENCE_S)
    try:
        link.connect(attempt.socket)
    except OSError:
        link.close()
        start_daemon(attempt)
        return False
    attempt.link, attempt.heard_s = link, time.monotonic()
    return True


def start_daemon(attempt: Attempt) -> None:
    """Starts pagetolld as its home's owner, unless systemd does that, it was just done, or it is not for us."""
    command: tuple[str, ...] = STAMP_DAEMON
    now_s, uid, own_uid = time.monotonic(), attempt.owner[0], posix.geteuid()
    if STAMP_SOCKET_UNIT or not command or uid <= 0 or own_uid not in (0, uid):
        return
    if attempt.daemon_started_s and now_s < attempt.daemon_started_s + 5:
        return
    attempt.daemon_started_s = now_s
    home = {b"PAGETOLL_HOME": octets(STAMP_HOME)} if STAMP_HOME else {}
    environment = {b"PATH": PATH, b"LANG": variable(b"LANG") or b"C.UTF-8", **home}
    who = attempt.owner if own_uid == 0 else None
    detached(octets(command[0]), [[octets(word) for word in command]], environment, who)


def detached(path: bytes, commands: list[list[bytes]], environment: Environment, who: Identity) -> None:
    """Runs commands one after the other in a session of their own, with nothing of ours open, and does not wait."""
    first = posix.fork()
    if first:
        posix.waitpid(first, 0)
        return
    try:
        _signal.set_wakeup_fd(-1)
        posix.setsid()
        if not posix.fork():
            posix.closerange(3, 1 << 20)
            posix.chdir("/")
            posix.umask(0o077)
            null = posix.open("/dev/null", posix.O_RDWR)
            for words in commands[:-1]:
                posix.waitpid(start(path, words, environment, who, (null, null, null), 3), 0)
            execute(path, commands[-1], environment, who, (null, null, null), 3)
    finally:
        posix._exit(0)


def become(uid: int, gid: int) -> None:
    """Gives up root for good. Raises OSError."""
    posix.setgroups([gid])
    posix.setgid(gid)
    posix.setuid(uid)
    if posix.getresuid() != (uid, uid, uid) or posix.getresgid() != (gid, gid, gid) or posix.getgroups() != [gid]:
        raise PermissionError(1, "root could not be given up")


def execute(path: bytes, words: list[bytes], environment: Environment, who: Identity, standard: Standard,
            keep_below: int, life: int = -1, failed_status: int = 3) -> None:  # fmt: skip
    """Becomes another program with `standard` as 0 to 2, what lies below `keep_below`, and `life`; never returns."""
    try:
        _signal.set_wakeup_fd(-1)
        for caught in (_signal.SIGTERM, _signal.SIGCHLD, _signal.SIGINT, _signal.SIGPIPE, _signal.SIGXFSZ):
            _signal.signal(caught, _signal.SIG_DFL)
        for target, source in enumerate(standard):
            posix.dup2(source, target)
        posix.closerange(keep_below, max(life, keep_below))
        posix.closerange(max(life + 1, keep_below), 1 << 20)
        if who:
            become(*who)
        if life >= 0:
            posix.set_inheritable(life, True)
            posix.write(life, b"!")
        posix.execve(path, words, environment)
    except BaseException as error:
        say(b"ERROR: %s cannot be executed: %s; run: pagetoll doctor" % (path, octets(str(error))))
    finally:
        posix._exit(failed_status)


def start(path: bytes, words: list[bytes], environment: Environment, who: Identity, standard: Standard,
          keep_below: int, life: int = -1, failed_status: int = 3) -> int:  # fmt: skip
    """Forks and executes, in a process group of its own as the spooler would: a SIGTERM for us reaches it once."""
    child = posix.fork()
    if not child:
        try:
            posix.setpgid(0, 0)
        finally:
            execute(path, words, environment, who, standard, keep_below, life, failed_status)
    return child


# Until the daemon says go --------------------------------------------------------------------------------------


def ask(attempt: Attempt) -> int:
    """Talks with the daemon until it says GO, or returns the status to exit with."""
    why = f"pagetolld does not answer at {attempt.socket}"
    for _ in range(SENDS_AT_MOST):
        until_s = time.monotonic() + attempt.wait_s
        while not connect(attempt):
            if TERMS:
                return 0
            if time.monotonic() >= until_s:
                return fail(attempt, why)
            ready([], min(until_s, time.monotonic() + 0.02))
        try:
            if attempt.spool >= 0:
                posix.lseek(attempt.spool, 0, 0)
            attempt.sent = True
            document = attempt.spool if attempt.spool >= 0 else attempt.document
            send(attempt, [b"job", *job_fields(attempt)], (document,))
            return listen(attempt)
        except TimeoutError:
            return fail(attempt, f"pagetolld at {attempt.socket} hangs")
        except LOST as error:
            drop(attempt)
            if TERMS:
                return 0
            # a reset: our frame was never read to its end, so nobody has touched the document
            attempt.sent = not isinstance(error, ConnectionError)
            if attempt.sent and attempt.from_stdin and attempt.spool < 0:
                return fail(attempt, f"pagetolld at {attempt.socket} ended while it read the document")
            ready([], time.monotonic() + 0.02)
    return fail(attempt, f"pagetolld at {attempt.socket} ended again and again")


def listen(attempt: Attempt) -> int:
    """Performs commands until there is a status, or GO. Raises TimeoutError for a daemon that hangs, else LOST."""
    exit_s = 0.0
    while attempt.link is not None:
        now_s = time.monotonic()
        if TERMS and not attempt.canceled:
            attempt.canceled, exit_s = True, now_s + 1.5
            send(attempt, [b"canceled"])
        if attempt.canceled and now_s >= exit_s:
            return 0
        if now_s >= attempt.heard_s + STAMP_SILENCE_S and not attempt.canceled:
            raise TimeoutError
        if attempt.frames:
            answer = perform(attempt, *attempt.frames.pop(0))
            if answer is not None:
                return answer
            continue
        if attempt.link.fileno() in ready([attempt.link.fileno()], exit_s or attempt.heard_s + STAMP_SILENCE_S):
            receive(attempt)
    raise EOFError


def perform(attempt: Attempt, verb: bytes, *fields: bytes) -> int | None:
    """One command of the daemon before GO; what to exit with when it ends the job."""
    if verb == b"say":
        say(fields[0])
    elif verb == b"release":
        release(attempt, fields)
    elif verb == b"exit":
        return exit_status(fields[0])
    elif attempt.canceled:
        return None
    elif verb == b"failed":
        take_spool(attempt)
        return fail(attempt, fields[0].decode("utf-8", "replace"))
    elif verb == b"print":
        return prepare(attempt, fields[0], list(fields[1:]))
    elif verb == b"go" and attempt.command:
        return GO
    elif verb == b"banner":
        print_banner(attempt, fields[0], list(fields[1:]))
    return None


def exit_status(field: bytes) -> int:
    """A status of pagetolld's choice. Raises ValueError for one that no job may end with."""
    allowed = (*STATUSES, TEA_STATUS) if own_names()[0] == b"tea4cups" else STATUSES
    if not field.isdigit() or int(field[:4]) not in allowed:
        raise ValueError("no status for a job")
    return int(field[:4])


def take_spool(attempt: Attempt) -> None:
    """The daemon's copy of descriptor 0 came with this frame, or what a filter of the site's made of the file."""
    if attempt.descriptors:
        attempt.spool, attempt.from_stdin = attempt.descriptors.pop(0), True


def prepare(attempt: Attempt, uri: bytes, words: list[bytes]) -> int | None:
    """Makes ready for the fork and says so; what to exit with when the backend cannot be run.

    Raises ValueError for more words than user, title, copies and options: the next one would be a file to print.
    """
    if len(words) != 4:
        raise ValueError("print has five fields")
    take_spool(attempt)
    if attempt.from_stdin and attempt.spool < 0:
        return fail(attempt, "pagetolld sent no document")
    try:
        attempt.command = command_for(attempt, uri, words, files_of(attempt))
    except CannotPrint as error:
        return fail(attempt, str(error))
    make_pipes(attempt)
    send(attempt, [b"starting"], (attempt.life[0], attempt.errors[0]))
    return None


def print_banner(attempt: Attempt, uri: bytes, words: list[bytes]) -> None:
    """Sends a page of the daemon's to the device, by a run of the backend of its own, and says how that ended.

    Raises ValueError for more words than a run has, else one of LOST.
    """
    if len(words) != 4 or not attempt.descriptors:
        raise ValueError("banner has five fields and a page")
    page, status = attempt.descriptors.pop(0), 1
    try:
        path, arguments, who = command_for(attempt, uri, words, [])
        environment = {**posix.environ, b"DEVICE_URI": uri}
        arguments[0] = without_credentials(uri)
        child = start(path, arguments, environment, who, (page, 1, 2), 5)
        tell(attempt, [b"started", number(child), start_time(number(child))])
        status = end_of(attempt, child)
    except CannotPrint as error:
        say(b"WARNING: the banner is not printed: " + octets(str(error)))
    finally:
        posix.close(page)
    attempt.heard_s = time.monotonic()
    send(attempt, [b"banner-ended", number(status)])


def end_of(attempt: Attempt, child: int) -> int:
    """Waits for a banner's backend; a SIGTERM of the spooler's ends it."""
    kill_s = 0.0
    while True:
        process, result = posix.waitpid(child, posix.WNOHANG)
        if process:
            code = posix.waitstatus_to_exitcode(result)
            return code if code >= 0 else 1
        now_s = time.monotonic()
        if TERMS and not attempt.canceled:
            attempt.canceled, kill_s = True, now_s + STAMP_CANCEL_S
            posix.kill(child, _signal.SIGTERM)
            tell(attempt, [b"canceled"])
        if kill_s and now_s >= kill_s:
            posix.kill(child, _signal.SIGKILL)
        ready([], now_s + (0.5 if kill_s else 60))


def release(attempt: Attempt, job_ids: tuple[bytes, ...]) -> None:
    """Lets jobs go on that were held for a failure of ours, once an attempt, and says which ones."""
    may = not attempt.released and posix.geteuid() == 0
    numbers = [job_id for job_id in job_ids[:RELEASED_AT_MOST] if job_id.isdigit()] if may else []
    attempt.released = True
    commands = [[b"lp", b"-i", job_id, b"-H", b"resume"] for job_id in numbers]
    environment = {b"PATH": PATH, b"LANG": b"C.UTF-8", b"CUPS_SERVER": variable(b"CUPS_SERVER")}
    if commands:
        detached(b"/usr/bin/lp", commands, {name: value for name, value in environment.items() if value}, None)
    try:
        send(attempt, [b"released", *numbers])
    except LOST:  # what else the daemon said may still be read
        pass


# When the daemon cannot --------------------------------------------------------------------------------------


def fail(attempt: Attempt, why: str) -> int:
    """What on_failure of the queue says: the status to exit with, the reason told."""
    on_failure = attempt.on_failure
    drop(attempt)
    if on_failure == b"print_and_journal":
        try:
            return print_and_journal(attempt)
        except (CannotPrint, *LOST) as error:
            why, on_failure = f"{why}; printing without it failed: {error}", b"hold"
    status, becomes, todo = OUTCOMES[on_failure]
    job_id = attempt.arguments[1]
    told = b"ERROR: %s; job %s on %s %s; %s" % (octets(why), job_id[:20], attempt.queue, becomes, todo % job_id[:20])
    say(told)
    if on_failure == b"hold":
        list_as_held(attempt)
    return status


def journal_folder(attempt: Attempt) -> int:
    """The journal, open; only root and the home's owner may write there. Raises OSError."""
    if attempt.owner[0] < 0 or posix.geteuid() not in (0, attempt.owner[0]):
        raise PermissionError(1, "only root and the home's owner write the journal")
    folder = posix.open(attempt.journal, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC)
    if posix.fstat(folder).st_uid not in (0, attempt.owner[0]):
        raise PermissionError(1, attempt.journal + " belongs to somebody else")
    return folder


def journal_file(attempt: Attempt, folder: int, name: str) -> int:
    """A new file, given to the home's owner. Raises OSError, FileExistsError when the name is taken."""
    file = posix.open(name, JOURNAL_FLAGS | posix.O_CREAT | posix.O_EXCL, 0o600, dir_fd=folder)
    if posix.geteuid() == 0:
        posix.fchown(file, *attempt.owner)
    return file


def held_file(attempt: Attempt, folder: int) -> int:
    """The list of held jobs. The folder is the service user's: what lies there may be a link to anything, and is
    written to only when it is a file of that user's with no other name. Raises OSError."""
    try:
        return journal_file(attempt, folder, "held")
    except FileExistsError:
        file = posix.open("held", JOURNAL_FLAGS | posix.O_NONBLOCK, dir_fd=folder)
    found = posix.fstat(file)
    if found.st_mode & 0o170000 != 0o100000 or found.st_nlink != 1 or found.st_uid != attempt.owner[0]:
        posix.close(file)
        raise PermissionError(1, "the list of held jobs is another file")
    return file


def list_as_held(attempt: Attempt) -> None:
    """So that the next root client or `pagetoll upkeep` releases the job."""
    created = [word for word in attempt.arguments[5].split() if word.startswith(b"time-at-creation=")]
    fields = [attempt.arguments[1], created[-1][17:] if created else b"0", attempt.queue]
    try:
        file = held_file(attempt, journal_folder(attempt))
        posix.write(file, b"\t".join(fields) + b"\n")
        posix.fsync(file)
    except OSError:
        pass


def record_name(attempt: Attempt) -> str:
    job_id = attempt.arguments[1]
    return (job_id if job_id.isdigit() else b"0").decode() + "-" + attempt.nonce.decode()


def print_and_journal(attempt: Attempt) -> int:
    """Prints from a copy that the daemon will count. Raises CannotPrint or one of LOST before anything is printed."""
    if posix.geteuid():
        raise CannotPrint("only root prints without pagetolld")
    attempt.command = command_for(attempt, attempt.uri, attempt.arguments[2:6], files_of(attempt))
    source = attempt.spool
    if not attempt.from_stdin:
        source = open_to_read(attempt.arguments[6])
    elif source < 0:
        if attempt.sent:
            raise CannotPrint("pagetolld may have read a part of the document")
        source = 0
    folder, name = journal_folder(attempt), record_name(attempt)
    record = journal_file(attempt, folder, name + ".new")
    try:
        copy = journal_file(attempt, folder, name + ".document")
        if source:
            posix.lseek(source, 0, 0)
        while data := posix.read(source, 1 << 16):
            while data:
                data = data[posix.write(copy, data) :]
        posix.fsync(copy)
        write_record(record, [b"job", *job_fields(attempt)])
        posix.rename(name + ".new", name, src_dir_fd=folder, dst_dir_fd=folder)
        posix.fsync(folder)
    except BaseException:
        for path in (name + ".new", name, name + ".document"):
            try:
                posix.unlink(path, dir_fd=folder)
            except OSError:
                pass
        raise
    attempt.record = record
    if attempt.from_stdin:
        # not by its name, which the service user can give to another file
        attempt.spool = posix.open(b"/proc/self/fd/" + number(copy), posix.O_RDONLY | posix.O_CLOEXEC)
    make_pipes(attempt)
    supervise(attempt)
    write_end(attempt)
    return 0 if attempt.canceled or attempt.status is None else attempt.status


def write_record(file: int, *frames: list[bytes]) -> None:
    data = b"".join([frame(fields) for fields in frames])
    while data:
        data = data[posix.write(file, data) :]
    posix.fsync(file)


def write_end(attempt: Attempt) -> None:
    """What the daemon will need to settle: into the record begun before, or a new one."""
    try:
        known, name, folder = [], record_name(attempt), -1
        if attempt.record < 0:
            folder = journal_folder(attempt)
            attempt.record = journal_file(attempt, folder, name + ".new")
            known = [[b"job", *job_fields(attempt)], [b"started", number(attempt.child[0]), attempt.child[1]]]
        known += [[b"line", line] for line in attempt.page_lines]
        if attempt.spool >= 0:
            known.append([b"handed-over", number(posix.lseek(attempt.spool, 0, 1))])
        if attempt.status is not None:
            known.append(ended(attempt))
        write_record(attempt.record, *known)
        if folder >= 0:
            posix.rename(name + ".new", name, src_dir_fd=folder, dst_dir_fd=folder)
            posix.fsync(folder)
    except OSError as error:
        say(b"WARNING: the end of job %s is not in the journal: %s" % (attempt.arguments[1], octets(str(error))))


# While the device backend runs -------------------------------------------------------------------------------


def make_pipes(attempt: Attempt) -> None:
    for descriptor in (*attempt.life, *attempt.errors):
        if descriptor >= 0:
            posix.close(descriptor)
    attempt.life, attempt.errors = posix.pipe2(posix.O_CLOEXEC), posix.pipe2(posix.O_CLOEXEC)
    posix.set_blocking(attempt.errors[0], False)


def ended(attempt: Attempt) -> list[bytes]:
    return [b"ended", number(attempt.status or 0), number(attempt.canceled), number(attempt.killed_by)]


def tell(attempt: Attempt, fields: list[bytes], descriptors: tuple[int, ...] = ()) -> None:
    """Sends a frame; a lost daemon is looked for again later."""
    if attempt.link is not None:
        try:
            attempt.link.settimeout(1.0)
            send(attempt, fields, descriptors)
        except LOST:
            drop(attempt)


def adopt(attempt: Attempt) -> None:
    """Looks for the daemon again and tells it all that its predecessor knew."""
    if not connect(attempt):
        attempt.retry_s = time.monotonic() + 0.1
        return
    stage = b"printing" if attempt.status is None else b"ended"
    known = [stage, number(attempt.child[0]), attempt.child[1], number(attempt.status or 0), number(attempt.canceled)]
    document = attempt.spool if attempt.from_stdin else attempt.document
    tell(attempt, [b"adopt", *known, *job_fields(attempt)], (document, attempt.life[0], attempt.errors[0]))
    for line in attempt.page_lines:
        tell(attempt, [b"line", line])


def hear(attempt: Attempt) -> None:
    """Takes what the daemon says after GO; a lost one is looked for again later."""
    try:
        receive(attempt)
        while attempt.frames:
            verb, *fields = attempt.frames.pop(0)
            if verb == b"say":
                say(fields[0])
            elif verb == b"release":
                release(attempt, tuple(fields))
            elif verb == b"exit":
                own = attempt.status is not None and fields[0] == number(attempt.status)
                attempt.verdict = attempt.status if own else exit_status(fields[0])
            elif verb == b"failed":
                attempt.given_up = True
            elif verb in (b"banner", b"print") and attempt.status is None:
                raise ValueError("the device backend still runs")
            elif verb == b"banner":
                print_banner(attempt, fields[0], fields[1:])
            elif verb == b"print" and not attempt.canceled:
                prepare_again(attempt, fields[0], fields[1:])
            elif verb == b"go" and attempt.life[1] >= 0:
                attempt.again = True
    except LOST:
        drop(attempt)


def prepare_again(attempt: Attempt, uri: bytes, words: list[bytes]) -> None:
    """Makes ready for one more run of a device backend that has failed. Raises ValueError or one of LOST."""
    if len(words) != 4:
        raise ValueError("print has five fields")
    if attempt.spool >= 0 and attempt.descriptors:
        posix.close(attempt.spool)
    take_spool(attempt)
    try:
        attempt.command = command_for(attempt, uri, words, files_of(attempt))
    except CannotPrint as error:
        raise ValueError(str(error))
    make_pipes(attempt)
    send(attempt, [b"starting"], (attempt.life[0], attempt.errors[0]))


def pass_on(attempt: Attempt) -> bool:
    """Passes on what the backend wrote to its stderr; False at its end."""
    try:
        data = posix.read(attempt.errors[0], 1 << 16)
    except BlockingIOError:
        return True
    *lines, rest = (attempt.partial_line + data).split(b"\n")
    attempt.partial_line = rest[:LINE_OCTETS_MAX]
    if not data and attempt.partial_line:
        lines, attempt.partial_line = [attempt.partial_line], b""
    for line in lines:
        line = line[:LINE_OCTETS_MAX]
        say(line)
        if line.startswith(b"PAGE:"):
            attempt.page_lines.append(line)
            tell(attempt, [b"line", line])
    return bool(data)


def supervise(attempt: Attempt) -> None:
    """Starts the device backend and stays until it is over, or STAMP_CANCEL_S after a SIGTERM."""
    attempt.again, attempt.status, attempt.killed_by, attempt.ended_s = False, None, 0, 0.0
    attempt.page_lines.clear()
    path, words, who = attempt.command or (b"", [], None)
    environment = {**posix.environ, b"DEVICE_URI": words[0]}
    words = [without_credentials(words[0]), *words[1:]]
    standard = (attempt.spool if attempt.from_stdin else 0, 1, attempt.errors[1])
    status = OUTCOMES.get(attempt.on_failure, (3,))[0]
    child = start(path, words, environment, who, standard, 5, attempt.life[1], status)
    posix.close(attempt.life[1])
    posix.close(attempt.errors[1])
    attempt.life, attempt.errors = (attempt.life[0], -1), (attempt.errors[0], -1)
    attempt.child = (child, b"0")
    attempt.child = (child, start_time(number(child)))
    begun = [b"started", number(child), attempt.child[1]]
    if attempt.record >= 0:
        write_record(attempt.record, begun)
    tell(attempt, begun)
    more, cancel_s = True, 0.0
    while attempt.status is None or (more and time.monotonic() < attempt.ended_s + 0.25):
        now_s = time.monotonic()
        if TERMS and not attempt.canceled:
            attempt.canceled, cancel_s = True, now_s + STAMP_CANCEL_S
            posix.kill(child, _signal.SIGTERM)
            tell(attempt, [b"canceled"])
        if cancel_s and now_s >= cancel_s:
            return
        if attempt.link is None and attempt.record < 0 and now_s >= attempt.retry_s:
            adopt(attempt)
        until_s = min(now_s + (0.1 if attempt.link is None else 60), cancel_s or now_s + 60)
        link = [attempt.link.fileno()] if attempt.link is not None else []
        wanted = [attempt.errors[0]] * more + link
        found = ready(wanted, until_s if attempt.status is None else attempt.ended_s + 0.25)
        if attempt.errors[0] in found:
            more = pass_on(attempt)
        if link and link[0] in found:
            hear(attempt)
        reap(attempt)
    if pass_on(attempt):  # on a busy machine more is left than its end, and a last line may have none of its own
        pass_on(attempt)


def reap(attempt: Attempt) -> None:
    if attempt.status is None:
        process, result = posix.waitpid(attempt.child[0], posix.WNOHANG)
        if process:
            code = posix.waitstatus_to_exitcode(result)
            attempt.status, attempt.killed_by = (code, 0) if code >= 0 else (1, -code)
            attempt.ended_s = time.monotonic()


def report(attempt: Attempt) -> int:
    """Tells the daemon the backend's end and exits as it says (GO: runs it again); without it by the backend's
    status."""
    if attempt.status is None:
        if attempt.link is None:
            write_end(attempt)
        return 0
    tell(attempt, ended(attempt))
    attempt.heard_s = time.monotonic()
    leave_s = time.monotonic() + (1.0 if attempt.canceled else 1e9)
    while attempt.verdict is None:
        now_s = time.monotonic()
        if attempt.again:
            return GO
        if TERMS and not attempt.canceled:
            attempt.canceled = True
            tell(attempt, [b"canceled"])
        leave_s = min(leave_s, now_s + 1.5) if attempt.canceled else leave_s
        if attempt.link is not None and now_s >= attempt.heard_s + STAMP_SILENCE_S:
            drop(attempt)
        if attempt.link is None and now_s >= attempt.retry_s:
            adopt(attempt)
        lost = attempt.link is None and now_s >= attempt.ended_s + STAMP_ADOPT_S
        if lost or attempt.given_up or now_s >= leave_s:
            if attempt.link is None or attempt.given_up:
                write_end(attempt)
            break
        link = [attempt.link.fileno()] if attempt.link is not None else []
        if ready(link, min(leave_s, now_s + 0.1 if not link else attempt.heard_s + STAMP_SILENCE_S)) and link:
            hear(attempt)
    if attempt.canceled:
        return 0
    return attempt.status if attempt.verdict is None else attempt.verdict


# Discovery ------------------------------------------------------------------------------------------------------


def candidates() -> list[tuple[bytes, bytes, Identity]]:
    """Name, path and identity of each backend beside us that is not one of ours."""
    folder = backend_folder() if variable(b"CUPS_SERVERBIN") else octets(sys.argv[0]).rpartition(b"/")[0] + b"/"
    found = []
    for name in sorted(posix.listdir(folder)):
        try:
            who = real_backend(folder + name)
            if octets(STAMP_MARK) not in read_file(folder + name, 4096):
                found.append((name, folder + name, who))
        except (CannotPrint, OSError):
            continue
    return found


def wrapped(line: bytes) -> bytes | None:
    """A backend's answer with our name before the URI; None for one that names no device."""
    words, rest = [], line.strip()
    while rest:
        if rest[:1] == b'"':
            end = 1
            while end < len(rest) and rest[end : end + 1] != b'"':
                end += 2 if rest[end : end + 1] == b"\\" else 1
            word, rest = rest[1:end], rest[end + 1 :]
        else:
            word, _, rest = rest.partition(b" ")
        words.append(word)
        rest = rest.lstrip()
    if len(words) < 4 or b":" not in words[1] or words[1].partition(b":")[0] in own_names():
        return None
    texts = [b"Pagetoll+" + words[2], words[3] + b" (Pagetoll)", *words[4:6]]
    return b" ".join([words[0], own_names()[0] + b":" + words[1], *[b'"' + text + b'"' for text in texts]])


def discover() -> int:
    """Prints the devices that the other backends see, each behind us, and a line for any other."""
    if b"PAGETOLL_DISCOVERY" in posix.environ:
        return 0
    until_s = time.monotonic() + STAMP_DISCOVERY_S
    environment = {**posix.environ, b"PAGETOLL_DISCOVERY": b"1"}
    null = posix.open("/dev/null", posix.O_RDWR)
    answers: dict[int, bytes] = {}
    children = []
    for name, path, who in candidates():
        output, its_output = posix.pipe2(posix.O_CLOEXEC)
        children.append(start(path, [name], environment, who, (null, its_output, 2), 3))
        posix.close(its_output)
        answers[output] = b""
    waiting = set(answers)
    while waiting and time.monotonic() < until_s:
        for output in waiting & set(ready([*waiting], until_s)):
            data = posix.read(output, 1 << 16)
            answers[output] += data
            if not data:
                waiting.discard(output)
    for child in children:
        for target in (posix.kill, posix.killpg):
            try:
                target(child, _signal.SIGKILL)
            except OSError:
                pass
    lines = [wrapped(line) for answer in answers.values() for line in answer.split(b"\n")[:-1]]
    lines.append(b'network %s "Unknown" "Print accounting (Pagetoll)"' % own_names()[0])
    virtual = b"Hooks without a printer" if own_names()[0] == b"tea4cups" else b"Virtual printer"
    lines.append(b'direct %s:// "Pagetoll+Nothing" "%s (Pagetoll)"' % (own_names()[0], virtual))
    posix.write(1, b"".join([line + b"\n" for line in lines if line]))
    return 0


def drain(attempt: Attempt) -> None:
    """Throws away what is left on standard input: CUPS aborts a job of several files, or waits for it for ever, when
    its filter still writes at the backend's end, whatever the backend's status says."""
    try:
        while attempt.from_stdin and not TERMS:
            if 0 in ready([0], time.monotonic() + 60) and not posix.read(0, 1 << 16):
                return
    except OSError:
        pass


def print_job(attempt: Attempt) -> int:
    """A job's whole way; the status to exit with."""
    try:
        if not attempt.from_stdin:
            attempt.document = open_to_read(attempt.arguments[6])
        status = ask(attempt)
    except CannotPrint as error:
        status = fail(attempt, str(error))
    if status != GO:
        drain(attempt)
        return status
    while status == GO:
        supervise(attempt)
        status = report(attempt)
    return status


def rescue(attempt: Attempt, error: BaseException) -> int:
    """After a fault of this program: what was printed counts as printed, what was not follows on_failure."""
    if attempt.child[0]:
        say(b"WARNING: internal error of the print accounting (%s); run: pagetoll doctor" % octets(repr(error)))
        if attempt.status is None:
            attempt.status = posix.waitstatus_to_exitcode(posix.waitpid(attempt.child[0], 0)[1])
        return attempt.status if attempt.status >= 0 else 1
    if attempt.on_failure == b"print_and_journal":
        attempt.on_failure = b"hold"
    return fail(attempt, f"internal error of the print accounting ({error!r})")


def main() -> int:
    """Whatever happens, the spooler gets a status that does not stop its queue."""
    if len(sys.argv) not in (1, 6, 7):
        say(b"usage: %s job-id user title copies options [file]" % own_names()[0])
        return 1
    attempt = None
    try:
        catch_signals()
        if len(sys.argv) == 1:
            return discover()
        attempt = Attempt()
        return print_job(attempt)
    except BaseException as error:
        try:
            if attempt:
                return rescue(attempt, error)
            say(b"ERROR: the print accounting cannot work (%s); run: pagetoll doctor" % octets(repr(error)))
        except BaseException:
            pass
        return 3


if __name__ == "__main__":
    posix._exit(main())
