# SPDX-License-Identifier: Apache-2.0
"""What a caller may try against the child that runs his command as the service user: files, environment, streams."""

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cli.served import served
from cli.site import AS_ROOT, OTHER_USER, Site, module_of, new_site
from pagetoll.frontends.daemon.server import MOST_OF_ONE_STRANGER
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames
from pagetoll.wire.command_frames import Command, NamedFile

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
OTHER = pwd.getpwnam(OTHER_USER)
NULL = Path(os.devnull)


@pytest.fixture(scope="module")
def shop(fresh_site: Site) -> Iterator[Site]:
    """A site with its daemon, for whose administrators there is a group that the other user is in."""
    with new_site(fresh_site) as made:
        os.chown(made.home / "pagetoll.toml", -1, OTHER.pw_gid)
        made.do("pkprinters", "-a", "hp")
        made.do("pkusers", "-a", OTHER_USER)
        with served(made):
            yield made


@pytest.fixture
def his_folder(shop: Site) -> Iterator[Path]:
    """A folder of the other user's own, which the service user may not enter."""
    folder = shop.folder / "his"
    folder.mkdir()
    os.chown(folder, OTHER.pw_uid, OTHER.pw_gid)
    folder.chmod(0o700)
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@contextmanager
def link_of_the_other(site: Site) -> Iterator[socket.socket]:
    """A connection to the daemon that the other user has made."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        os.seteuid(OTHER.pw_uid)
        try:
            link.connect(str(site.home / "pagetolld.sock"))
        finally:
            os.seteuid(0)
        yield link


def asked(site: Site, command: Command, *descriptors: int) -> frames.Message:
    """What the daemon answers to a frame that no program of ours would send, from the other user."""
    with link_of_the_other(site) as link:
        socket.send_fds(link, [frames.encode(command)], list(descriptors))
        reader, received = frames.FrameReader(), list[frames.Message]()
        while not received:
            data = link.recv(65536)
            assert data, "the daemon closed the connection"
            received = reader.feed(data)
        return received[0]


def command(program: bytes, *words: bytes, **more: object) -> Command:
    fields = {"path": b"it", "files": (), "environment": ()} | more
    return Command(program=program, words=words, **fields)  # type: ignore[arg-type]


def test_a_file_is_written_with_the_callers_rights_where_the_service_user_has_none(shop: Site, his_folder: Path):
    target = his_folder / "users.csv"
    done = shop.run("dumpykota", "-d", "users", "-o", str(target), user=OTHER_USER)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert target.stat().st_uid == OTHER.pw_uid
    assert f'"{OTHER_USER}"' in target.read_text()
    assert shop.run("dumpykota", "-d", "payments", "-o", str(target), user=OTHER_USER).status == 0
    assert not target.exists(), "nothing was found, so nothing stays"


@pytest.mark.parametrize("name", ["pagetoll.db", "spool/new", "journal/held"])
def test_a_file_of_the_service_user_is_neither_read_nor_written(shop: Site, name: str):
    target = shop.home / name
    before = target.read_bytes() if target.exists() else None
    for words in (["-d", "users", "-o", str(target)], ["-d", "history", "-A", str(target)]):
        done = shop.run("dumpykota", *words, user=OTHER_USER)
        assert done.status in (0, 254)
        assert "Permission denied" in done.err
    after = target.read_bytes() if target.exists() else None
    assert after == before


def test_words_that_name_files_without_descriptors_open_nothing(shop: Site):
    victim = shop.home / "victim"
    victim.write_text("precious")
    os.chown(victim, shop.home.stat().st_uid, shop.home.stat().st_gid)
    with NULL.open("r+b") as null:
        streams = [null.fileno()] * 3
        for words in ((b"-d", b"users", b"-o", bytes(victim)), (b"-d", b"users", b"--output=" + bytes(victim))):
            assert asked(shop, command(b"dumpykota", *words), *streams) == frames.Exit(status=254)
        reading = NamedFile(direction="r", name=bytes(victim))
        wrong = command(b"dumpykota", b"-d", b"users", b"-o", bytes(victim), files=(reading,))
        assert asked(shop, wrong, *streams, null.fileno()) == frames.Exit(status=254)
    assert victim.read_text() == "precious"
    victim.unlink()


@pytest.mark.parametrize(
    "program", [b"pksetup", b"pagetoll init", b"pagetoll daemon", b"../cli/pagetoll", b"program", b"os", b"", b"\xff"]
)
def test_a_program_without_a_row_is_not_run(shop: Site, program: bytes):
    with NULL.open("r+b") as null:
        answer = asked(shop, command(program), *[null.fileno()] * 3)
    assert isinstance(answer, frames.Failed)


def test_a_request_without_all_its_descriptors_is_refused(shop: Site):
    with NULL.open("r+b") as null:
        named = NamedFile(direction="w", name=b"x")
        answer = asked(shop, command(b"pkprinters", b"-l", files=(named,)), *[null.fileno()] * 3)
    assert isinstance(answer, frames.Failed)


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDONLY | os.O_DIRECTORY, os.O_PATH])
def test_streams_of_an_odd_kind_end_the_command_and_not_the_daemon(shop: Site, flags: int):
    descriptor = os.open("/", flags)
    try:
        answer = asked(shop, command(b"pkprinters", b"-l"), descriptor, descriptor, descriptor)
    finally:
        os.close(descriptor)
    assert isinstance(answer, frames.Exit | frames.Failed)
    assert answer != frames.Exit(status=0)
    assert shop.run("pkprinters", "-l", user=OTHER_USER).status == 0


def test_of_the_callers_environment_only_forms_of_language_and_time_reach_the_child(shop: Site, tmp_path: Path):
    out = tmp_path / "out"
    hostile = {
        b"PYTHONPATH": b"/tmp",
        b"PYTHONINSPECT": b"1",
        b"LD_PRELOAD": b"/tmp/evil.so",
        b"PAGETOLL_HOME": b"/nowhere",
        b"LANGUAGE": b"../../../../tmp/evil",
        b"LC_ALL": b"/tmp/evil",
        b"TZ": b":/etc/shadow",
        b"LANG": b"C.UTF-8",
    }
    with out.open("w+b") as file:
        given = command(b"pkprinters", b"-l", environment=tuple(hostile.items()))
        assert asked(shop, given, *[file.fileno()] * 3) == frames.Exit(status=0)
    assert out.read_text().startswith("hp [] ")


def test_names_full_of_control_characters_and_line_ends_make_one_act_of_one_line(shop: Site):
    done = shop.run("pkusers", "-D", "\x1b[31m\nroot  pkusers -a eve", OTHER_USER, user=OTHER_USER)
    assert (done.status, done.err) == (0, "")
    acts = shop.do("pagetoll", "audit", "--acts")
    assert "\x1b" not in acts
    assert not [line for line in acts.splitlines() if line.startswith("root")]


def test_one_stranger_cannot_take_the_others_places(shop: Site):
    """He holds as many commands as he may: each waits for somebody to read its listing."""
    shop.do("pkusers", "-a", *[f"user{number}" for number in range(1500)])
    reading, writing = os.pipe()
    try:
        with ExitStack() as links:
            for _ in range(MOST_OF_ONE_STRANGER + 3):
                link = links.enter_context(link_of_the_other(shop))
                socket.send_fds(link, [frames.encode(command(b"pkusers", b"-L"))], [writing] * 3)
            wait_until(lambda: len(children(shop)) == MOST_OF_ONE_STRANGER, 60, "his commands run")
            assert shop.run("pkprinters", "-l", user=OTHER_USER).status == 255, "he has had his share"
            assert shop.run("pkprinters", "-l", user="games").status == 0
    finally:
        os.close(writing)
        os.close(reading)
    wait_until(lambda: not children(shop), 60, "who leaves ends his commands")
    wait_until(lambda: shop.run("pkprinters", "-l", user=OTHER_USER).status == 0, 60, "his places are free again")


def test_streams_without_end_do_not_fill_the_disk_of_the_service(shop: Site, tmp_path: Path):
    out = tmp_path / "out"
    with out.open("w+b") as file, Path("/dev/zero").open("rb") as endless:
        named = NamedFile(direction="r", name=b"/dev/zero")
        given = command(b"pykotme", b"/dev/zero", files=(named,))
        answer = asked(shop, given, endless.fileno(), file.fileno(), file.fileno(), endless.fileno())
    assert answer == frames.Exit(status=255)
    assert out.read_text().count("/dev/zero: more than 256 MiB") == 1


def test_the_daemon_itself_holds_no_descriptor_of_a_caller(shop: Site):
    """Whatever it starts for others would close it on its way, and wait for a file system of the caller's."""
    shop.do("pkusers", "-a", *[f"user{number}" for number in range(1500)])
    pid = (shop.home / "daemon.lock").read_text().strip()
    reading, writing = os.pipe()
    inode = os.fstat(writing).st_ino
    with link_of_the_other(shop) as link:
        socket.send_fds(link, [frames.encode(command(b"pkusers", b"-L"))], [writing] * 3)
        os.close(writing)
        assert os.read(reading, 1), "the command runs"
        held = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    os.close(reading)
    assert f"pipe:[{inode}]" not in held
    wait_until(lambda: not children(shop), 60, "who leaves ends his commands")


def children(site: Site) -> list[str]:
    """The command children of the site's daemon."""
    pid = (site.home / "daemon.lock").read_text().strip()
    found = subprocess.run(["pgrep", "-P", pid, "-f", "command_child"], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_ctrl_c_ends_the_command_with_253(shop: Site):
    shop.do("pkusers", "-a", *[f"user{number}" for number in range(1500)])
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            *("setpriv", "--reuid", str(OTHER.pw_uid), "--regid", str(OTHER.pw_gid), "--clear-groups"),
            *(sys.executable, "-m", module_of("pkusers"), "-L"),
        ],
        env=shop.environment,
        cwd=shop.folder,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    wait_until(lambda: bool(children(shop)), 60, "the command runs")
    os.read(reading, 10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(reading)
    assert process.returncode == 253, err
    assert "interrupted" in err
    wait_until(lambda: not children(shop), 60, "the command has ended")


def test_a_socket_that_somebody_else_listens_on_is_not_talked_to(site: Site):
    site.home.chmod(0o755)
    code = (
        "import os, socket, sys, time\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666)\n"
        "os.setresuid(5, 5, 5); s.listen(1); print(flush=True); time.sleep(60)"
    )
    impostor = subprocess.Popen(
        [sys.executable, "-c", code, str(site.home / "pagetolld.sock")], stdout=subprocess.PIPE
    )
    assert impostor.stdout is not None
    impostor.stdout.readline()
    done = site.run("pkusers", "-L", user=OTHER_USER)
    impostor.kill()
    impostor.communicate()
    assert (done.status, done.out) == (255, "")
    assert "which is not the daemon" in done.err


FORBID = """
import os, sys
from pathlib import Path
from pagetoll.frontends.daemon.named_paths import forbid
os.chdir("/")
forbid([sys.argv[1], "--output=" + sys.argv[2]])
first, second = Path(sys.argv[1]), Path(sys.argv[2])
for act in (first.read_bytes, first.unlink, second.open, lambda: os.open(os.fsencode(second), os.O_RDONLY),
            lambda: os.rename("/nowhere", second), lambda: os.listdir(first), lambda: open(f"/.{second}")):
    try:
        act()
    except PermissionError:
        continue
    print("obeyed")
print(Path(sys.argv[3]).read_text())
"""


def test_a_program_that_forgets_how_files_are_opened_fails_instead_of_obeying(tmp_path: Path):
    for name in ("first", "second", "third"):
        (tmp_path / name).write_text(name)
    done = subprocess.run(
        [sys.executable, "-c", FORBID, *(str(tmp_path / name) for name in ("first", "second", "third"))],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "third\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second", "third"]


@pytest.mark.parametrize(
    "octets",
    [b"\0\0", b"\0\0\0\x0a\0\0\0\x06upkeep", b"\0\0\0\x50\0\0\0\x03job" + b"x" * 60],
    ids=["cut", "upkeep", "job"],
)
def test_whatever_is_no_command_stays_unread_with_its_descriptors(shop: Site, octets: bytes):
    pid = (shop.home / "daemon.lock").read_text().strip()
    reading, writing = os.pipe()
    inode = os.fstat(writing).st_ino
    with link_of_the_other(shop) as link:
        socket.send_fds(link, [octets], [writing])
        os.close(writing)
        reader, received = frames.FrameReader(), list[frames.Message]()
        while not received:
            data = link.recv(4096)
            assert data, "the daemon closed the connection"
            received = reader.feed(data)
        assert [type(message) for message in received] == [frames.Failed]
        held = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        assert f"pipe:[{inode}]" not in held
    os.close(reading)


def test_a_command_frame_that_breaks_the_protocol_ends_its_connection_alone(shop: Site):
    for body in (b"\0\0\0\x07command" + b"\0\0\0\x01" + b"2", b"\0\0\0\x07command\xff\xff\xff\xff"):
        with link_of_the_other(shop) as link:
            link.sendall(len(body).to_bytes(4, "big") + body)
            assert link.recv(4096) == b""
    assert shop.run("pkprinters", "-l", user=OTHER_USER).status == 0


@pytest.mark.parametrize(("number", "length"), [(10_001, 1), (9_000, 130)])
def test_more_words_than_a_request_holds_are_refused_with_advice(shop: Site, number: int, length: int):
    done = shop.run("pkprinters", "-l", *["x" * length] * number, user=OTHER_USER)
    assert (done.status, done.out) == (254, "")
    assert "make several" in done.err


def test_a_file_of_arguments_is_read_by_the_caller(shop: Site, his_folder: Path):
    arguments = his_folder / "arguments"
    arguments.write_text('--list\n"hp"\n')
    os.chown(arguments, OTHER.pw_uid, OTHER.pw_gid)
    arguments.chmod(0o600)
    done = shop.run("pkprinters", "-A", str(arguments), user=OTHER_USER)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("hp [] ")


def test_a_question_is_asked_at_the_callers_own_terminal(shop: Site):
    """Standard input goes over as it is: the command reads the answer from it."""
    with shop.books() as books:
        books.printer("canon")
        books.user("paula", balance="5")
        books.entry("paula", "canon")
        books.print(1, "paula", "canon")
    os.chown(shop.home / "pagetoll.toml", -1, OTHER.pw_gid)
    process = subprocess.Popen(
        [
            *("setpriv", "--reuid", str(OTHER.pw_uid), "--regid", str(OTHER.pw_gid), "--clear-groups"),
            *(sys.executable, "-m", module_of("pkrefund"), "-r", "jam", "username=paula"),
        ],
        env=shop.environment,
        cwd=shop.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate("n\n", timeout=60)
    assert process.returncode == 0, err
    assert "Refund" in out + err
    assert shop.do("dumpykota", "-d", "history", "username=paula").count("ALLOW") == 1
