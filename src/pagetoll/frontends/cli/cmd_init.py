# SPDX-License-Identifier: Apache-2.0
"""`pagetoll init`: make the home, its configuration and an empty ledger; harmless when repeated."""

import os
import sys
from pathlib import Path

from pagetoll import plugins
from pagetoll.config.create import make_inside, make_ledger_file, make_outside, set_text_option
from pagetoll.config.home import Home, Owner
from pagetoll.config.load import load_home
from pagetoll.config.pykota_conf.places import VARIABLE as PYKOTA_VARIABLE
from pagetoll.config.safe_files import create_file, refusal
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.subcommand import JSON, advise, no_words, parse_or_show, say_done
from pagetoll.frontends.wiring import ledger_url
from pagetoll.integrations import system_user, systemd_units

COMMAND = Command(
    name="pagetoll init",
    usage="[--user NAME] [--systemd-units DIR] [--json]",
    summary="Makes the home that PAGETOLL_HOME names, or the usual places: folders, pagetoll.toml, an empty ledger. "
    "As root it gives them to the system user that runs the daemon, and makes that user where it is missing. "
    "What is there already stays as it is; the ledger's tables are brought up to this version.",
    rows=(
        Option("u", "user", "NAME", "the user who owns the home and runs the daemon (pagetoll)"),
        Option(
            "s", "systemd-units", "DIR", "also write the daemon's units for this home, to /etc/systemd/system say"
        ),
        JSON,
    ),
)
OPTIONS = COMMAND.options

TMPFILES = Path("/etc/tmpfiles.d/pagetoll.conf")
FIRST_UMASK = 0o022


def main(arguments: list[str]) -> int:
    """Make the home. Raises UsageError, ConfigError, StorageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    os.umask(FIRST_UMASK)
    home = Home.from_environment(os.environ)
    home.check_socket()
    owner = choose_owner(home, parsed)
    made = make_outside(home, owner)
    if (units := parsed.text("systemd-units")) is not None:
        made += write_units_of(home, owner, Path(units))
    if os.geteuid() == 0:
        if home.root is None:
            keep_socket_folder(home, owner)
        identity.drop_root(owner)
    os.umask(identity.OWNER_UMASK)
    check_reachable(home, owner)
    made += make_inside(home, owner)
    if home.configuration in made:
        keep_pykota_home(home, owner)
    url = ledger_url(home, load_home(home))
    if url == home.database_url:
        made += make_ledger_file(home)
    plugins.upgrade_schema(url)
    for path in made:
        say_done(parsed, _("made {path}").format(path=path), {"done": "made", "name": str(path)})
    say_done(
        parsed,
        _("The home of Pagetoll is ready: {data_folder}, owned by {name}.").format(
            data_folder=home.data_folder, name=owner.name
        )
        + ("" if made else _(" No change.")),
        {"ready": str(home.data_folder), "owner": owner.name, "changed": bool(made)},
    )
    if units is not None:
        advise(
            parsed,
            _("Next: systemctl daemon-reload; systemctl enable --now pagetolld.socket; pagetoll cups install"),
        )
    advise(
        parsed, _("Next: pkprinters --add and pkusers --add for the ledger, pagetoll cups install for the spooler.")
    )
    return 0


def keep_pykota_home(home: Home, owner: Owner) -> None:
    """Write the folder that PYKOTA_HOME names into a new configuration: the daemon does not get our environment."""
    named = os.environ.get(PYKOTA_VARIABLE, "")
    if named.startswith("/") and named.isprintable() and not set(named) & {'"', "\\"}:
        set_text_option(home.configuration, "pykota_home", named, owner)


def choose_owner(home: Home, parsed: Parsed) -> Owner:
    """Who is to own the home: as root the named system user, made where missing; else whoever we are."""
    name = parsed.text("user")
    if os.geteuid() != 0:
        me = system_user.current()
        if name not in (None, me.name):
            raise UsageError(
                _("only root can give the home to {name}; run this as root or as {name}").format(name=name)
            )
        return me
    present = home.owner() if home.data_folder.exists() else None
    if present is not None and present.uid != 0:
        if name not in (None, present.name):
            raise UsageError(
                _(
                    "{data_folder} belongs to {name} already; stop the daemon and chown -R {wanted} "
                    "{data_folder} first"
                ).format(data_folder=home.data_folder, name=present.name, wanted=name)
            )
        if name is None and not home.configuration.exists():
            raise UsageError(
                _(
                    "{data_folder} is there already and belongs to {name}; if that is right, say so: --user {name}"
                ).format(data_folder=home.data_folder, name=present.name)
            )
        return present
    wanted = name or system_user.DEFAULT_NAME
    found = system_user.find(wanted)
    if found is None:
        found = system_user.create(wanted)
        line = _("made the system user {wanted}").format(wanted=wanted)
        say_done(parsed, line, {"done": "made", "user": wanted})
    return found


def keep_socket_folder(home: Home, owner: Owner) -> None:
    """/run is empty after each start of the machine: have the socket's folder made again (tmpfiles.d(5))."""
    if TMPFILES.parent.is_dir():
        line = f"d {home.socket.parent} 0755 {owner.name} - -\n"
        create_file(TMPFILES, f"# The folder of pagetolld's socket.\n{line}", 0o644)


def write_units_of(home: Home, owner: Owner, folder: Path) -> list[Path]:
    """Write the units that start the daemon of this home. Raises UsageError when they cannot be written."""
    programs = Path(sys.prefix) / "bin"
    if not (programs / "pagetolld").exists():
        raise UsageError(
            _("{programs} has no pagetolld for the units to start; install Pagetoll with: make setup").format(
                programs=programs
            )
        )
    texts = systemd_units.render_units(programs, owner.name, home.root)
    try:
        return systemd_units.write_units(folder, texts)
    except OSError as error:
        raise UsageError(
            _("{folder}: the units cannot be written there: {strerror}").format(
                folder=folder, strerror=error.strerror
            )
        ) from error


def check_reachable(home: Home, owner: Owner) -> None:
    """Raise ConfigError when a folder above keeps the owner out."""
    if not os.access(home.data_folder, os.R_OK | os.W_OK | os.X_OK):
        raise refusal(
            home.data_folder,
            _("{name} cannot get there: a folder above is closed to other users; choose another place").format(
                name=owner.name
            ),
        )
