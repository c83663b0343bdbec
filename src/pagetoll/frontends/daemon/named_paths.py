# SPDX-License-Identifier: Apache-2.0
"""In a command's child: no path that the caller's words name is opened, listed, moved or removed by its name.

The child runs as the service user, who may read and write what the caller may not. Programs take such files from
`pagetoll.frontends.open_files`; this hook makes one that forgets it fail, and not obey.
"""

import os
import sys
from collections.abc import Iterable, Iterator

from pagetoll.core.messages import _

WATCHED = frozenset(
    {
        *("open", "sqlite3.connect", "subprocess.Popen", "shutil.copyfile", "shutil.move", "shutil.rmtree"),
        *("os.chmod", "os.chown", "os.link", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir"),
        *("os.scandir", "os.symlink", "os.truncate", "os.utime", "os.setxattr", "os.posix_spawn", "os.exec"),
    }
)


def forbid(words: Iterable[str]) -> None:
    """From here on, for good: PermissionError for a file that one of the words, or what is behind its "=", names."""
    named = frozenset(_place(part) for word in words for part in (word, word.partition("=")[2]) if part)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in WATCHED and any(_place(path) in named for path in _paths(arguments)):
            raise PermissionError(1, _("a file that the command line names is only used as the caller opened it"))

    sys.addaudithook(watch)


def _place(path: str) -> str:
    """The working folder is the root folder, so that this is what the kernel would find, links apart."""
    return os.path.normpath(f"/{path}")


def _paths(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bytes):
            yield os.fsdecode(value)
        elif isinstance(value, os.PathLike):
            yield os.fsdecode(os.fspath(value))
        elif isinstance(value, list | tuple):
            yield from _paths(value)
