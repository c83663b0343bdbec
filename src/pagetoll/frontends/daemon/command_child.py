# SPDX-License-Identifier: Apache-2.0
"""The child in which a command runs for somebody else: restricted books, his streams, his files, nothing by name."""

import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, cast

from pagetoll.accounters.software.lockdown import become_undumpable, die_with_parent
from pagetoll.app.names import is_control
from pagetoll.app.own_view import views
from pagetoll.app.roles import caller_of
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.rights import RIGHTS
from pagetoll.frontends import open_files, served
from pagetoll.frontends.daemon import named_paths
from pagetoll.frontends.pykota.program import guarded
from pagetoll.frontends.wiring import open_storage

PATH_CHARACTERS_MAX = 1000
NICENESS = 5  # jobs go before listings


def main(request_descriptor: int) -> int:
    """Run the command that is described in this descriptor; returns its exit status."""
    with open(request_descriptor, "rb") as file:
        request = json.load(file)
    die_with_parent(request["daemon"])
    become_undumpable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the daemon was started in the background
    words = [_text(word) for word in request["words"]]
    path = "".join("?" if is_control(character) else character for character in _text(request["path"]))
    sys.argv = [path[:PATH_CHARACTERS_MAX], *words]
    open_files.only_passed({(way, _text(name)): number for way, name, number in request["files"]})
    named_paths.forbid(words)
    return guarded(lambda: _work(request))


def _work(request: dict[str, Any]) -> int:
    program: str = request["program"]
    if program not in RIGHTS:
        raise ValueError(f"no command of ours: {program}")
    _open_the_books(request)
    return _main_of(program)()


def _open_the_books(request: dict[str, Any]) -> None:
    home = Home.from_environment(os.environ)
    settings = load_home(home)
    ledger, catalogue = open_storage(home, settings)
    caller = caller_of(catalogue, request["caller"], administrator=request["administrator"])
    served.work_for(served.Served(ledger, catalogue, settings, caller, views))


def _main_of(program: str) -> Callable[[], int]:
    first, *words = program.split()
    sys.argv[1:1] = words
    module = importlib.import_module(f"pagetoll.frontends.{'cli' if words else 'pykota'}.{first}")
    return cast(Callable[[], int], module.main)


def _text(latin_1: str) -> str:
    """A word of the request, whose octets are one character each there."""
    return os.fsdecode(latin_1.encode("latin-1"))
