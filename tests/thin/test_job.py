# SPDX-License-Identifier: Apache-2.0
"""A job through the thin CUPS backend, with the real script and a daemon that the test speaks for."""

import os
import signal

import pytest

from pagetoll.wire.frames import Beat, Canceled, Ended, Exit, Go, Job, Line, Say, Started, Starting
from thin.bench import OPTIONS, Lab, finish, print_command

SHOW = 'printf "%s\\n" "$@" > $PAPER/arguments; env > $PAPER/environment; cat > $PAPER/document'


def test_a_filtered_job_is_printed_from_the_daemons_copy(lab: Lab) -> None:
    lab.listen()
    lab.backend(SHOW)
    client = lab.start(stdin=b"five pages")
    talk = lab.accept()
    job, life, _ = lab.to_go(talk, document=b"five pages")
    assert os.read(talk.descriptors[0], 100) == b"five pages"
    assert job.arguments[1:] == (b"42", b"anna", b"A letter", b"1", OPTIONS.encode())
    assert job.pid == client.pid
    talk.send(Beat())
    talk.send(Go())
    started = talk.expect(Started)
    assert started.backend_pid != client.pid
    assert os.read(life, 2) == b"!"
    assert talk.expect(Ended) == Ended(status=0, canceled=False, signal_number=0)
    assert os.read(life, 2) == b"", "whoever printed is over"
    talk.send(Exit(status=0))
    assert finish(client) == (0, "")
    assert lab.traces("document") == b"five pages"
    assert lab.traces("arguments").split(b"\n")[:4] == [b"42", b"anna", b"A letter", b"1"]
    assert b"DEVICE_URI=toy://device/1\n" in lab.traces("environment")


def test_an_unfiltered_file_goes_to_the_backend_by_its_name(lab: Lab) -> None:
    lab.listen()
    lab.backend(SHOW)
    file = lab.root / "d00042-001"
    file.write_bytes(b"raw")
    client = lab.start(file=file)
    talk = lab.accept()
    job, _, _ = lab.to_go(talk, copies=b"3", title=b"Other title")
    assert os.read(talk.descriptors[0], 100) == b"raw"
    assert job.arguments[6] == os.fsencode(file)
    talk.send(Go())
    talk.expect(Started)
    talk.expect(Ended)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("arguments").split(b"\n")[2:4] == [b"Other title", b"3"]
    assert lab.traces("arguments").endswith(os.fsencode(file) + b"\n")


def test_a_refused_job_ends_with_the_daemons_status_and_reason(lab: Lab) -> None:
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Say(line=b"ERROR: 12 of 200 pages left, this job needs 30"))
    talk.send(Exit(status=5))
    assert finish(client) == (5, "ERROR: 12 of 200 pages left, this job needs 30\n")


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("exit 0", Ended(status=0, canceled=False, signal_number=0)),
        ("exit 7", Ended(status=7, canceled=False, signal_number=0)),
        ("kill -9 $$", Ended(status=1, canceled=False, signal_number=9)),
        ("kill -15 $$", Ended(status=1, canceled=False, signal_number=15)),
    ],
)
def test_the_backends_end_is_reported(lab: Lab, script: str, ended: Ended) -> None:
    lab.listen()
    lab.backend(script)
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Ended) == ended
    talk.send(Exit(status=ended.status))
    assert finish(client)[0] == ended.status


def test_lines_are_passed_on_and_page_lines_are_reported(lab: Lab) -> None:
    lab.listen()
    lab.backend('echo "INFO: warming up" >&2; echo "PAGE: 1 1" >&2; printf "PAGE: total 3" >&2')
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Line).line == b"PAGE: 1 1"
    assert talk.expect(Line).line == b"PAGE: total 3"
    talk.expect(Ended)
    talk.send(Exit(status=0))
    assert finish(client) == (0, "INFO: warming up\nPAGE: 1 1\nPAGE: total 3\n")


def test_a_line_is_no_longer_than_cupsd_reads(lab: Lab) -> None:
    lab.listen()
    lab.backend('printf "DEBUG: %05000d\\nINFO: next\\n" 0 >&2')
    client = lab.start()
    talk = lab.accept()
    lab.to_end(talk)
    talk.send(Exit(status=0))
    lines = finish(client)[1].split("\n")
    assert [len(line) for line in lines] == [2046, 10, 0]


def test_a_grandchild_that_keeps_the_stderr_open_holds_nobody_up(lab: Lab) -> None:
    lab.listen()
    lab.backend("sleep 60 & echo $! > $PAPER/pid")
    client = lab.start()
    talk = lab.accept()
    lab.to_end(talk)
    os.kill(int(lab.traces("pid")), signal.SIGKILL)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0


def test_back_and_side_channel_stay_open_and_nothing_else(lab: Lab) -> None:
    lab.listen()
    lab.backend("ls -l /proc/self/fd > $PAPER/descriptors")
    client = lab.start()
    talk = lab.accept()
    lab.to_end(talk)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    listed = [line.split() for line in lab.traces("descriptors").decode().splitlines() if "->" in line]
    pipes = {int(words[-3]) for words in listed if words[-1].startswith("pipe:")}
    assert {3, 4} <= pipes
    assert len(pipes - {0, 1, 2, 3, 4}) == 1, "the life pipe"
    assert not [words for words in listed if words[-1].startswith("socket:")]


def test_the_password_reaches_the_backend_only(lab: Lab) -> None:
    lab.listen()
    lab.backend(SHOW)
    client = lab.start(AUTH_PASSWORD="hush", AUTH_USERNAME="anna")
    talk = lab.accept()
    job, _, _ = lab.to_go(talk)
    assert job.variables[b"AUTH_USERNAME"] == b"anna"
    assert b"AUTH_PASSWORD" not in job.variables
    assert not [value for _, value in job.environment if b"hush" in value]
    talk.send(Go())
    talk.expect(Started)
    talk.expect(Ended)
    talk.send(Exit(status=0))
    finish(client)
    assert b"AUTH_PASSWORD=hush\n" in lab.traces("environment")


@pytest.mark.parametrize(
    ("user", "title"),
    [
        (b"anna\nbert", b"two\nlines"),
        (b"u" * 5000, b"t" * 5000),
        (b'o\'brien "x"', b"$(touch x) `touch y` \\"),
        ("\U0001f40d".encode(), "\U0001f4a9 \u00e4".encode()),
        (b"\xff\xfe", b"\x80abc\xc3"),
    ],
)
def test_names_and_titles_arrive_as_they_are(lab: Lab, user: bytes, title: bytes) -> None:
    lab.listen()
    lab.backend('printf "%s|%s" "$2" "$3" > $PAPER/words')
    client = lab.start(arguments=[b"cupspykota:toy://device/1", b"42", user, title, b"1", OPTIONS.encode()])
    talk = lab.accept()
    job, _, _ = lab.to_go(talk, user=user, title=title)
    assert job.arguments[2:4] == (user, title)
    talk.send(Go())
    talk.expect(Started)
    talk.expect(Ended)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("words") == user + b"|" + title


@pytest.mark.parametrize(("mode", "user"), [(0o700, b"0"), (0o744, b"0"), (0o755, b"7"), (0o711, b"7")])
def test_a_backend_runs_as_cupsd_would_run_it(lab: Lab, mode: int, user: bytes) -> None:
    lab.install(STAMP_SPOOLER_UID=7, STAMP_SPOOLER_GID=7)
    lab.listen()
    path = lab.backend(
        "id -u > $PAPER/uid; id -g >> $PAPER/uid; id -G >> $PAPER/uid; umask >> $PAPER/uid", mode=0o755
    )
    path.chmod(mode | 0o004 if mode == 0o711 else mode)
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Ended).status == 0
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    lines = lab.traces("uid").splitlines()
    assert lines[0] == user
    if user == b"7":
        assert lines[1:3] == [b"7", b"7"]
    assert lines[3] == b"0077"


@pytest.mark.parametrize(
    "uri", [b"pagetoll:toy://device/1", b"cupspykota://toy://device/1", b"cupspykota:///toy://device/1"]
)
def test_the_uri_may_be_written_in_several_ways(lab: Lab, uri: bytes) -> None:
    lab.listen()
    lab.backend(SHOW)
    client = lab.start(DEVICE_URI=uri.decode())
    talk = lab.accept()
    lab.to_end(talk)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert b"DEVICE_URI=toy://device/1\n" in lab.traces("environment")


def test_a_broken_stderr_is_nobodys_loss(lab: Lab) -> None:
    lab.listen()
    lab.backend('echo "INFO: a" >&2; sleep 0.2; echo "PAGE: 1 1" >&2; cat > $PAPER/document')
    client = lab.start()
    assert client.stderr is not None
    client.stderr.close()
    client.stderr = None
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Say(line=b"INFO: nobody hears this"))
    talk.send(print_command(), lab.spool(b"document"))
    talk.expect(Starting)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Line).line == b"PAGE: 1 1"
    assert talk.expect(Ended).status == 0
    talk.send(Exit(status=0))
    assert client.wait(60) == 0
    assert lab.traces("document") == b"document"


@pytest.mark.parametrize("words", [["x:"], ["x:", "1"], ["x:", "1", "u", "t", "1"], ["x:", *"1234567"]])
def test_a_wrong_number_of_arguments_is_a_usage_error(lab: Lab, words: list[str]) -> None:
    client = lab.start(arguments=words)
    if len(words) == 1:
        assert finish(client)[0] == 0, "no argument asks for the devices"
        return
    status, errors = finish(client)
    assert status == 1
    assert errors == "usage: cupspykota job-id user title copies options [file]\n"


def test_cancel_while_waiting_tells_the_daemon(lab: Lab) -> None:
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    client.send_signal(signal.SIGTERM)
    talk.expect(Canceled)
    assert finish(client)[0] == 0
    talk.expect_end()


def test_cancel_while_printing_reaches_the_backend_once(lab: Lab) -> None:
    lab.install(STAMP_CANCEL_S=60.0)
    lab.listen()
    lab.backend("trap 'echo x >> $PAPER/terms' TERM; n=0; echo ready >&2\n"
                "while [ ! -e $PAPER/terms ]; do sleep 0.1; done\n"
                "while [ $n -lt 10 ]; do sleep 0.1; n=$((n+1)); done; exit 0")  # fmt: skip
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert client.stderr is not None
    assert client.stderr.readline() == b"ready\n"
    os.killpg(client.pid, signal.SIGTERM)
    talk.expect(Canceled)
    assert talk.expect(Ended) == Ended(status=0, canceled=True, signal_number=0)
    assert finish(client)[0] == 0
    assert lab.traces("terms") == b"x\n"


def test_a_backend_that_ignores_the_cancel_is_left_to_the_daemon(lab: Lab) -> None:
    lab.install(STAMP_CANCEL_S=0.5)
    lab.listen()
    lab.backend("trap '' TERM; echo $$ > $PAPER/pid; echo ready >&2; sleep 60 2>/dev/null & wait $!; exit 0")
    client = lab.start()
    talk = lab.accept()
    _, life, _ = lab.to_go(talk)
    talk.send(Go())
    pid = talk.expect(Started).backend_pid
    assert client.stderr is not None
    assert client.stderr.readline() == b"ready\n"
    client.send_signal(signal.SIGTERM)
    talk.expect(Canceled)
    assert client.wait(60) == 0
    talk.expect_end()
    assert os.read(life, 1) == b"!"
    os.set_blocking(life, False)
    with pytest.raises(BlockingIOError):
        os.read(life, 1)
    os.killpg(pid, signal.SIGKILL)
    os.set_blocking(life, True)
    assert os.read(life, 1) == b""


def test_a_killed_client_leaves_the_backend_to_the_daemon(lab: Lab) -> None:
    lab.listen()
    lab.backend('echo ready >&2; while [ ! -e $PAPER/alone ]; do sleep 0.1; done; echo "PAGE: 2 1" >&2')
    client = lab.start()
    talk = lab.accept()
    _, life, errors = lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert client.stderr is not None
    assert client.stderr.readline() == b"ready\n"
    client.kill()
    talk.expect_end()
    (lab.paper / "alone").touch()
    assert os.read(life, 2) == b"!"
    assert os.read(life, 2) == b"", "comes when the backend ends"
    assert os.read(errors, 100) == b"PAGE: 2 1\n"


def test_a_client_killed_before_the_fork_leaves_a_life_pipe_without_an_octet(lab: Lab) -> None:
    lab.listen()
    lab.backend("exit 0")
    client = lab.start()
    talk = lab.accept()
    _, life, _ = lab.to_go(talk)
    client.kill()
    assert os.read(life, 2) == b""
