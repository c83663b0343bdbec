# SPDX-License-Identifier: Apache-2.0
"""Collects the sentences for people out of the sources, and keeps the catalogues of their translations.

python tools/messages.py            writes src/pagetoll/locale/pagetoll.pot from the sources, brings the new sentences
                                    into each LANGUAGE/LC_MESSAGES/pagetoll.po, drops those that are gone, and writes
                                    the .mo beside it, which programs read
python tools/messages.py --compile  writes the .mo files only
python tools/messages.py --missing  says how many sentences each language lacks

Sentences are the arguments of `_()`, `ngettext()` and `marked()`, and the texts of the tables of commands (`TABLES`).
"""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCES = Path(__file__).resolve().parents[1] / "src"
PACKAGE = SOURCES / "pagetoll"
LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "pagetoll.pot"
LANGUAGES = ("fr", "de", "es", "it", "pt_BR")
PROGRAMS_OF_THEIR_OWN = ("thin",)  # speak to the spooler, in English
#: The classes whose instances are rows of tables: which of their arguments people read, by place and name.
TABLES: dict[str, dict[int, str]] = {
    "pagetoll.frontends.cli.options.Option": {3: "help"},
    "pagetoll.frontends.cli.options.Command": {1: "usage", 2: "summary", 4: "remarks"},
    "pagetoll.frontends.cli.nouns.noun.Verb": {1: "usage", 2: "summary"},
    "pagetoll.frontends.cli.nouns.noun.Noun": {1: "summary"},
    "pagetoll.frontends.cli.pagetoll.Subcommand": {1: "help"},
    "pagetoll.frontends.cli.rows.Column": {1: "head"},
    "pagetoll.app.explanation.job.Row": {1: "label"},
    "pagetoll.app.explanation.job.Section": {1: "title"},
    "pagetoll.app.explanation.job._number": {1: "label", 3: "unit"},
    "pagetoll.app.explanation.job._words": {1: "label"},
}
#: The functions that mark sentences, and how many of their arguments are one; `marked` only marks, for constants.
MARKS = {"_": 1, "marked": 1, "ngettext": 2}
#: Enumerations whose values people read as words, with blanks for "_".
WORDS = (
    "pagetoll.app.doctor.findings.Level",
    "pagetoll.config.pykota_conf.directives.Fate",
    "pagetoll.core.jobs.AttemptState",
    "pagetoll.core.jobs.Identified",
    "pagetoll.core.jobs.Outcome",
    "pagetoll.core.money.Unit",
    "pagetoll.core.policy.OwnerKind",
    "pagetoll.core.usage.Duplex",
)
#: Sentences have no date, so that a catalogue changes only when a sentence does.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
FIELD = re.compile(r"\{[^{}]*\}|%(?:\([a-z_]+\))?[a-z]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text for people, with its form for many where it has one, and the file it stands in."""

    one: str
    many: str
    file: str


def sentences() -> list[Sentence]:
    """All of them, in the order of files and lines. Raises ValueError for one that no catalogue could hold."""
    files = sorted(
        path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in PROGRAMS_OF_THEIR_OWN
    )
    return [sentence for path in files for sentence in sentences_of(path)] + [*texts_of_options(), *words()]


def texts_of_options() -> Iterator[Sentence]:
    """What people read of the options, and of PyKota's directives; numbers stand in it, so it is taken as it is."""
    options = importlib.import_module("pagetoll.config.options")
    not_yet = importlib.import_module("pagetoll.config.options.not_yet")
    directives = importlib.import_module("pagetoll.config.pykota_conf.directives")
    texts = [
        *((text, options) for row in options.OPTIONS for text in (row.help, row.allowed)),
        *((text, not_yet) for text in not_yet.NOT_YET_IN_FORCE.values()),
        *((text, directives) for row in directives.DIRECTIVES for text in (row.allowed, row.instead)),
    ]
    yield from (Sentence(text, "", file_of(module.__name__)) for text, module in texts if text)


def words() -> Iterator[Sentence]:
    """The values of `WORDS` as people write them."""
    for place in WORDS:
        module, name = place.rsplit(".", 1)
        for member in getattr(importlib.import_module(module), name):
            yield Sentence(member.value.replace("_", " "), "", file_of(module))


def sentences_of(path: Path, sources: Path = SOURCES) -> Iterator[Sentence]:
    """Those of one source file below the folder of sources."""
    source = path.read_text(encoding="utf-8")
    file = path.relative_to(sources).as_posix()
    tree = ast.parse(source, file)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    tables = tables_of(tree, module_of(file))
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in ("_", "marked") and not isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp):
            continue  # a text of a table, translated where it is shown
        if name in MARKS:
            texts = [literal(argument, file) for argument in call.args[: MARKS[name]]]
            yield Sentence(texts[0], texts[1] if len(texts) > 1 else "", file)
        elif name in tables:
            for text in texts_of_row(call, tables[name], file):
                if text:
                    yield Sentence(text, "", file)


def tables_of(tree: ast.Module, module: str) -> dict[str, dict[int, str]]:
    """What `TABLES` says, by the names that the classes have in this file."""
    own = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    found = {name: f"{module}.{name}" for name in own}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {name: TABLES[place] for name, place in found.items() if place in TABLES}


def module_of(file: str) -> str:
    """The module that a source file is."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def file_of(module: str) -> str:
    """The source file of a module."""
    base = module.replace(".", "/")
    return f"{base}/__init__.py" if (SOURCES / base).is_dir() else f"{base}.py"


def literal(node: ast.expr, file: str) -> str:
    """The text of a literal. Raises ValueError for anything that is put together when the program runs."""
    try:
        value = (
            ast.literal_eval(node)
            if not isinstance(node, ast.BinOp)
            else literal(node.left, file) + literal(node.right, file)
        )
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise ValueError(f"{file}:{node.lineno}: {ast.unparse(node)} is no plain text; put values in by .format()")
    return value


def texts_of_row(call: ast.Call, places: dict[int, str], file: str) -> Iterator[str]:
    """What people read of a table's row; a value that is put together is taken from the imported module."""
    given = {places[at]: node for at, node in enumerate(call.args) if at in places}
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in places.values()}
    for name in places.values():
        if name in given:
            value = value_of(given[name], file)
            yield from value if isinstance(value, tuple) else (value,)


def value_of(node: ast.expr, file: str) -> Any:
    """The value of an expression at the top of a module; "" where it needs a name of a function's inside."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        module = importlib.import_module(module_of(file))
        expression = compile(ast.Expression(node), file, "eval")
    try:
        return eval(expression, vars(module))  # noqa: S307 - our own sources
    except NameError:
        return ""


def template() -> Catalog:
    """The catalogue of all sentences, without translations."""
    found = new_catalogue(None)
    for sentence in sentences():
        key = (sentence.one, sentence.many) if sentence.many else sentence.one
        flags = ["python-brace-format"] if FIELD.search(sentence.one) else []
        found.add(key, locations=[(sentence.file, None)], flags=flags)
    return found


def new_catalogue(language: str | None) -> Catalog:
    """An empty catalogue with our description."""
    return Catalog(
        locale=language,
        domain="pagetoll",
        header_comment="# SPDX-License-Identifier: Apache-2.0\n# Sentences of Pagetoll.",
        project="pagetoll",
        version="0",
        msgid_bugs_address="none",
        copyright_holder="the authors of Pagetoll",
        creation_date=NO_DATE,
        revision_date=NO_DATE,
        last_translator="the authors of Pagetoll",
        language_team="the authors of Pagetoll",
        fuzzy=False,
    )


def catalogue_of(language: str) -> Path:
    """Where the translations into a language are."""
    return LOCALE / language / "LC_MESSAGES" / "pagetoll.po"


def read(path: Path, language: str | None) -> Catalog:
    """The catalogue in a file; an empty one where there is no file."""
    if not path.exists():
        return new_catalogue(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="pagetoll")


def merged(language: str, wanted: Catalog) -> Catalog:
    """The translations into a language, for the sentences of today; those that are gone are dropped."""
    old, new = read(catalogue_of(language), language), new_catalogue(language)
    for message in wanted:
        if message.id:
            known = old.get(message.id) if not isinstance(message.id, tuple) else old.get(message.id[0])
            text = known.string if known is not None and known.pluralizable == message.pluralizable else None
            new.add(message.id, text, locations=message.locations, flags=message.flags - {"fuzzy"})
    return new


def is_translated(text: str | tuple[str, ...]) -> bool:
    """Whether every form of a translation is there."""
    return all(text) if isinstance(text, tuple) else bool(text)


def po_octets(catalogue: Catalog) -> bytes:
    """The catalogue as a file for people; paths without lines, which change with every other change."""
    out = BytesIO()
    write_po(out, catalogue, width=110, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def mo_octets(catalogue: Catalog) -> bytes:
    """The catalogue as a file for programs: what is translated, and nothing that is empty."""
    translated = new_catalogue(None if catalogue.locale is None else str(catalogue.locale))
    for message in catalogue:
        if message.id and is_translated(message.string):
            translated.add(message.id, message.string)
    out = BytesIO()
    write_mo(out, translated)
    return out.getvalue()


def compile_all() -> None:
    """Write the .mo of each language; none for a language without a translation."""
    for language in LANGUAGES:
        path = catalogue_of(language)
        catalogue = read(path, language)
        compiled = path.with_suffix(".mo")
        if any(message.id and is_translated(message.string) for message in catalogue):
            compiled.write_bytes(mo_octets(catalogue))
        else:
            compiled.unlink(missing_ok=True)


def update() -> None:
    """Template, catalogues and compiled catalogues of today's sources."""
    wanted = template()
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(po_octets(wanted))
    for language in LANGUAGES:
        path = catalogue_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_octets(merged(language, wanted)))
    compile_all()


def missing(language: str) -> list[str]:
    """The sentences that a language lacks."""
    catalogue = read(catalogue_of(language), language)
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id and not is_translated(message.string)
    ]


def main(arguments: list[str]) -> int:
    """Do what the module's text says."""
    acts = {(): update, ("--compile",): compile_all, ("--missing",): lambda: None}
    act = acts.get(tuple(arguments))
    if act is None:
        sys.stderr.write(f"usage: {sys.argv[0]} [--compile|--missing]\n")
        return 2
    act()
    for language in LANGUAGES:
        lacking = len(missing(language))
        sys.stdout.write(f"{language}: {lacking} sentences to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
