# SPDX-License-Identifier: Apache-2.0
"""Gathers what the doctor looks at. What cannot be learned becomes a sentence; the ledger is opened only as the
home's owner, in a child, so that root leaves no files there.
"""

import json
import os
import shutil
import socket
import stat
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import pagetoll
from pagetoll.app.doctor.checks import PROGRAMS
from pagetoll.app.doctor.facts import Backend, Facts, Place, Queue
from pagetoll.app.doctor.findings import bad
from pagetoll.app.doctor.ledger import Fault
from pagetoll.config.create import (
    FILE_MODE,
    FOLDER_MODE,
    SECRET_MODE,
    THIN_CONF_MODE,
    inner_folders,
    outer_folders,
)
from pagetoll.config.home import Home, Owner
from pagetoll.config.layers import Configuration
from pagetoll.config.load import read_home
from pagetoll.config.options import Settings
from pagetoll.config.pykota_conf.places import VARIABLE as PYKOTA_VARIABLE
from pagetoll.core.errors import ConfigError, DeviceError, PagetollError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.banner_facts import banner_wishes
from pagetoll.frontends.cli.command_programs import DOCUMENT_OPTIONS, faulty_programs
from pagetoll.frontends.cli.ledger_facts import directory_of, ledger_facts
from pagetoll.frontends.cli.lprng_facts import lpd_site
from pagetoll.frontends.cli.tea4cups_facts import out_of_reach, problems_of, tea4cups_files
from pagetoll.frontends.wiring import ledger_url, now_utc
from pagetoll.integrations import backend_install, cups_server
from pagetoll.integrations.cups import Cups
from pagetoll.integrations.ipp_client import IppClient
from pagetoll.integrations.printer_formats import formats_taken
from pagetoll.wire.device_uri import OUR_SCHEMES, is_of_tea4cups, unwrap

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: the daemon sends a beat every 2 s to whoever is connected
BEAT_TIMEOUT_S = 6.0
FORMATS_TIMEOUT_S = 5.0
APPARMOR_PROFILES = Path("/sys/kernel/security/apparmor/profiles")
APPARMOR_CUPSD = Path("/etc/apparmor.d/usr.sbin.cupsd")


def gather(home: Home, environ: Mapping[str, str], named_folder: str | None, printcap: str | None = None) -> Facts:
    """The facts of this machine and home."""
    owner = _owner(home)
    configuration, config_errors = _configuration(home, environ) if owner else (None, ())
    settings = configuration.settings if configuration else None
    files = cups_server.find_files(environ)
    folder = Path(named_folder) if named_folder else files.backend_dir
    queues, with_hooks, cups_error = _queues(environ, files)
    hook_files = tea4cups_files(files.server_root, settings, with_hooks=with_hooks)
    ledger = _as_owner(home, owner, settings, hook_files) if owner and owner.uid and settings else {}
    backends, backend_error = _backends(home, folder, files, settings)
    newest = ledger.get("newest_at")
    taken_by = IppClient(environ.get("CUPS_SERVER") or cups_server.DEFAULT_SOCKET, timeout_s=FORMATS_TIMEOUT_S)
    managed = [queue.name for queue in queues if queue.managed]
    hook_errors, hook_warnings = problems_of(hook_files)
    own_errors = config_errors or tuple(filter(None, [ledger.get("config_error", "")]))
    return Facts(
        now=now_utc(),
        home=str(home.data_folder),
        socket=str(home.socket),
        owner_uid=owner.uid if owner else None,
        owner_name=owner.name if owner else "",
        me_uid=os.geteuid(),
        config_errors=(*own_errors, *hook_errors),
        pykota_files=configuration.files[1:] if configuration else (),
        config_warnings=(*_config_warnings(configuration, environ), *hook_warnings),
        places=_places(home, settings),
        free_octets=_free_octets(home.spool),
        database_error=ledger.get("database_error", ""),
        database_fault=Fault(ledger.get("database_fault", Fault.TABLES)),
        directory=directory_of(ledger),
        newest_at=datetime.fromisoformat(newest) if newest else None,
        owner_error=ledger.get("owner_error", ""),
        cups_version=cups_server.running_version(environ),
        cups_error=cups_error,
        backend_dir=str(folder),
        backends=backends,
        backend_error=backend_error,
        queues=queues,
        programs={name: shutil.which(name, path=SEARCH_PATH) is not None for name in PROGRAMS},
        apparmor_mode=apparmor_mode(APPARMOR_PROFILES),
        apparmor_lets_backends_work="third_party" in _text(APPARMOR_CUPSD),
        daemon=daemon_state(home.socket),
        banners=banner_wishes(settings, managed, partial(formats_taken, taken_by), SEARCH_PATH),
        configuration=str(home.configuration),
        silent_servers=tuple((name, int(number)) for name, number in json.loads(ledger.get("silent_servers", "[]"))),
        hooks=tuple(bad(what, mend) for what, mend in json.loads(ledger.get("hooks", "[]"))),
        lpd=lpd_site(home, settings, Path(printcap) if printcap else None, SEARCH_PATH),
    )


def daemon_state(path: Path) -> str:
    """Does pagetolld answer? answers, absent, refused (by the folder's mode), or hangs."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(BEAT_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except PermissionError:
            return "refused"
        except TimeoutError:
            return "hangs"
        except OSError:
            return "absent"
        try:
            return "answers" if probe.recv(1) else "absent"
        except TimeoutError:
            return "hangs"
        except OSError:
            return "absent"


def apparmor_mode(profiles: Path) -> str:
    """The mode of cupsd's profile, "" when there is none, "?" when that cannot be read."""
    try:
        lines = profiles.read_text().splitlines()
    except FileNotFoundError:
        return ""
    except OSError:
        return "?"
    for line in lines:
        name, _, mode = line.rpartition(" ")
        if name in ("/usr/sbin/cupsd", "cupsd"):
            return mode.strip("()")
    return ""


def _owner(home: Home) -> Owner | None:
    try:
        return home.owner()
    except ConfigError:
        return None


def _configuration(home: Home, environ: Mapping[str, str]) -> tuple[Configuration | None, tuple[str, ...]]:
    try:
        return read_home(home, environ), ()
    except ConfigError as error:
        return None, tuple(str(problem) for problem in error.problems)


def _config_warnings(configuration: Configuration | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    if configuration is None:
        return ()
    found = (*configuration.warnings, *faulty_programs(configuration, without=DOCUMENT_OPTIONS))  # banners: below
    warnings = [str(warning) for warning in found]
    named = environ.get(PYKOTA_VARIABLE, "")
    if named and not configuration.settings.pykota_home:
        warnings.append(
            _(
                "{files}: pykota_home: is not set, and the daemon does not see this program's "
                "{pykota_variable}; give it {named!r}"
            ).format(files=configuration.files[0], pykota_variable=PYKOTA_VARIABLE, named=named)
        )
    return tuple(warnings)


def _places(home: Home, settings: Settings | None) -> tuple[Place, ...]:
    # Who may pass a folder reads nothing in it, and reaches the socket where that is in the same folder.
    passable = 0o001 if home.root is not None or (settings is not None and settings.spooler_user) else 0
    wanted: list[tuple[Path, int]] = [
        *((path, mode | (passable if mode == FOLDER_MODE else 0)) for path, mode in outer_folders(home)),
        *inner_folders(home),
        (home.configuration, FILE_MODE),
    ]
    if settings is None or ledger_url(home, settings) == home.database_url:
        wanted.append((home.database, FILE_MODE))
    wanted += [
        (path, mode)
        for path, mode in (
            (home.device_uris, SECRET_MODE),
            (home.mirror, SECRET_MODE),
            (home.thin_conf, THIN_CONF_MODE),
        )
        if _is_there(path)
    ]
    seen: dict[Path, Place] = {}
    for path, mode in wanted:
        seen.setdefault(path, _place(path, mode))
    return tuple(seen.values())


def _is_there(path: Path) -> bool:
    """Whether we see such a name; in a folder that we may not pass there is none for us."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _place(path: Path, mode_most: int) -> Place:
    try:
        found = path.lstat()
    except OSError:
        return Place(str(path), None, 0, mode_most)
    return Place(
        path=str(path),
        uid=found.st_uid,
        mode=stat.S_IMODE(found.st_mode),
        mode_most=mode_most,
        is_link=stat.S_ISLNK(found.st_mode),
    )


def _free_octets(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _queues(environ: Mapping[str, str], files: cups_server.CupsFiles) -> tuple[tuple[Queue, ...], bool, str]:
    """CUPS's queues, whether one of them is Tea4CUPS's, and why they cannot be known."""
    try:
        queues = Cups(environ).queues()
    except DeviceError as error:
        return (), False, str(error)
    policies: dict[str, bool] = {}
    try:
        logins = cups_server.authenticating_policies(files.cupsd_conf.read_text(errors="replace"))
        conf = cups_server.read_printers_conf(files) if cups_server.is_local(environ) else {}
        policies = {name: queue.op_policy in logins for name, queue in conf.items()}
    except OSError:
        policies = {}
    found = []
    for queue in queues:
        wrapped = unwrap(queue.shown_uri)
        scheme = wrapped.scheme if wrapped else ""
        found.append(Queue(queue.name, scheme, queue.device, policies.get(queue.name)))
    return tuple(found), any(is_of_tea4cups(queue.shown_uri) for queue in queues), ""


def _backends(
    home: Home, folder: Path, files: cups_server.CupsFiles, settings: Settings | None
) -> tuple[tuple[Backend, ...], str]:
    try:
        hidden = [name for name in OUR_SCHEMES if (folder / name).exists() and not os.access(folder / name, os.R_OK)]
        if hidden:
            return (), _("{hidden} can be read by root only").format(hidden=hidden[0])
        installed = backend_install.find_installed(folder)
    except OSError as error:
        return (), str(error.strerror)
    wanted = _current_text(home, files, settings)
    return tuple(_backend(file, wanted) for file in installed), ""


def _current_text(home: Home, files: cups_server.CupsFiles, settings: Settings | None) -> str:
    """What would be installed now; "" when that cannot be told."""
    try:
        stamps = backend_install.stamps_for(home, files, settings.spooler_user if settings else "")
        return backend_install.stamped(backend_install.thin_source(), stamps)
    except PagetollError:
        return ""


def _backend(file: backend_install.Installed, wanted: str) -> Backend:
    daemon = file.stamps.get("DAEMON")
    programs = [file.interpreter, *(daemon[:1] if isinstance(daemon, tuple) else ())]
    return Backend(
        path=str(file.path),
        uid=file.uid,
        mode=file.mode,
        socket=str(file.stamps.get("SOCKET")),
        missing_programs=tuple(program for program in programs if not Path(program).exists()),
        current=not wanted or file.path.read_text(errors="replace") == wanted,
    )


def _as_owner(home: Home, owner: Owner, settings: Settings, hook_files: Sequence[Path]) -> dict[str, str]:
    """What only the owner may look at, found out by a child that is the owner."""
    if os.geteuid() not in (0, owner.uid):
        only = _("only root and {name} can open it: run this as root").format(name=owner.name)
        return {"database_error": only, "database_fault": Fault.CLOSED}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            if os.geteuid() == 0:
                identity.drop_root(owner)
            with os.fdopen(writing, "w") as pipe:
                json.dump(_owner_facts(home, settings, hook_files), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    try:
        found: dict[str, str] = json.loads(answer)
    except ValueError:
        return {"database_error": _("the look at it ended without an answer")}
    return found


def _owner_facts(home: Home, settings: Settings, hook_files: Sequence[Path]) -> dict[str, str]:
    owner = home.owner()
    facts = {"hooks": json.dumps(out_of_reach(hook_files, owner.name, str(owner.gid)))}
    for needed in (Path(sys.executable), Path(pagetoll.__file__)):
        if not os.access(needed, os.R_OK):
            facts["owner_error"] = _("{needed} is closed to that user").format(needed=needed)
            break
    try:
        read_home(home)
    except ConfigError as error:
        facts["config_error"] = str(error.problems[0])
    return facts | ledger_facts(home, settings)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
