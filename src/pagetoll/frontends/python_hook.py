# SPDX-License-Identifier: Apache-2.0
"""The child in which a hook `python:module:function` of a site is called: with limits on memory, files and, unless
allowed, without the network. Its time is limited by whoever started it.
"""

import importlib
import os
import platform
import resource
import stat
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from pagetoll.accounters.software import seccomp
from pagetoll.config.home import Home
from pagetoll.core.hook_event import event_of, status_of

FOLDER = "hooks"
MEMORY_OCTETS = 1 << 30
FILE_OCTETS = 1 << 30
OPEN_FILES = 256
CPU_S = 600
FAILED = 1
_SAID_OCTETS = 1500


def child_words(home: Home) -> Sequence[str]:
    """How the child is started; `module:function` and `network` or `alone` follow."""
    here = str(Path(__file__).resolve().parents[2])
    start = f"import sys; sys.path.insert(0, {here!r}); "
    start += "from pagetoll.frontends.python_hook import main; sys.exit(main(sys.argv[1:]))"
    return (sys.executable, "-I", "-c", start, str(home.config_folder / FOLDER))


def main(arguments: Sequence[str]) -> int:
    """Call the function; its answer is the exit status, and a fault of it is 1, told on standard error."""
    folder, named, reach = arguments
    module_name, _, function_name = named.partition(":")
    try:
        event = event_of(os.environ)
        _check_folder(Path(folder))
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        _limit(network=reach == "network")
        function: Callable[[object], object] = getattr(importlib.import_module(module_name), function_name)
        return status_of(function(event))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f" ({last[0].filename}:{last[0].lineno})" if last else ""
        sys.stderr.write(f"{type(error).__name__}: {error}{where}"[:_SAID_OCTETS] + "\n")
        return FAILED


def _check_folder(folder: Path) -> None:
    """Raise PermissionError for a folder that others could put a module into, OSError for one that is not there."""
    found = folder.stat()
    if found.st_mode & stat.S_IWOTH or found.st_uid not in (0, os.geteuid()):
        raise PermissionError(f"{folder} can be written by others; mend: chown root {folder}; chmod 755 {folder}")


def _limit(*, network: bool) -> None:
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_OCTETS),
        (resource.RLIMIT_FSIZE, FILE_OCTETS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CPU, CPU_S),
    ):
        resource.setrlimit(limit, (value, value))
    if not network:
        seccomp.forbid_new_privileges()
        seccomp.install(seccomp.offline_filter(platform.machine()))
