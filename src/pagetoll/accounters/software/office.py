# SPDX-License-Identifier: Apache-2.0
"""Office documents laid out by LibreOffice, where it is installed: the pages are counted in the PDF that it makes.

    unshare --user --net  ->  prlimit  ->  soffice --headless --convert-to pdf   (one process group, one folder)

LibreOffice opens many files of its own, so it cannot be locked as tightly as Ghostscript: it gets a network
without interfaces, limits of memory, time and file size, no rights of root's, an empty profile with macros switched
off, and a private folder that is gone afterwards. Where the system cannot take the network away, nothing is laid
out. Whatever goes wrong, the declared number stays.
"""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SUFFIXES = {"odf": "odt", "docx": "docx", "pptx": "pptx", "doc": "doc", "ppt": "ppt", "rtf": "rtf"}
"""Language -> suffix of the file that LibreOffice is given; it looks at the contents besides."""
_ZIP, _OLE2 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHEETS = (
    (_ZIP, b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "odf", "ods"),
    (_ZIP, b"xl/workbook.xml", "xlsx", "xlsx"),
    (_OLE2, "Workbook".encode("utf-16-le"), "xls", "xls"),
)
"""First octets, octets further on -> language and suffix of a workbook, which states no pages of its own."""
_SEARCHED_OCTETS = 1 << 16
TIME_LIMIT_S = 60.0
MEMORY_OCTETS = 2 << 30
PDF_OCTETS = 256 << 20
_COPY_OCTETS = 1 << 20
_NO_NETWORK = ("unshare", "--user", "--net", "--")
_MACROS_OFF = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">\
<value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" \
oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


@dataclass(frozen=True, slots=True)
class Office:
    """LibreOffice as it is installed here. `run_as`: uid and gid of the converter where this process is root's."""

    executable: str
    run_as: tuple[int, int]
    time_limit_s: float = TIME_LIMIT_S

    @contextmanager
    def pdf(self, document_fd: int, suffix: str) -> Iterator[int | None]:
        """A descriptor of the PDF that `document_fd` (a regular file of the kind `suffix`) becomes, closed
        afterwards; None where it does not become one in time."""
        with tempfile.TemporaryDirectory(prefix="pagetoll-office-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            made = None
            with suppress(OSError, subprocess.SubprocessError):
                source = self._prepare(folder, document_fd, suffix)
                self._convert(folder, source)
                made = _open_regular(folder / "out" / "document.pdf")
            try:
                yield made
            finally:
                if made is not None:
                    os.close(made)

    def _prepare(self, folder: Path, document_fd: int, suffix: str) -> Path:
        """The document's copy and the profile, owned by who converts."""
        source = folder / f"document.{suffix}"
        profile = folder / "profile" / "user"
        for made in (folder / "profile", profile, folder / "out"):
            made.mkdir(mode=0o700)
        (profile / "registrymodifications.xcu").write_text(_MACROS_OFF)
        with source.open("wb") as copy:
            offset = 0
            while piece := os.pread(document_fd, _COPY_OCTETS, offset):
                copy.write(piece)
                offset += len(piece)
        if os.getuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, *self.run_as, follow_symlinks=False)
        return source

    def _convert(self, folder: Path, source: Path) -> None:
        limits = (f"--as={MEMORY_OCTETS}", f"--cpu={int(self.time_limit_s) + 1}", f"--fsize={PDF_OCTETS}", "--core=0")
        options = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard")
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        command = [*_NO_NETWORK, "prlimit", *limits, self.executable, profile, *options, "--convert-to", "pdf"]
        with subprocess.Popen(
            [*command, "--outdir", str(folder / "out"), str(source)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)},
            start_new_session=True,
            **_identity(self.run_as),
        ) as running:
            try:
                running.wait(self.time_limit_s)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)


def workbook(document_fd: int) -> tuple[str, str] | None:
    """Language and suffix of the workbook open as `document_fd`, None for every other document."""
    octets = os.fstat(document_fd).st_size
    head = os.pread(document_fd, _SEARCHED_OCTETS, 0)
    both_ends = head + os.pread(document_fd, _SEARCHED_OCTETS, max(len(head), octets - _SEARCHED_OCTETS))
    found = (kind[2:] for kind in _SHEETS if head.startswith(kind[0]) and kind[1] in both_ends)
    return next(found, None)


def find(executable: str, run_as: tuple[int, int]) -> Office | None:
    """LibreOffice under this name or path, or None where it is missing or cannot be cut off from the network."""
    found = shutil.which(executable)
    if found is None or shutil.which("prlimit") is None or not _network_can_be_taken(run_as):
        return None
    return Office(found, run_as)


def _identity(run_as: tuple[int, int]) -> dict[str, Any]:
    """Who runs a program, as `subprocess` wants it."""
    uid, gid = run_as
    return {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}


@cache
def _network_can_be_taken(run_as: tuple[int, int]) -> bool:
    try:
        done = subprocess.run(
            [*_NO_NETWORK, "true"],
            capture_output=True,
            timeout=10,
            check=False,
            **_identity(run_as),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(done.returncode == 0)


def _open_regular(path: Path) -> int | None:
    """The file that the converter left, if it is one and no link to another."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= PDF_OCTETS:
        return descriptor
    os.close(descriptor)
    return None
