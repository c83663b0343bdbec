# SPDX-License-Identifier: Apache-2.0
"""`pagetoll config`: check pagetoll.toml, and show what holds for a queue."""

import os
import sys

from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.config.options import OPTIONS as CONFIG_OPTIONS
from pagetoll.config.options import Settings
from pagetoll.core.errors import UsageError
from pagetoll.core.money import decimal_of
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command
from pagetoll.frontends.cli.subcommand import parse_or_show, say

COMMAND = Command(
    name="pagetoll config",
    usage="check | show [QUEUE]",
    summary="check reads pagetoll.toml and names everything that is wrong in it. show prints every option with the "
    "value that holds, for all queues or for one queue or printer group.",
    rows=(),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError with every problem."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *names = parsed.words or ("",)
    if word not in ("check", "show") or len(names) > (word == "show"):
        raise UsageError(f"say check, or show and at most one queue; see: {COMMAND.name} --help")
    home = Home.from_environment(os.environ)
    identity.become_owner(home)
    settings = load_home(home)
    if word == "check":
        say(f"{home.configuration}: no problem found")
    else:
        sys.stdout.write(shown(settings, names[0] if names else ""))
    return 0


def shown(settings: Settings, queue: str) -> str:
    """Every option as a TOML line with the value that holds for `queue`."""
    values = settings.for_queue(queue)
    lines = []
    for option in CONFIG_OPTIONS:
        value = getattr(values if option.per_queue else settings, option.name)
        if isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, int):
            text = str(decimal_of(value).normalize() if option.unit == "credits" else value)
        else:
            text = f'"{value}"'
        lines.append(f"{option.name} = {text}\n")
    return "".join(lines)
