# SPDX-License-Identifier: Apache-2.0
"""Where the installed programs begin: `start.pkusers()` is the program pkusers.

Reading a program's modules takes a moment, in which Ctrl+C is pressed as well as later. So this module reads next to
nothing itself, and answers an interruption of that moment as the programs do.
"""

import sys
from collections.abc import Callable
from importlib import import_module

INTERRUPTED = 130
PYKOTA_INTERRUPTED = 253
_PLACES = {
    "pagetoll": "pagetoll.frontends.cli.pagetoll",
    "pagetolld": "pagetoll.frontends.daemon.main",
}
_OWN_STATUS = ("pkpgcounter",)


def __getattr__(name: str) -> Callable[[], int]:
    """The program of that name."""
    if name.startswith("_"):
        raise AttributeError(name)
    return lambda: _run(name)


def place_of(name: str) -> str:
    """The module whose `main` is the program."""
    return _PLACES.get(name, f"pagetoll.frontends.pykota.{name}")


def _run(name: str) -> int:
    try:
        main: Callable[[], int] = import_module(place_of(name)).main
    except KeyboardInterrupt:
        sys.stderr.write(f"{sys.argv[0]} : interrupted\n")
        return INTERRUPTED if name in _PLACES or name in _OWN_STATUS else PYKOTA_INTERRUPTED
    return main()
