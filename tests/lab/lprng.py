# SPDX-License-Identifier: Apache-2.0
"""A private lpd of LPRng: Debian's package, downloaded and unpacked, never installed (it conflicts with cups-bsd).

Its programs have the path of their configuration compiled in. Ours are copies in which it is another one of the same
length, so that no file outside the laboratory is touched and several laboratories run beside each other.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pagetoll.integrations.printlab.processes import free_port, is_alive, wait_until

COMPILED_IN = b"=/etc/lprng/lpd.conf\0"
PROGRAMS = ("usr/sbin/lpd", "usr/sbin/lpc", "usr/bin/lpr", "usr/bin/lpq", "usr/bin/lprm")
DOWNLOAD_TIMEOUT_S = 120

CONFIGURATION = """
lpd_port=127.0.0.1%{port}
lpd_listen_port=127.0.0.1%{port}
originate_port=1024 65535
unix_socket_path={run}/lpd.sock
lockfile={run}/lpd.lock
printcap_path={run}/printcap
lpd_printcap_path=
perms_path={run}/lpd.perms
default_remote_host=localhost
user=lp
group=lp
server_tmp_dir={run}/tmp
default_tmp_dir={run}/tmp
create_files
done_jobs=0
connect_interval=1
max_connect_interval=1
allow_user_setting=root
"""


class NoLprng(Exception):
    """Debian's package cannot be had here; says why."""


def unpack(folder: Path) -> None:
    """Download the package of this Debian and unpack it. Raises NoLprng."""
    if os.geteuid() != 0:
        raise NoLprng("lpd gives root up by itself, so it must be started as root")
    try:
        download = ["apt-get", "-q", "download", "lprng"]
        done = subprocess.run(download, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoLprng(f"apt-get download lprng: {error}") from error
    packages = sorted(folder.glob("lprng_*.deb"))
    if done.returncode or not packages:
        raise NoLprng(f"apt-get download lprng: {done.stderr.strip()[-300:]}")
    subprocess.run(["dpkg-deb", "-x", packages[0], folder / "root"], check=True, timeout=DOWNLOAD_TIMEOUT_S)


class PrivateLpd:
    """One lpd with its queues, on a port of 127.0.0.1. `packages` is where `unpack` was told to unpack."""

    def __init__(self, folder: Path, packages: Path, printcap: Mapping[str, str]) -> None:
        self.folder = folder
        self.configuration = Path(f"/tmp/l{secrets.token_hex(4)}.conf")  # as long as the compiled-in path
        self._printcap = printcap
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._lay_out(packages / "root")

    def _lay_out(self, root: Path) -> None:
        for name in ("bin", "spool", "out", "tmp"):
            (self.folder / name).mkdir(parents=True)
        for name in PROGRAMS:
            program = (root / name).read_bytes()
            mine = f"={self.configuration}\0".encode()
            assert len(mine) == len(COMPILED_IN)
            assert COMPILED_IN in program, f"{name} has another configuration compiled in than it had"
            target = self.folder / "bin" / Path(name).name
            target.write_bytes(program.replace(COMPILED_IN, mine))
            target.chmod(0o755)
        self.configuration.write_text(CONFIGURATION.format(run=self.folder, port=self.port))
        (self.folder / "lpd.perms").write_text("DEFAULT ACCEPT\n")
        (self.folder / "lpd.log").touch()  # lpd ends at once, with status 0, where it cannot open its log
        for queue in self._printcap:
            (self.folder / "spool" / queue).mkdir(mode=0o700)
            (self.folder / "spool" / queue / "acct").touch()  # lpd makes none for programs
            self.output(queue).touch()
        self.write_printcap(self._printcap)
        for path in (self.folder, *self.folder.rglob("*")):
            if path.name != "bin" and path.parent.name != "bin":
                shutil.chown(path, "lp", "lp")
        self.folder.chmod(0o755)

    def write_printcap(self, printcap: Mapping[str, str]) -> None:
        """Options of each queue; spool folder and device are put in where they are not said."""
        entries = []
        for queue, options in printcap.items():
            device = "" if ":lp=" in options else f":lp={self.output(queue)}"
            entries.append(f"{queue}\n  :sd={self.folder}/spool/%P{device}\n  :sh:mc#99\n  {options}\n")
        (self.folder / "printcap").write_text("".join(entries))

    def start(self) -> None:
        """Start lpd and wait until it answers."""
        with (self.folder / "lpd.out").open("ab") as log:
            self._process = subprocess.Popen(
                [self.folder / "bin" / "lpd", "-F", "-L", self.folder / "lpd.log"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        wait_until(lambda: "server pid" in self.run("lpc", "lpd", status=None), 60, "lpd answers")

    def run(self, program: str, *words: str, status: int | None = 0) -> str:
        """Run one of its clients; all that it said."""
        done = subprocess.run(
            [self.folder / "bin" / program, *words], capture_output=True, text=True, timeout=60, check=False
        )
        said = done.stdout + done.stderr
        assert status is None or done.returncode == status, said
        return said

    def print(self, queue: str, *documents: Path, user: str = "anna", words: tuple[str, ...] = ()) -> None:
        """Send a job as `user`; lpr has the name of the file for a title unless `words` say another."""
        self.run("lpr", f"-P{queue}", "-U", f"{user}@localhost", *words, *map(str, documents))

    def output(self, queue: str) -> Path:
        """What came to the queue's device."""
        return self.folder / "out" / queue

    def jobs(self, queue: str) -> str:
        """What lpq shows."""
        return self.run("lpq", f"-P{queue}", status=None)

    def is_idle(self, queue: str) -> bool:
        """Whether no job is left in the queue and nobody works for it."""
        left = [path for path in (self.folder / "spool" / queue).iterdir() if path.name.startswith(("df", "hf"))]
        return not left and not self.pids(queue)

    def wait_idle(self, queue: str, timeout_s: float = 60) -> None:
        wait_until(lambda: self.is_idle(queue), timeout_s, f"the queue {queue} is empty")

    def pids(self, queue: str = "") -> list[int]:
        """lpd's processes and those that they started, by their working folder or configuration."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or not is_alive(int(entry.name)):
                continue
            try:
                place = str((entry / "cwd").readlink())
                program = str((entry / "exe").readlink())
            except OSError:
                continue
            if place == f"{self.folder}/spool/{queue}" or (
                not queue and (program == f"{self.folder}/bin/lpd" or place.startswith(f"{self.folder}/spool/"))
            ):
                found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """Everything of lpd's dies at once, as when the machine's memory ran out."""
        while pids := self.pids():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        if self._process is not None:
            self._process.wait(60)

    def close(self) -> None:
        self.kill()
        self.configuration.unlink(missing_ok=True)
