# SPDX-License-Identifier: Apache-2.0
"""A home in a folder of its own, and the PyKota-compatible programs run on it as a user would run them."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract.books import Books
from lab.folders import open_folder
from pagetoll.frontends.programs import module_of as module_of

SERVICE_USER = "nobody"
OTHER_USER = "daemon"
AS_ROOT = os.geteuid() == 0
#: Before a program's name: starts it as the installed one starts.
STARTED = (sys.executable, "-m", "pagetoll.frontends.start")
ACTOR = pwd.getpwuid(os.getuid()).pw_name


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Site:
    """A home at `home`, made by `pagetoll init`; `folder` is above it and open to all users."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        # No CUPS is asked unless a test names one: nothing listens at this address.
        nowhere = {"CUPS_SERVER": str(self.folder / "no-cups.sock")}
        ours = {
            "PAGETOLL_HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        }
        return kept | nowhere | ours

    def start(self, program: str, *words: str, user: str = "", **environment: str) -> subprocess.Popen[str]:
        become = _becoming(user) if user else []
        return subprocess.Popen(
            [*become, *STARTED, program, *words],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str, *words: str, user: str = "", **environment: str) -> Done:
        process = self.start(program, *words, user=user, **environment)
        out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)

    def do(self, program: str, *words: str) -> str:
        """What a program writes to stdout; it must succeed."""
        done = self.run(program, *words)
        assert done.status == 0, done.err
        return done.out

    @contextmanager
    def books(self) -> Iterator[Books]:
        """The ledger itself, to print jobs in; its files stay the owner's."""
        books = Books(f"sqlite:///{self.home}/pagetoll.db")
        try:
            yield books
        finally:
            books.close()
            owner = self.home.stat()
            for path in self.home.iterdir():
                os.chown(path, owner.st_uid, owner.st_gid)

    def audit(self) -> list[str]:
        with self.books() as books:
            return books.audit()


def _becoming(user: str) -> list[str]:
    found = pwd.getpwnam(user)
    return ["setpriv", "--reuid", str(found.pw_uid), "--regid", str(found.pw_gid), "--clear-groups"]


@contextmanager
def new_site(template: Site | None = None) -> Iterator[Site]:
    """A fresh home: a copy of the template's, or made by `pagetoll init`."""
    with open_folder() as folder:
        site = Site(folder)
        if template is None:
            site.do("pagetoll", "init", *(("--user", SERVICE_USER) if AS_ROOT else ()))
        else:
            owner = template.home.stat()
            shutil.copytree(template.home, site.home)
            for path in (site.home, *site.home.rglob("*")):
                os.chown(path, owner.st_uid, owner.st_gid)
        yield site
