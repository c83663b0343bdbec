# SPDX-License-Identifier: Apache-2.0
"""A home for command tests: made by `pagetoll init`, its ledger filled through the real store, commands run as
programs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.books import Books

SERVICE_USER = "nobody"


class LedgerHome:
    """The home at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str, user: str = "", document: bytes = b"", cwd: str = "/") -> tuple[int, str, str]:
        """`pagetoll WORDS…`: exit status, stdout, stderr."""
        prefix = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "pagetoll.frontends.cli.pagetoll", *words],
            env={**os.environ, "PAGETOLL_HOME": str(self.root), "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=cwd,
            input=document,
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    @contextmanager
    def books(self) -> Iterator[Books]:
        """The ledger, to be filled; afterwards everything is the owner's again."""
        books = Books(f"sqlite:///{self.root}/pagetoll.db")
        try:
            yield books
        finally:
            books.close()
            owner = self.root.stat()
            for path in self.root.iterdir():
                os.chown(path, owner.st_uid, owner.st_gid)
