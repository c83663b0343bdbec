# SPDX-License-Identifier: Apache-2.0
"""`pagetoll cups`: install the backend, put queues behind it, give them back, show how they stand."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pagetoll.config.create import FOLDER_MODE, set_queue_mode, set_text_option, write_thin_conf
from pagetoll.config.home import Home, name_of
from pagetoll.config.load import load_home
from pagetoll.config.options import Mode
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import identity, values
from pagetoll.frontends.cli.cups_quotas import import_quotas
from pagetoll.frontends.cli.options import Command, Option, Parsed, comma_list
from pagetoll.frontends.cli.subcommand import JSON, advise, parse_or_show, say, say_done
from pagetoll.integrations import backend_install, cups_server, system_user
from pagetoll.integrations.cups import Changed, Cups, Queue, manage, unmanage
from pagetoll.wire.device_uri import ALL_SCHEMES, OUR_SCHEMES, unwrap

COMMAND = Command(
    name="pagetoll cups",
    usage="install | uninstall | manage QUEUE… | unmanage QUEUE… | import-quotas [QUEUE…] | status",
    summary="install puts our backend among CUPS's own, stamped for this home; uninstall takes it away. manage puts "
    "print queues behind it, so that they are counted; unmanage gives them their own device back. "
    "import-quotas makes rolling limits of the quotas that lpadmin gave queues. status shows the backend and every "
    "queue. CUPS_SERVER names another scheduler.",
    rows=(
        Option("b", "backend-dir", "DIR", "the scheduler's folder of backends (found by itself otherwise)"),
        Option("n", "name", "NAMES", "its names (cupspykota,pagetoll), or also tea4cups; manage takes the first"),
        Option("s", "as-spooler", "USER", "the backend runs as this user (lp), not as root; jobs are taken from it"),
        Option("k", "keep-secret", "", "keep a password of the device's URI in device-uris.toml, out of the queue"),
        JSON,
        Option("N", "dry-run", "", "import-quotas: change nothing, show what would be imported"),
        Option("w", "watch", "", "manage: count and charge, refuse nothing (pagetoll report refusals)"),
        Option("e", "enforce", "", "manage: refuse what rules and limits forbid, as it is without --watch"),
        Option("f", "force", "", "uninstall although queues are behind the backend: they will not print"),
    ),
)
OPTIONS = COMMAND.options
#: What became of something, for programs.
Facts = dict[str, object]


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError, DeviceError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *names = parsed.words or ("",)
    if word not in ACTS:
        raise UsageError(_("say {names}; see: {name} --help").format(names=", ".join(ACTS), name=COMMAND.name))
    act, takes_queues = ACTS[word]
    if takes_queues is not None and bool(names) != takes_queues:
        raise UsageError(
            _("{word} takes {what}; see: pagetoll cups -h").format(
                word=word, what=_("the names of queues") if takes_queues else _("no names")
            )
        )
    return act(parsed, Home.from_environment(os.environ), names)


def schemes_of(parsed: Parsed) -> tuple[str, ...]:
    """The backend's names that the command is about. Raises UsageError for one the daemon would not understand."""
    names = tuple(dict.fromkeys(comma_list(parsed.text("name") or ""))) or OUR_SCHEMES
    if unknown := set(names) - set(ALL_SCHEMES):
        raise UsageError(
            _("{unknown!r}: our backend goes by the names {names} only").format(
                unknown=min(unknown), names=_(" and ").join(ALL_SCHEMES)
            )
        )
    return names


def folder_of(parsed: Parsed) -> Path:
    """The scheduler's folder of backends. Raises UsageError when there is none."""
    named = parsed.text("backend-dir")
    folder = Path(named) if named else cups_server.find_files(os.environ).backend_dir
    if not folder.is_dir():
        raise UsageError(
            _("{folder} is no folder; name the scheduler's folder of backends with --backend-dir").format(
                folder=folder
            )
        )
    return folder


def install_backend(parsed: Parsed, home: Home, _names: list[str]) -> int:
    """Install, and where it is to run as the spooler's user, let that user reach the daemon."""
    spooler = parsed.text("as-spooler") or ""
    if spooler:
        system_user.find(spooler)  # refuses root and odd names
    folder = folder_of(parsed)
    stamps = backend_install.stamps_for(home, cups_server.find_files(os.environ), spooler)
    text = backend_install.stamped(backend_install.thin_source(), stamps)
    mode = backend_install.SPOOLER_MODE if spooler else backend_install.ROOT_MODE
    say_paths(parsed, "installed", backend_install.install(folder, schemes_of(parsed), text, mode))
    accept_jobs_of(spooler, home, parsed)
    if spooler:
        advise(
            parsed,
            _("{spooler} cannot start the daemon: let systemd do it, or run: pagetoll daemon start").format(
                spooler=spooler
            ),
        )
    advise(
        parsed, _("Next: pagetoll cups manage QUEUE puts a queue behind it; pagetoll cups status lists the queues.")
    )
    return 0


def say_paths(parsed: Parsed, done: str, paths: Iterable[Path]) -> None:
    """That each file was installed or removed."""
    sentence = {"installed": _("installed {path}"), "removed": _("removed {path}")}[done]
    for path in paths:
        say_done(parsed, sentence.format(path=path), {"done": done, "name": str(path)})


def accept_jobs_of(spooler: str, home: Home, parsed: Parsed) -> None:
    """Settings and the folder's mode by who runs the backend; done as the home's owner."""
    if spooler == load_home(home).spooler_user:
        return
    if not identity.become_owner(home):
        raise UsageError(
            _("only root and {name} can change {configuration}; run this as root").format(
                name=home.owner().name, configuration=home.configuration
            )
        )
    set_text_option(home.configuration, "spooler_user", spooler, home.owner())
    if home.root is not None:
        home.root.chmod(FOLDER_MODE | (0o001 if spooler else 0))
    who = _("also from {spooler}").format(spooler=spooler) if spooler else _("from root only")
    line = _("Jobs are taken {who} now. A running daemon learns it by: pagetoll daemon reload").format(who=who)
    say_done(parsed, line, {"done": "changed", "name": "spooler_user", "user": spooler})


def uninstall_backend(parsed: Parsed, _home: Home, _names: list[str]) -> int:
    """Remove the backend, unless queues would stop printing."""
    folder = folder_of(parsed)
    ours = {file.path.name for file in backend_install.find_installed(folder)}
    others = () if parsed.text("name") else tuple(name for name in ALL_SCHEMES if name in ours)
    names = tuple(dict.fromkeys((*schemes_of(parsed), *others)))
    if "force" not in parsed:
        uris = {queue.name: unwrap(queue.shown_uri) for queue in Cups(os.environ).queues()}
        behind = [name for name, wrapped in uris.items() if wrapped is not None and wrapped.scheme in names]
        if behind:
            raise UsageError(
                _("queues are behind the backend; first: pagetoll cups unmanage {names}").format(
                    names=" ".join(behind)
                )
            )
    removed = backend_install.uninstall(folder, names)
    say_paths(parsed, "removed", removed)
    if not removed:
        advise(parsed, _("There is no backend of ours."))
    return 0


def manage_queues(parsed: Parsed, home: Home, names: list[str]) -> int:
    """Put queues behind us; the failures of some do not keep the others."""
    home.owner()
    scheme = schemes_of(parsed)[0]
    values.one_of(parsed, ("watch", "enforce"))
    mode = Mode.WATCH if "watch" in parsed else Mode.ENFORCE if "enforce" in parsed else None
    cups = Cups(os.environ, on_wait)

    def act(name: str) -> tuple[str, Facts]:
        done = manage(cups, home, name, scheme=scheme, secret="keep-secret" in parsed)
        facts = facts_of("managed", done)
        if mode is not None and set_queue_mode(home.configuration, name, mode, home.owner()):
            said = _("{name}: mode {mode} in {file}; a running daemon learns it by: pagetoll daemon reload")
            advise(parsed, said.format(name=name, mode=mode, file=home.configuration))
            facts["mode"] = str(mode)
        kept = _("; its password is kept in device-uris.toml") if done.secret_kept else ""
        return (
            _("{name}: {before} is behind {scheme} now{kept}").format(
                name=name, before=done.before, scheme=scheme, kept=kept
            )
            if done.changed
            else _("{name}: is managed already").format(name=name)
        ), facts

    status = each(parsed, names, act)
    write_thin_conf(home, load_home(home), home.owner())
    return status


def facts_of(word: str, done: Changed) -> Facts:
    """What became of a queue, for programs; without passwords."""
    return {
        "done": word if done.changed else None,
        "name": done.queue,
        "before": done.before,
        "after": done.after,
        "secret_kept": done.secret_kept,
    }


def unmanage_queues(parsed: Parsed, home: Home, names: list[str]) -> int:
    """Give queues their own device back."""
    cups = Cups(os.environ, on_wait)

    def act(name: str) -> tuple[str, Facts]:
        done = unmanage(cups, home, name)
        return (
            _("{name}: prints to {after} again").format(name=name, after=done.after)
            if done.changed
            else _("{name}: is not managed").format(name=name)
        ), facts_of("unmanaged", done)

    return each(parsed, names, act)


def on_wait(sentence: str) -> None:
    """Why nothing happens for a while."""
    sys.stderr.write(f"pagetoll cups: {sentence}\n")


def each(parsed: Parsed, names: list[str], act: Callable[[str], tuple[str, Facts]]) -> int:
    """Do it for each name and say what came of it; 1 when one failed."""
    status = 0
    for name in names:
        try:
            say_done(parsed, *act(name))
        except PagetollError as error:
            sys.stderr.write(f"pagetoll cups: {error}\n")
            status = 1
    return status


def show_status(parsed: Parsed, home: Home, _names: list[str]) -> int:
    """The backend files and the queues, as tables. 1 when there are managed queues but no backend."""
    installed = backend_install.find_installed(folder_of(parsed))
    if "json" in parsed:
        return _show_json(installed, home)
    for file in installed:
        runs_as = _("the spooler's user") if file.mode & 0o001 else name_of(file.uid)
        place = file.stamps.get("HOME") or _("the usual places")
        other = "" if file.stamps.get("SOCKET") == str(home.socket) else _("; NOT this home: pagetoll cups install")
        say(
            _("backend {path}: mode {mode:04o}, runs as {runs_as}, home {place}{other}").format(
                path=file.path, mode=file.mode, runs_as=runs_as, place=place, other=other
            )
        )
    if not installed:
        say(_("no backend of ours is installed; install it with: pagetoll cups install"))
    queues = Cups(os.environ).queues()
    for line in table(queues):
        say(line)
    return int(not installed and any(queue.managed_uri is not None for queue in queues))


def _show_json(installed: Sequence[backend_install.Installed], home: Home) -> int:
    for file in installed:
        stamped_for = file.stamps.get("SOCKET")
        fields = {"backend": str(file.path), "mode": f"{file.mode:04o}", "uid": file.uid, "socket": stamped_for}
        say(json.dumps(fields | {"this_home": stamped_for == str(home.socket)}))
    queues = Cups(os.environ).queues()
    for queue in queues:
        say(json.dumps({"queue": queue.name, "managed": queue.managed_uri is not None, "device": queue.device}))
    return int(not installed and any(queue.managed_uri is not None for queue in queues))


def table(queues: list[Queue]) -> list[str]:
    """A line a queue: name, managed or not, device (never a password)."""
    rows = [(_("queue"), _("managed"), _("device"))]
    rows += [(queue.name, _("yes") if queue.managed_uri is not None else _("no"), queue.device) for queue in queues]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{name:<{widths[0]}}  {managed:<{widths[1]}}  {device}" for name, managed, device in rows]


#: word -> what it does, and whether it takes queues; None: some or none
ACTS: dict[str, tuple[Callable[[Parsed, Home, list[str]], int], bool | None]] = {
    "install": (install_backend, False),
    "uninstall": (uninstall_backend, False),
    "manage": (manage_queues, True),
    "unmanage": (unmanage_queues, True),
    "import-quotas": (import_quotas, None),
    "status": (show_status, False),
}
