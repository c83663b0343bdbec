# SPDX-License-Identifier: Apache-2.0
"""What Tea4CUPS's hooks need of the machine: their configuration, their files, and how each is started."""

from collections.abc import Sequence
from typing import Protocol

from pagetoll.core.tea4cups import TeaSettings
from pagetoll.ports.printing import SpooledDocument


class TeaHooks(Protocol):
    """tea4cups.conf and the files of its hooks."""

    def settings(self, path: str, queue: str, *, must_exist: bool) -> TeaSettings:
        """What the file at `path` says for a queue; a missing one says nothing unless it `must_exist`. Raises
        ConfigError with every line that is wrong."""
        ...

    def words(self, line: str, *, network: bool) -> Sequence[str]:
        """How a hook's line is started: by the shell, or as a limited child for `python:module:function`, with
        `network` or without."""
        ...

    def work_file(self, document: SpooledDocument, directory: str, name: str) -> str:
        """A file of that content in a folder ("": the spool) for hooks to read; its path. Raises OSError."""
        ...

    def discard(self, path: str, *, keep_file: bool) -> None:
        """Remove a work file, or with `keep_file` leave it where it can be found. One that is gone is no error.
        Raises OSError."""
        ...

    def buffer(self) -> int:
        """An open file without a name, for what a prehook tells its posthook. Raises OSError."""
        ...

    def repeated(self, document: SpooledDocument, copies: int) -> int:
        """An open file without a name that holds a document so many times, at its beginning. Raises OSError."""
        ...
