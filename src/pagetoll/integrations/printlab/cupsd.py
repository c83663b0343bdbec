# SPDX-License-Identifier: Apache-2.0
"""A CUPS scheduler of our own in a folder of its own: own queues, backends, spool and ports.

Started as root it behaves as the machine's scheduler does (filters and world-executable backends run as
`lp`); started as another user everything runs as that user. Every folder above must be passable for `lp`.
"""

import grp
import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pagetoll.core.errors import DeviceRefused, DeviceTimeout
from pagetoll.integrations.ipp_client import IppClient, JobAttributes, job_template
from pagetoll.integrations.printlab import processes
from pagetoll.integrations.printlab.cupsconf import (
    CupsSettings,
    CupsTree,
    cupsd_conf,
    files_conf,
    printer_block,
)
from pagetoll.wire import ipp

CUPSD = "/usr/sbin/cupsd"
SYSTEM_LIB = Path("/usr/lib/cups")
DEFAULT_BACKENDS: Mapping[str, Path | None] = dict.fromkeys(("socket", "ipp", "ipps", "http", "https", "lpd"), None)
SAMPLE_DRIVERS = "/usr/share/cups/drv/sample.drv"
# driver -> PPD file; those without a folder are compiled from SAMPLE_DRIVERS
PPD_OF_DRIVER = {
    "ps": "generic.ppd",
    "pcl": "generpcl.ppd",
    "pxl": "/usr/share/ppd/cupsfilters/pxlmono.ppd",
    "pdf": "/usr/share/ppd/cupsfilters/Generic-PDF_Printer-PDF.ppd",
}
JOB_POLL_S = 0.05


def unwrapped(device_uri: str) -> str:
    """The URI of the real device: `cupspykota:ipp://host/` gives `ipp://host/`, a plain URI itself."""
    wrapped = re.fullmatch(r"[a-z0-9+.-]+:/{0,3}([a-z0-9+.-]+:/.*)", device_uri)
    return wrapped[1] if wrapped else device_uri


def option_word(name: str, value: str) -> str:
    """One argument for `lp -o`; a value with blanks, quotes or backslashes is quoted, or lp would split it."""
    if not re.search(r"""[\s"'\\]""", value):
        return f"{name}={value}"
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'{name}="{escaped}"'


class PrivateCups:
    """A private scheduler below `folder`, written by the constructor, running from `start` to `stop`.

    `backends` maps a scheme to the file that is copied in for it (mode 0700, so that it runs as root), or
    to None for a link to the machine's own. Its methods raise DeviceUnreachable when the scheduler does
    not come up, DeviceRefused when it refuses, DeviceTimeout when a wait is in vain.
    """

    def __init__(
        self,
        folder: Path,
        *,
        backends: Mapping[str, Path | None] = DEFAULT_BACKENDS,
        settings: CupsSettings | None = None,
    ) -> None:
        self.tree = CupsTree(folder=folder)
        self.settings = settings or CupsSettings()
        self.port = processes.free_port()
        self._as_root = os.geteuid() == 0
        self._write_tree(backends)
        etc = self.tree.etc
        arguments = [CUPSD, "-f", "-c", str(etc / "cupsd.conf"), "-s", str(etc / "cups-files.conf")]
        self._daemon = processes.Daemon(arguments, log=self.tree.log / "output")

    # --- life ---------------------------------------------------------------------------------------

    @property
    def server(self) -> str:
        """The value for CUPS_SERVER."""
        return str(self.tree.socket)

    @property
    def env(self) -> dict[str, str]:
        """The environment for CUPS's client programs."""
        return {**os.environ, "CUPS_SERVER": self.server, "LC_ALL": "C.UTF-8"}

    @property
    def backend_dir(self) -> Path:
        return self.tree.backend_dir

    @property
    def client(self) -> IppClient:
        return IppClient(self.server)

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def start(self) -> None:
        """Start the scheduler and return when it answers."""
        self.tree.socket.unlink(missing_ok=True)  # one left behind by a kill would look like an answer
        self._daemon.start(lambda: processes.accepts_connections(self.tree.socket))

    def stop(self) -> None:
        """Stop the scheduler in order. It sends SIGKILL to its backends at once."""
        self._daemon.stop()

    def kill(self) -> None:
        """SIGKILL the scheduler alone; its backends go on."""
        self._daemon.kill()

    def close(self) -> None:
        """Stop the scheduler and end whatever filters and backends of its jobs still run."""
        self.stop()
        processes.end_pids(iter(self.job_pids()))

    def job_pids(self) -> list[int]:
        """The filters and backends of this scheduler's jobs, and what those started, that run now."""
        return list(processes.pids_with_environment("CUPS_SERVERROOT", str(self.tree.etc)))

    # --- backends and queues --------------------------------------------------------------------------

    def install_backend(self, scheme: str, file: Path | None, *, mode: int = 0o700) -> Path:
        """Put a backend in: a copy of `file`, or a link to the machine's own; returns its path."""
        target = self.backend_dir / scheme
        target.unlink(missing_ok=True)
        if file is None:
            target.symlink_to(SYSTEM_LIB / "backend" / scheme)
        else:
            shutil.copyfile(file, target)
            target.chmod(mode)
        return target

    def add_queue(
        self, name: str, device_uri: str, driver: str = "raw", options: Mapping[str, str] | None = None
    ) -> None:
        """Create and enable a queue. `driver`: raw, ps, pcl, pxl, pdf or everywhere.

        SNMP is switched off for queues with a PPD: it costs 4 s a job when nothing answers. `everywhere`
        needs a running IPP printer; lpadmin gets the plain URI first, since it refuses a wrapped one.
        """
        plain_uri = unwrapped(device_uri)
        first_uri = plain_uri if driver == "everywhere" else device_uri
        self.run("lpadmin", "-p", name, "-E", "-v", first_uri, *self._driver_arguments(driver))
        settings = {} if driver == "raw" else {"cupsSNMPSupplies": "false"}
        if driver == "everywhere":
            # the scheduler writes the PPD in the background, after lpadmin has returned
            ppd = self.tree.etc / "ppd" / f"{name}.ppd"
            processes.wait_until(ppd.exists, 60.0, f"{ppd} from {plain_uri}")
        settings |= options or {}
        words = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        if words:
            self.run("lpadmin", "-p", name, *words)
        if first_uri != device_uri:
            self.run("lpadmin", "-p", name, "-v", device_uri)

    def write_queue(self, name: str, device_uri: str, *, ppd: Path | None = None, op_policy: str = "default") -> None:
        """Write a queue into printers.conf while the scheduler is down, with any URI
        (`cupspykota://socket://host` is refused by lpadmin but lives on in old files)."""
        if self._daemon.running:
            raise DeviceRefused(f"{name}: printers.conf belongs to the running scheduler; stop it first")
        block = printer_block(name, device_uri, op_policy=op_policy, error_policy=self.settings.error_policy)
        path = self.tree.etc / "printers.conf"
        with path.open("a") as printers_conf:
            printers_conf.write(block)
        path.chmod(0o600)
        if ppd is not None:
            shutil.copyfile(ppd, self.tree.etc / "ppd" / f"{name}.ppd")

    def ppd_file(self, driver: str) -> Path:
        """The PPD of a driver; the sample ones are compiled on first use."""
        path = self.tree.folder / "drivers" / PPD_OF_DRIVER[driver]
        if not path.exists():
            self.run("ppdc", "-d", str(path.parent), SAMPLE_DRIVERS)
        return path

    def queue_state(self, name: str) -> ipp.PrinterState:
        """Whether the queue is idle, processing or stopped."""
        (state,) = self.queue_attributes(name)["printer-state"]
        return ipp.PrinterState(int(str(state)))

    def queue_attributes(self, name: str) -> JobAttributes:
        """What the scheduler says of a queue, by attribute name."""
        return self.client.get_printer_attributes(f"/printers/{name}")

    # --- jobs -----------------------------------------------------------------------------------------

    def submit(
        self,
        queue: str,
        document: Path | bytes | Sequence[Path],
        *,
        user: str = "anna",
        title: str | None = None,
        copies: int = 1,
        options: Mapping[str, str] | None = None,
    ) -> int:
        """Print with `lp`, claiming to be `user`, and return the job-id. Several paths make one job."""
        words = ["-d", queue, "-U", user, "-n", str(copies)]
        if title is not None:
            words += ["-t", title]
        for key, value in (options or {}).items():
            words += ["-o", option_word(key, value)]
        if isinstance(document, bytes):
            answer = self.run("lp", *words, "-", document=document)
        else:
            paths = [document] if isinstance(document, Path) else document
            answer = self.run("lp", *words, "--", *(str(path) for path in paths))
        found = re.search(r"request id is .*-(\d+) \(", answer)
        if found is None:
            raise DeviceRefused(f"lp did not name a job: {answer!r}")
        return int(found[1])

    def submit_ipp(
        self,
        queue: str,
        document: bytes,
        *,
        user: str = "anna",
        title: str | None = None,
        options: Mapping[str, ipp.Content] | None = None,
        document_format: str = "application/octet-stream",
    ) -> int:
        """Print with one IPP Print-Job request, which takes any user name and title, and return the job-id."""
        return self.client.print_job(
            f"/printers/{queue}",
            document,
            user=user,
            title=title,
            document_format=document_format,
            job_attributes=job_template(options or {}),
        )

    def job_attributes(self, job_id: int) -> JobAttributes:
        """What the scheduler says of a job, by attribute name."""
        return self.client.get_job_attributes(job_id)

    def job_state(self, job_id: int) -> ipp.JobState:
        """The job's state now."""
        (state,) = self.client.get_job_attributes(job_id, ["job-state"])["job-state"]
        return ipp.JobState(int(str(state)))

    def wait_job(
        self, job_id: int, states: Collection[ipp.JobState] = ipp.ENDED, timeout_s: float = 120.0
    ) -> ipp.JobState:
        """Wait until the job is in one of `states` and return which."""
        end_s = time.monotonic() + timeout_s
        while (state := self.job_state(job_id)) not in states:
            if time.monotonic() > end_s:
                wanted = ", ".join(sorted(one.name for one in states))
                raise DeviceTimeout(f"job {job_id} is {state.name} after {timeout_s:g} s, not {wanted}")
            time.sleep(JOB_POLL_S)
        return state

    def cancel(self, job_id: int) -> None:
        """Cancel a job, as root."""
        self.client.act_on_job(ipp.Operation.CANCEL_JOB, job_id)

    def release(self, job_id: int) -> None:
        """Let a held job go on, as root."""
        self.client.act_on_job(ipp.Operation.RELEASE_JOB, job_id)

    # --- logs -----------------------------------------------------------------------------------------

    def error_log(self) -> str:
        """The scheduler's and all filters' and backends' messages so far."""
        path = self.tree.log / "error_log"
        return path.read_text(errors="replace") if path.exists() else ""

    def run(self, *arguments: str, document: bytes | None = None, timeout_s: float = 120.0) -> str:
        """Run one of CUPS's client programs against this scheduler; its output. Raises DeviceRefused."""
        done = subprocess.run(
            arguments,
            env=self.env,
            input=document if document is not None else b"",
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode != 0:
            text = done.stderr.decode(errors="replace").strip()
            raise DeviceRefused(f"{arguments[0]} ended with {done.returncode}: {text}")
        return done.stdout.decode(errors="replace")

    # --- writing the tree -------------------------------------------------------------------------------

    def _driver_arguments(self, driver: str) -> list[str]:
        if driver in ("raw", "everywhere"):
            return ["-m", driver]
        return ["-P", str(self.ppd_file(driver))]

    def _write_tree(self, backends: Mapping[str, Path | None]) -> None:
        tree = self.tree
        folders = ("etc/ppd", "etc/ssl", "lib/backend", "spool/tmp", "cache", "run/certs", "log", "drivers")
        for name in folders:
            (tree.folder / name).mkdir(parents=True, exist_ok=True)
        for path in (tree.folder, *(tree.folder / name for name in ("etc", "lib", "lib/backend", "run"))):
            path.chmod(0o755)
        for name in ("cgi-bin", "daemon", "filter", "monitor", "notifier"):
            link = tree.folder / "lib" / name
            if not link.is_symlink():
                link.symlink_to(SYSTEM_LIB / name)
        for name in ("raw.types", "raw.convs"):
            if (source := Path("/etc/cups") / name).exists():
                shutil.copyfile(source, tree.etc / name)
        for scheme, file in backends.items():
            self.install_backend(scheme, file)
        self._write_configuration()

    def _write_configuration(self) -> None:
        tree, system = self.tree, "@SYSTEM"
        if self._as_root:
            user, group, system_groups, log_group = "lp", "lp", "root lpadmin", "root"
            lp_gid = grp.getgrnam("lp").gr_gid
            modes = ((tree.spool, 0o710), (tree.temporary, 0o1770), (tree.folder / "cache", 0o770))
            for path, mode in modes:
                os.chown(path, 0, lp_gid)
                path.chmod(mode)
        else:
            user = pwd.getpwuid(os.geteuid()).pw_name
            group = log_group = grp.getgrgid(os.getegid()).gr_name
            # the scheduler refuses to run jobs under a group that administers it
            system_groups = "sys" if group != "sys" else "adm"
            system = f"@SYSTEM {user}"
        (tree.etc / "cups-files.conf").write_text(
            files_conf(
                tree,
                self.settings,
                user=user,
                group=group,
                system_groups=system_groups,
                log_group=log_group,
            )
        )
        (tree.etc / "cupsd.conf").write_text(cupsd_conf(tree, self.settings, port=self.port, system=system))
