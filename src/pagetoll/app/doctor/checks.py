# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with an installation, as a table of checks: facts in, findings out.

A check reads the facts that a frontend has gathered, touches nothing, and says for each red line which command
mends it.
"""

import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta

from pagetoll.app.doctor import ledger
from pagetoll.app.doctor.banners import check_banners as banners_checked
from pagetoll.app.doctor.device_key import device_key
from pagetoll.app.doctor.facts import Backend, Facts, Place
from pagetoll.app.doctor.findings import Finding, bad, ok, warn
from pagetoll.app.doctor.lprng import check_lpd
from pagetoll.core.messages import _
from pagetoll.wire.device_uri import TEA_SCHEME

FIRST_SANE_YEAR = 2025
CLOCK_SLACK = timedelta(minutes=2)
CUPS_VERSION_MIN = (2, 2)
FREE_OCTETS_MIN = 200 * 1024 * 1024
OTHERS_WRITE = 0o022
#: program -> Debian package that has it
PROGRAMS = {
    "cupsd": "cups",
    "lpstat": "cups-client",
    "lpadmin": "cups-client",
    "lp": "cups-client",
    "gs": "ghostscript",
}


Check = Callable[[Facts], Iterator[Finding]]


def examine(facts: Facts) -> list[Finding]:
    """Every check's findings, in the order of the table."""
    left_out = FOR_CUPS if facts.without_cups else ()
    return [finding for check in CHECKS if check not in left_out for finding in check(facts)]


def check_programs(facts: Facts) -> Iterator[Finding]:
    """The programs of other packages that we start."""
    for program, package in PROGRAMS.items():
        if facts.without_cups and package.startswith("cups"):
            continue
        if facts.programs.get(program):
            yield ok(_("program {program} is installed").format(program=program))
        else:
            yield bad(_("program {program} is missing").format(program=program), f"apt-get install {package}")


def check_lprng(facts: Facts) -> Iterator[Finding]:
    """lpd and its queues, where there is one (`doctor.lprng`)."""
    yield from check_lpd(facts.lpd, facts.configuration)


def check_cups(facts: Facts) -> Iterator[Finding]:
    """Whether the scheduler answers, in a version that was tried."""
    if facts.cups_error:
        yield bad(_("CUPS: {cups_error}").format(cups_error=facts.cups_error), "systemctl restart cups")
        return
    yield ok(_("CUPS answers"))
    if not facts.cups_version:
        return
    version = tuple(int(part) for part in facts.cups_version.split(".")[:2])
    if version < CUPS_VERSION_MIN:
        yield warn(
            _("CUPS {cups_version} is older than what was tried (2.2 and newer)").format(
                cups_version=facts.cups_version
            ),
            "apt-get install cups",
        )
    else:
        yield ok(_("CUPS has version {cups_version}").format(cups_version=facts.cups_version))


def check_home(facts: Facts) -> Iterator[Finding]:
    """Whether the home is there, and every place in it its owner's and closed enough."""
    if facts.owner_uid is None:
        yield bad(_("there is no home in {home}").format(home=facts.home), "pagetoll init")
        return
    if facts.owner_uid == 0:
        yield bad(
            _("{home} belongs to root, and nothing of Pagetoll runs as root").format(home=facts.home), "pagetoll init"
        )
        return
    yield ok(_("the home {home} belongs to {owner_name}").format(home=facts.home, owner_name=facts.owner_name))
    for place in facts.places:
        yield from _check_place(place, facts)
    if facts.owner_error:
        yield bad(
            _("{owner_name} cannot run Pagetoll: {owner_error}").format(
                owner_name=facts.owner_name, owner_error=facts.owner_error
            ),
            "make setup",
        )


def _check_place(place: Place, facts: Facts) -> Iterator[Finding]:
    path = shlex.quote(place.path)
    if place.is_link:
        yield bad(_("{path} is a link").format(path=place.path), f"rm {path} && pagetoll init")
    elif place.uid is None:
        yield bad(_("{path} is missing").format(path=place.path), "pagetoll init")
    elif place.uid != facts.owner_uid:
        yield bad(
            _("{path} does not belong to {owner_name}").format(path=place.path, owner_name=facts.owner_name),
            f"chown {facts.owner_name} {path}",
        )
    elif place.mode & ~place.mode_most:
        yield bad(
            _("{path} is open to others (mode {mode:04o})").format(path=place.path, mode=place.mode),
            f"chmod {place.mode_most:04o} {path}",
        )
    else:
        yield ok(_("{path} has a safe owner and mode").format(path=place.path))


def check_space(facts: Facts) -> Iterator[Finding]:
    """Whether the spool has room: a full one is a failure of every job."""
    if facts.free_octets is None:
        return
    free_mib = facts.free_octets // (1024 * 1024)
    if facts.free_octets < FREE_OCTETS_MIN:
        yield warn(_("the spool has only {free_mib} MiB left").format(free_mib=free_mib), "df -h")
    else:
        yield ok(_("the spool has {free_mib} MiB left").format(free_mib=free_mib))


def check_config(facts: Facts) -> Iterator[Finding]:
    """What is wrong in the configuration, and what of it changes nothing or cannot be run."""
    for error in facts.config_errors:
        file = error.split(":", 1)[0]
        yield bad(_("configuration: {error}").format(error=error), f"editor {shlex.quote(file)}")
    if not facts.config_errors:
        yield ok(_("the configuration has no error"))
    for file in facts.pykota_files:
        yield ok(
            _("{file} is in force below our own configuration; make it ours with: pagetoll config convert").format(
                file=file
            )
        )
    yield from facts.hooks
    for warning in facts.config_warnings:
        file = warning.split(":", 1)[0]
        yield warn(_("configuration: {warning}").format(warning=warning), f"editor {shlex.quote(file)}")


def check_database(facts: Facts) -> Iterator[Finding]:
    """Whether the ledger opens. Not asked where its owner or its address is not known."""
    if facts.owner_uid in (None, 0) or facts.config_errors:
        return
    yield from ledger.check_ledger(facts.database_error, facts.database_fault, facts.configuration)
    if facts.directory is not None:
        yield from ledger.check_directory(facts.directory)
    for name, attempts in facts.silent_servers:
        what = _("the print server {name} is silent, and has {attempts} jobs open; where it never comes back:")
        yield warn(what.format(name=name, attempts=attempts), f"pagetoll upkeep --give-up {shlex.quote(name)}")


def check_clock(facts: Facts) -> Iterator[Finding]:
    """A clock that jumped would move grace times and rolling limits."""
    mend = "timedatectl set-ntp true"
    if facts.now.year < FIRST_SANE_YEAR:
        yield bad(_("the clock says {now:%Y-%m-%d}").format(now=facts.now), mend)
    elif facts.newest_at is not None and facts.newest_at > facts.now + CLOCK_SLACK:
        behind = facts.newest_at - facts.now
        yield bad(
            _("the clock is {behind} behind the newest job of the ledger ({newest_at:%Y-%m-%d %H:%M})").format(
                behind=behind, newest_at=facts.newest_at
            ),
            mend,
        )
    else:
        yield ok(_("the clock says {now:%Y-%m-%d %H:%M} UTC").format(now=facts.now))


def check_backends(facts: Facts) -> Iterator[Finding]:
    """Our files among the scheduler's backends: owner, mode, home, interpreter, version."""
    install = f"pagetoll cups install --backend-dir {shlex.quote(facts.backend_dir)}"
    if facts.backend_error:
        mend = install if facts.me_uid == 0 else _("run pagetoll doctor as root")
        yield bad(f"{facts.backend_dir}: {facts.backend_error}", mend)
        return
    if not facts.backends:
        yield bad(_("our backend is not in {backend_dir}").format(backend_dir=facts.backend_dir), install)
    for backend in facts.backends:
        yield from _check_backend(backend, facts, install)


def _check_backend(backend: Backend, facts: Facts, install: str) -> Iterator[Finding]:
    path = shlex.quote(backend.path)
    before = len(backend.missing_programs)
    if backend.uid not in (0, facts.me_uid):
        yield bad(_("{path} does not belong to root").format(path=backend.path), f"chown root:root {path}")
    elif backend.mode & OTHERS_WRITE:
        yield bad(
            _("{path} can be written by others (mode {mode:04o})").format(path=backend.path, mode=backend.mode),
            f"chmod go-w {path}",
        )
    elif backend.socket != facts.socket:
        yield bad(
            _("{path} was installed for another home ({socket})").format(path=backend.path, socket=backend.socket),
            install,
        )
    elif before:
        yield bad(
            _("{path} needs {program}, which is gone").format(path=backend.path, program=backend.missing_programs[0]),
            install,
        )
    elif not backend.current:
        yield bad(_("{path} is of another version, owner or spooler").format(path=backend.path), install)
    else:
        runs_as = _("the spooler's user") if backend.mode & 0o001 else _("its owner")
        yield ok(_("{path} is installed and runs as {runs_as}").format(path=backend.path, runs_as=runs_as))


def check_queues(facts: Facts) -> Iterator[Finding]:
    """Which queues are ours, and whether the backend that each names is there."""
    installed = {backend.path.rpartition("/")[2] for backend in facts.backends}
    managed = [queue for queue in facts.queues if queue.managed]
    if not managed and not facts.cups_error:
        yield warn(_("no queue is managed, so nothing is counted"), "pagetoll cups manage QUEUE")
    for queue in managed:
        if queue.scheme not in installed and not facts.backend_error:
            yield bad(
                _("queue {name} needs the backend {scheme}, which is not there").format(
                    name=queue.name, scheme=queue.scheme
                ),
                "pagetoll cups install" + (f" --name {TEA_SCHEME}" if queue.scheme == TEA_SCHEME else ""),
            )
        else:
            yield ok(
                _("queue {name} is managed, its device is {device}").format(name=queue.name, device=queue.device)
            )


def check_ways_around(facts: Facts) -> Iterator[Finding]:
    """Another queue to the same device lets everybody print past the ledger."""
    behind_us = {device_key(queue.device): queue.name for queue in facts.queues if queue.managed}
    for queue in facts.queues:
        name = behind_us.get(device_key(queue.device))
        if not queue.managed and name is not None:
            yield warn(
                _("queue {name} prints to the device of {other}, uncounted").format(name=queue.name, other=name),
                f"pagetoll cups manage {shlex.quote(queue.name)}",
            )


def check_logins(facts: Facts) -> Iterator[Finding]:
    """Managed queues on which everybody may print in any name."""
    for queue in facts.queues:
        if queue.managed and queue.login is False:
            yield warn(
                _("queue {name} believes any user name (no login)").format(name=queue.name),
                f"lpadmin -p {shlex.quote(queue.name)} -o printer-op-policy=authenticated",
            )


def check_banners(facts: Facts) -> Iterator[Finding]:
    """Whether the banners that queues want can be made (`doctor.banners`)."""
    yield from banners_checked(facts.banners, facts.configuration)


def check_apparmor(facts: Facts) -> Iterator[Finding]:
    """Whether the profile of cupsd keeps backends from the home."""
    if facts.apparmor_mode == "?":
        yield warn(_("AppArmor's profiles cannot be read by this user"), _("run pagetoll doctor as root"))
    elif facts.apparmor_mode == "enforce" and not facts.apparmor_lets_backends_work:
        yield bad(_("AppArmor confines cupsd's backends; ours may not reach its home"), "aa-complain cupsd")
    else:
        yield ok(_("AppArmor: {mode} for cupsd").format(mode=facts.apparmor_mode or _("no profile")))


def check_daemon(facts: Facts) -> Iterator[Finding]:
    """Whether the daemon answers, or will be started by the next job."""
    if facts.owner_uid in (None, 0):
        return
    left_to_itself = facts.lpd is not None or any(backend.mode & 0o001 for backend in facts.backends)
    if facts.daemon == "absent" and left_to_itself:
        yield bad(_("pagetolld does not run, and the spooler's user cannot start it"), "pagetoll daemon start")
        return
    findings = {
        "answers": ok(_("pagetolld answers")),
        "absent": warn(_("pagetolld does not run; the next job starts it"), "pagetoll daemon start"),
        "hangs": bad(_("pagetolld hangs"), "pagetoll daemon stop && pagetoll daemon start"),
        "refused": warn(_("pagetolld's socket is closed to this user"), _("run pagetoll doctor as root")),
    }
    yield findings[facts.daemon]


CHECKS: tuple[Check, ...] = (
    check_programs,
    check_cups,
    check_home,
    check_config,
    check_database,
    check_space,
    check_clock,
    check_backends,
    check_queues,
    check_lprng,
    check_ways_around,
    check_logins,
    check_banners,
    check_apparmor,
    check_daemon,
)
FOR_CUPS: tuple[Check, ...] = (check_cups, check_backends, check_queues, check_apparmor)  # not asked beside LPRng
