# SPDX-License-Identifier: Apache-2.0
"""`pagetoll lprng`: put our program where LPRng's lpd runs it, take it away, tell what printcap needs."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pagetoll.config.create import write_thin_conf
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.cmd_cups import accept_jobs_of, say_paths
from pagetoll.frontends.cli.lprng_import import import_files
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.subcommand import JSON, advise, parse_or_show, say_done
from pagetoll.frontends.lprng_server import LineServer
from pagetoll.integrations import backend_install, lprng_install, system_user

ADDRESS, PORT = "127.0.0.1", 3333
COMMAND = Command(
    name="pagetoll lprng",
    usage="install | uninstall | printcap | serve | import FILE…",
    summary="install puts the program that LPRng's lpd runs (pykota, and under its other name lprngpykota) into a "
    "folder, stamped for this home, and has the daemon take jobs from lpd's user. uninstall takes it away. printcap "
    "shows the lines that a queue's printcap entry needs. serve answers lpd's :af=HOST%PORT, in the foreground. "
    "import books the jobs of old accounting files as unverified, each once.",
    rows=(
        Option("d", "dir", "DIR", f"the folder of the program ({lprng_install.FOLDER})"),
        Option("c", "create", "", "import: create users, printers and entries that are missing, without limits"),
        Option("P", "printer", "QUEUE", "import: the queue of lines that name none"),
        Option("s", "server", "NAME", "import: the print server that wrote the files (this one)"),
        Option("l", "listen", "ADDRESS", f"serve: the address to listen on ({ADDRESS})"),
        Option("p", "port", "PORT", f"serve: its port ({PORT})"),
        Option("u", "user", "USER", f"whom lpd runs programs as (user in lpd.conf, else {lprng_install.LPD_USER})"),
        JSON,
    ),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *others = parsed.words or ("",)
    if word == "import":
        return import_files(parsed, others, arguments)
    if word not in ACTS or others:
        raise UsageError(
            _("say {names}; see: {name} --help").format(names=", ".join([*ACTS, "import"]), name=COMMAND.name)
        )
    return ACTS[word](parsed, Home.from_environment(os.environ))


def folder_of(parsed: Parsed) -> Path:
    """The folder of the program."""
    return Path(parsed.text("dir") or lprng_install.FOLDER)


def install(parsed: Parsed, home: Home) -> int:
    """Install the program, and let lpd's user reach the daemon."""
    user = parsed.text("user") or lprng_install.lpd_user()
    system_user.find(user)  # refuses root and odd names
    folder = folder_of(parsed)
    say_paths(parsed, "installed", lprng_install.install(home, folder))
    write_thin_conf(home, load_home(home), home.owner())
    accept_jobs_of(user, home, parsed)
    advise(
        parsed,
        _("lpd's user {user} cannot start pagetolld: let systemd do it, or run: pagetoll daemon start").format(
            user=user
        ),
    )
    advise(parsed, _("Next: put these lines into the queue's printcap entry, then run: checkpc -f, and: lpc reread"))
    return printcap(parsed, home)


def uninstall(parsed: Parsed, _home: Home) -> int:
    """Remove the program."""
    removed = backend_install.uninstall(folder_of(parsed), lprng_install.NAMES)
    say_paths(parsed, "removed", removed)
    if not removed:
        advise(parsed, _("There is no program of ours."))
    return 0


def printcap(parsed: Parsed, _home: Home) -> int:
    """Show the lines for a printcap entry."""
    for line in lprng_install.printcap_lines(folder_of(parsed) / lprng_install.NAMES[0]):
        say_done(parsed, f"  {line}", {"printcap": line})
    return 0


def serve(parsed: Parsed, home: Home) -> int:
    """Answer lines until SIGTERM or SIGINT; done as the home's owner, from whom the daemon takes jobs."""
    address, port = parsed.text("listen") or ADDRESS, parsed.text("port") or str(PORT)
    if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65536:
        raise UsageError(_("{port!r} is no port; say a number from 1 to 65535").format(port=port))
    if not identity.become_owner(home):
        raise UsageError(
            _("only root and {name} may book jobs; run this as one of them").format(name=home.owner().name)
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # before anybody finds it listening
    try:
        server = LineServer((address, int(port)), home.socket)
    except OSError as error:
        raise UsageError(
            _("{address} port {port}: {strerror}; name others with --listen and --port").format(
                address=address, port=port, strerror=error.strerror
            )
        ) from error
    with server:
        line = _("Serving lpd's :af={address}%{port}").format(address=address, port=port)
        say_done(parsed, line, {"serving": f"{address}%{port}"})
        sys.stdout.flush()
        server.serve_forever()
    return 0


ACTS: dict[str, Callable[[Parsed, Home], int]] = {
    "install": install,
    "uninstall": uninstall,
    "printcap": printcap,
    "serve": serve,
}
