# SPDX-License-Identifier: Apache-2.0
"""`pagetoll config`: check the configuration, show and explain what holds, and turn a pykota.conf into our own."""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from pagetoll.config.create import FILE_MODE
from pagetoll.config.home import Home, Owner, name_of
from pagetoll.config.layers import Configuration
from pagetoll.config.load import read_home, read_old
from pagetoll.config.options import OPTION_BY_NAME, Option
from pagetoll.config.options import OPTIONS as CONFIG_OPTIONS
from pagetoll.config.options.not_yet import instead_of
from pagetoll.config.pykota_conf import places
from pagetoll.config.pykota_conf.convert import converted, outcomes, report
from pagetoll.config.pykota_conf.directives import DIRECTIVE_BY_NAME, directives_of
from pagetoll.config.pykota_conf.read import PykotaFile
from pagetoll.config.safe_files import replace_file
from pagetoll.config.toml_file import suggestion, toml_key, toml_value
from pagetoll.core.errors import ConfigError, ConfigProblem, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.command_programs import faulty_programs
from pagetoll.frontends.cli.options import Command, Parsed
from pagetoll.frontends.cli.options import Option as Row
from pagetoll.frontends.cli.screen import visible
from pagetoll.frontends.cli.subcommand import parse_or_show, say

COMMAND = Command(
    name="pagetoll config",
    usage="check | show [QUEUE] | explain OPTION [QUEUE] | convert [FILE] | ldap-schema [ldif|changes|schema]",
    summary="check reads pagetoll.toml and PyKota's files and names everything that is wrong in them. show prints "
    "every option with the value that holds and the place it was given in, for all queues or for one queue or "
    "printer group. explain tells all about an option, by its name here or in pykota.conf. convert writes the "
    "pagetoll.toml that does what a pykota.conf does, and on standard error what became of each directive; it runs "
    "nothing. ldap-schema prints what an LDAP directory must know to hold a ledger, as LDIF for ldapadd, as changes "
    "of an earlier version's for ldapmodify, or as a file for slapd.conf to include.",
    rows=(
        Row("f", "force", "", "let convert replace a file that exists"),
        Row("J", "json", "", "for programs; convert writes its report and the TOML so"),
        Row("o", "output", "FILE", "where convert writes to (standard output otherwise)"),
    ),
)
OPTIONS = COMMAND.options
WORDS = {"check": (0, 0), "show": (0, 1), "explain": (1, 2), "convert": (0, 1), "ldap-schema": (0, 1)}
SCHEMAS = {"ldif": "pagetoll.ldif", "changes": "pagetoll.ldif", "schema": "pagetoll.schema"}
#: The number that the server has given to the schema stands in its name.
SCHEMA_DN = "cn={N}pagetoll,cn=schema,cn=config"
_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")


def main(arguments: list[str]) -> int:
    """Run a word of the command. Raises UsageError, ConfigError with every problem."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    word, *names = parsed.words or ("",)
    least, most = WORDS.get(word, (0, -1))
    if not least <= len(names) <= most:
        raise UsageError(_("say {usage}; see: {name} --help").format(usage=COMMAND.usage, name=COMMAND.name))
    if word == "convert":
        return convert(parsed, names)
    if word == "ldap-schema":
        return print_schema(names[0] if names else "ldif")
    home = Home.from_environment(os.environ)
    identity.become_owner(home)
    if word == "explain":
        option = option_named(names.pop(0))
    if word == "check" and "json" in parsed:
        return check_for_programs(home)
    configuration = read_home(home)
    queue = names[0] if names else ""
    if word == "check":
        check(configuration)
    elif word == "explain":
        facts = facts_of(configuration, option, queue)
        sys.stdout.write(as_json(facts) if "json" in parsed else explained(facts))
    elif "json" in parsed:
        sys.stdout.write(as_json([facts_of(configuration, each, queue) for each in CONFIG_OPTIONS]))
    else:
        sys.stdout.write(shown(configuration, queue))
    return 0


def check(configuration: Configuration) -> None:
    """Say which files were read, and what in them is right and yet changes nothing or starts nothing."""
    for file in configuration.files:
        say(_("{file}: no problem found").format(file=file))
    for warning in (*configuration.warnings, *faulty_programs(configuration)):
        say(_("warning: {text}").format(text=visible(str(warning))))


def check_for_programs(home: Home) -> int:
    """The same, and what is wrong, as one document; 1 when something is wrong."""
    files: tuple[str, ...] = ()
    warnings: tuple[ConfigProblem, ...] = ()
    problems: Sequence[ConfigProblem] = ()
    try:
        configuration = read_home(home)
        files, warnings = configuration.files, (*configuration.warnings, *faulty_programs(configuration))
    except ConfigError as error:
        problems = error.problems
    told = {"files": files, "problems": list(map(asdict, problems)), "warnings": list(map(asdict, warnings))}
    sys.stdout.write(as_json(told))
    return int(bool(problems))


def print_schema(form: str) -> int:
    """Print the directory's schema in one of its forms. Raises UsageError for another."""
    if form not in SCHEMAS:
        raise UsageError(
            _("“{form}” is no form of the schema; say one of: {known}").format(form=form, known=", ".join(SCHEMAS))
        )
    text = resources.files("pagetoll.storage.ldap").joinpath(SCHEMAS[form]).read_text(encoding="utf-8")
    sys.stdout.write(schema_changes(text) if form == "changes" else text)
    return 0


def schema_changes(ldif: str) -> str:
    """What makes the schema of another version this one's (RFC 2849)."""
    types, mark, classes = ldif[ldif.index("\nolcAttributeTypes:") + 1 :].partition("olcObjectClasses:")
    return (
        f"dn: {SCHEMA_DN}\nchangetype: modify\n"
        f"replace: olcAttributeTypes\n{types}-\nreplace: olcObjectClasses\n{mark}{classes}-\n"
    )


def convert(parsed: Parsed, names: list[str]) -> int:
    """Write the TOML and tell what became of each directive. Raises UsageError, ConfigError."""
    path = Path(names[0]) if names else places.find(places.CONFIGURATION, "", os.environ)
    if path is None:
        raise UsageError(_("there is no pykota.conf where PyKota looked for it; name the file"))
    if path.is_dir():
        path /= places.CONFIGURATION
    found = read_old(path)
    if found.problems:
        raise ConfigError(found.problems)
    text = converted(found)
    if target := parsed.text("output"):
        write(Path(target).absolute(), text, "force" in parsed)
    files = (found, *administrators(path))
    if "json" in parsed:
        became = [facts for each in files for facts in outcomes(each)]
        warnings = [asdict(warning) for each in files for warning in each.warnings]
        output = str(Path(target).absolute()) if target else None
        sys.stdout.write(as_json({"directives": became, "warnings": warnings, "output": output, "toml": text}))
        return 0
    for each in files:
        for told in report(each):
            sys.stderr.write(f"{visible(told)}\n")
        for warning in each.warnings:
            sys.stderr.write(visible(_("warning: {text}").format(text=str(warning))) + "\n")
    if not target:
        sys.stdout.write(text)
    return 0


def administrators(path: Path) -> list[PykotaFile]:
    """The pykotadmin.conf beside a pykota.conf, where there is one that we may read. Raises ConfigError."""
    try:
        return [read_old(path.with_name(places.ADMINISTRATOR_FILE))]
    except ConfigError as error:
        if error.closed or not path.with_name(places.ADMINISTRATOR_FILE).exists():
            return []
        raise


def write(path: Path, text: str, force: bool) -> None:
    """Put the text into a file of the folder's owner. Raises ConfigError."""
    try:
        folder = path.parent.stat()
    except OSError as error:
        raise UsageError(
            _("{folder}: {error}; choose another file").format(folder=path.parent, error=error.strerror)
        ) from error
    owner = Owner(folder.st_uid, folder.st_gid, name_of(folder.st_uid))
    replace_file(path, text, FILE_MODE, owner, only_new=not force)


def option_named(name: str) -> Option:
    """The option of that name, here or in pykota.conf. Raises UsageError."""
    directive = DIRECTIVE_BY_NAME.get(name.lower())
    if name in OPTION_BY_NAME:
        return OPTION_BY_NAME[name]
    if directive is not None and directive.option:
        return OPTION_BY_NAME[directive.option]
    if directive is not None:
        raise UsageError(
            _("{name} of pykota.conf has no option here: {instead}").format(name=name, instead=directive.instead)
        )
    raise UsageError(_("there is no option {name}").format(name=name) + suggestion(name))


def shown(configuration: Configuration, queue: str) -> str:
    """Every option as a TOML line with its value and source; for all queues, then what single queues differ in."""
    lines = [line(configuration, option, queue) for option in CONFIG_OPTIONS]
    for name in configuration.settings.queues if not queue else ():
        own = [option for option in CONFIG_OPTIONS if option.per_queue and differs(configuration, option, name)]
        lines += ["", f"[queue.{toml_key(name)}]", *(line(configuration, option, name) for option in own)]
    return "".join(f"{each}\n" for each in lines)


def differs(configuration: Configuration, option: Option, queue: str) -> bool:
    return configuration.origin(option.name, queue) != configuration.origin(option.name)


def line(configuration: Configuration, option: Option, queue: str) -> str:
    facts = facts_of(configuration, option, queue)
    return f"{option.name} = {facts['toml']}  # {visible(str(facts['source']))}"


def facts_of(configuration: Configuration, option: Option, queue: str) -> dict[str, object]:
    """All about an option. Passwords in addresses are not shown."""
    given = configuration.origin(option.name, queue if option.per_queue else "")
    text = option.example if given is None else toml_value(given.raw)
    value = option.default if given is None else given.value
    return {
        "option": option.name,
        "help": option.help,
        "allowed": option.allowed,
        "default": option.example,
        "per_queue": option.per_queue,
        "queue": queue,
        "toml": _PASSWORD.sub(r"\1…@", text),
        "source": "default" if given is None else given.source,
        "pykota": directives_of(option.name),
        "not_in_force": instead_of(option, value),
    }


def explained(facts: dict[str, object]) -> str:
    """The facts of an option for a person."""
    pykota = facts["pykota"]
    names = ", ".join(pykota) if isinstance(pykota, list) else ""
    scope = _("per queue") if facts["per_queue"] else _("for all queues")
    rows = [
        f"{facts['option']}: {_(str(facts['help']))}",
        _("allowed: {text}").format(text=_(str(facts["allowed"]))),
        _("holds: {text}").format(text=scope),
        _("default: {text}").format(text=facts["default"]),
        _("now: {text}").format(text=facts["toml"]),
        _("given in: {text}").format(text=visible(str(facts["source"]))),
        _("in pykota.conf: {text}").format(text=names or _("no directive")),
    ]
    if facts["not_in_force"]:
        rows.append(_("not in force yet: {text}").format(text=_(str(facts["not_in_force"]))))
    return "".join(f"{row}\n" for row in rows)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
