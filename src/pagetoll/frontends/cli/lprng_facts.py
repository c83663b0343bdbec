# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at on a print server of LPRng's: printcap, lpd.conf, and our program for lpd."""

import re
from collections.abc import Mapping
from pathlib import Path

from pagetoll.app.doctor.lprng import LpdQueue, LpdSite
from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.accounting import IppAccounter, PjlAccounter, SnmpAccounter
from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _
from pagetoll.integrations import lprng_install
from pagetoll.wire.device_uri import place_of
from pagetoll.wire.lprng import device_uri_of, names_program
from pagetoll.wire.printcap import Entry, program_in, read_printcap

#: Options of a queue that only CUPS's queues have, and what they are when nothing is wanted.
FOR_CUPS_ONLY = ("startingbanner", "endingbanner", "keepfiles")
_SERVER = re.compile(r"[^\s|%/]+%\d+")
_HOOKS = ("as", "ae", "if", "of", "filter", "af")


def lpd_site(home: Home, settings: Settings | None, printcap: Path | None, search_path: str) -> LpdSite | None:
    """The print server of LPRng's that this machine is; None where nothing of LPRng's or ours for it is here.
    `printcap` is another file than lpd.conf names."""
    paths = [printcap] if printcap else lprng_install.printcap_files()
    entries = [entry for path in paths for entry in read_printcap(_text(path))]
    ours = {path: None for path in map(str, (lprng_install.FOLDER / name for name in lprng_install.NAMES))}
    present = [path for path in ours if Path(path).exists()]
    named = [path for entry in entries if (path := _program_of(entry))]
    installed = lprng_install.is_spooler(search_path)
    if not installed and not present and not named:
        return None
    return LpdSite(
        installed=installed,
        user=lprng_install.lpd_user(),
        taken_from=settings.spooler_user if settings else "",
        printcap=str(paths[0]),
        programs={path: _trouble(home, Path(path)) for path in dict.fromkeys([*present, *named])},
        queues=tuple(_queue(entry, settings) for entry in entries),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _program_of(entry: Entry) -> str:
    """The path of our program in an entry: one with one of its names."""
    options = entry.options
    for name, value in options.items():
        path = program_in(value)
        if (name in _HOOKS or (len(name) == 2 and name[1] == "f")) and path.rpartition("/")[2] in lprng_install.NAMES:
            return path
    return ""


def _queue(entry: Entry, settings: Settings | None) -> LpdQueue:
    options: Mapping[str, str] = entry.options
    program = _program_of(entry)
    passes = any(names_program(f"{name}={value}", program) for name, value in options.items())
    accounting = options.get("af", "acct")
    by_lines = bool(program) and program_in(accounting) == program
    wanted = settings.for_queue(entry.name) if settings else None
    return LpdQueue(
        name=entry.name,
        program=program,
        start=bool(program) and (by_lines or program_in(options.get("as", "")) == program),
        end=bool(program) and (by_lines or program_in(options.get("ae", "")) == program),
        filter=passes,
        silent=not accounting or options.get("la") == "0",
        server=accounting if _SERVER.fullmatch(accounting) else "",
        not_done=tuple(name for name in FOR_CUPS_ONLY if getattr(wanted, name, "")),
        out_of_reach=isinstance(wanted and wanted.accounter, (SnmpAccounter, PjlAccounter, IppAccounter))
        and not place_of(device_uri_of(options)).host,
        held=wanted is not None and wanted.onaccountererror is OnAccounterError.STOP,
        faults=entry.faults,
    )


def _trouble(home: Home, path: Path) -> str:
    """What is wrong with a file of ours; "" for nothing."""
    try:
        text = path.read_text(errors="replace")
        if not path.stat().st_mode & 0o001:
            return _("lpd's user may not run it")
        wanted = lprng_install.program_text(home)
    except FileNotFoundError:
        return _("it is not there, so lpd loses the jobs of queues that name it")
    except OSError as error:
        return str(error.strerror)
    except PagetollError as error:
        return str(error)
    return "" if text == wanted else _("it is of another version or home")
