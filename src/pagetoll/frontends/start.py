# SPDX-License-Identifier: Apache-2.0
"""Where the installed programs begin: `start.pkusers()` is the program pkusers.

Reading a program's modules takes a moment, in which Ctrl+C is pressed as well as later. So this module reads next to
nothing itself, and answers an interruption of that moment as the programs do.

Where the programs are not installed, `python -m pagetoll.frontends.start pkusers --list` starts one just so.

Of all that a short command makes, next to nothing is ever garbage that only the collector finds: it is what reading
modules makes. So the collector looks seldom, and at the end of the program, which gives all back, not at all. That
was a quarter of a command's time.
"""

import atexit
import gc
import sys
from collections.abc import Callable
from importlib import import_module

#: The collector looks when so many objects more were made than went away; 700 are usual.
NEW_OBJECTS = 50_000
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


def spare_the_collector() -> None:
    """Have it look seldom in this process, and not at its end."""
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)


def _run(name: str) -> int:
    try:
        spare_the_collector()
        main: Callable[[], int] = import_module(place_of(name)).main
    except KeyboardInterrupt:
        sys.stderr.write(f"{sys.argv[0]} : interrupted\n")
        return INTERRUPTED if name in _PLACES or name in _OWN_STATUS else PYKOTA_INTERRUPTED
    return main()


if __name__ == "__main__":
    del sys.argv[0]
    sys.exit(_run(sys.argv[0]))
