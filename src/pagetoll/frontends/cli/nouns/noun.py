# SPDX-License-Identifier: Apache-2.0
"""A noun of `pagetoll` as a table of verbs: reading the words, help, the open books, a rehearsal, and the output."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import cast

from pagetoll.app.rehearsal import NOTHING_BEFORE, Difference, Rehearsal
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _, ngettext
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.rows import Column, Value, show
from pagetoll.frontends.cli.screen import printable, tolerant_output
from pagetoll.frontends.cli.subcommand import JSON, parse_or_show, say
from pagetoll.frontends.session import Act, Opening, Session, carry_out
from pagetoll.ports import Catalogue

#: What a verb does with the open books; returns the exit status.
Work = Callable[[Session], int]

DRY_RUN = Option("N", "dry-run", "", "change nothing, show what would be changed")
DIFFERENCES_SHOWN_MAX = 1000
DIFFERENCE_COLUMNS = (
    Column("change", "CHANGE"),
    Column("kind", "KIND"),
    Column("name", "NAME"),
    Column("figures", "FIGURES"),
)


@dataclass(frozen=True, slots=True)
class Verb:
    """A row: its name, the words behind it, what it does, its options; `changes` adds --dry-run.

    A verb that has an option --dry-run of its own says itself what would be done.

    `plan` reads the command line before the books are opened. Raises UsageError for words that do not go together.
    """

    name: str
    usage: str
    summary: str
    plan: Callable[[Parsed], Work]
    rows: tuple[Option, ...] = ()
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Noun:
    """What `pagetoll NAME VERB` is about. `entries` says that a rehearsal of its verbs looks at quota entries."""

    name: str
    summary: str
    verbs: tuple[Verb, ...]
    entries: bool = False

    @property
    def program(self) -> str:
        return f"pagetoll {self.name}"

    def command(self, verb: Verb) -> Command:
        """The command line of a verb."""
        own = (*verb.rows, JSON, *((DRY_RUN,) if verb.changes else ()))
        return Command(f"{self.program} {verb.name}", verb.usage, verb.summary, own)

    def help(self) -> str:
        """The text of `pagetoll NOUN --help`."""
        width = max(len(verb.name) for verb in self.verbs) + 2
        rows = "".join(f"  {verb.name:<{width}}{_first_sentence(_(verb.summary))}\n" for verb in self.verbs)
        return (
            _("usage: {program} VERB [OPTION…] [NAME…]").format(program=self.program)
            + f"\n\n{_(self.summary)}\n\n"
            + _("verbs:")
            + f"\n{rows}\n"
            + _("Options of a verb: {program} VERB --help").format(program=self.program)
            + "\n"
        )

    def run(self, arguments: list[str]) -> int:
        """Run a verb; returns the exit status. Raises UsageError and what the books raise."""
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            sys.stdout.write(self.help())
            return 0 if arguments else 2
        verb = next((verb for verb in self.verbs if verb.name == arguments[0]), None)
        if verb is None:
            known = ", ".join(verb.name for verb in self.verbs)
            raise UsageError(
                _("{word!r} is no verb here; say one of: {known}").format(word=arguments[0], known=known)
            )
        parsed = parse_or_show(self.command(verb), arguments[1:])
        if parsed is None:
            return 0
        tolerant_output()
        return carry_out(self.command(verb), parsed, arguments[1:], lambda heard: self._act(verb, heard))

    def _act(self, verb: Verb, parsed: Parsed) -> Act:
        work = verb.plan(parsed)

        def act(opening: Opening) -> int:
            session = opening()
            try:
                return (
                    self._rehearse(session, parsed, work) if verb.changes and "dry-run" in parsed else work(session)
                )
            finally:
                session.close()

        return act

    def _rehearse(self, session: Session, parsed: Parsed, work: Work) -> int:
        rehearsal = Rehearsal(session.catalogue, entries=self.entries)
        status = work(replace(session, catalogue=cast(Catalogue, rehearsal)))
        _show_differences(rehearsal.differences, parsed)
        return status


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].removesuffix(".")


def _show_differences(differences: list[Difference], parsed: Parsed) -> None:
    rows = (
        {
            "change": difference.change if "json" in parsed else _(difference.change),
            "kind": difference.kind if "json" in parsed else _(difference.kind),
            "name": difference.name,
            "figures": ", ".join(map(_figure, difference.figures)),
        }
        for difference in differences[: None if "json" in parsed else DIFFERENCES_SHOWN_MAX]
    )
    show(DIFFERENCE_COLUMNS, rows, as_json="json" in parsed)
    if "json" in parsed:
        return
    more = len(differences) - DIFFERENCES_SHOWN_MAX
    if more > 0:
        say(_("… and {number} more").format(number=more))
    count = len(differences)
    say(
        ngettext(
            "Nothing was changed: {number} change would be made.",
            "Nothing was changed: {number} changes would be made.",
            count,
        ).format(number=count)
    )


def _figure(figure: tuple[str, str, str]) -> str:
    """A figure as it was and becomes; of what is new there is only one."""
    name, before, after = figure
    return f"{name} {before} → {after}" if before != NOTHING_BEFORE else f"{name} {after}"


def names_of(parsed: Parsed, what: str) -> list[str]:
    """The names behind a verb that needs some. Raises UsageError without any."""
    names = [part for word in parsed.words for part in word.split(",") if part]
    if not names:
        raise UsageError(_("which {what}? give names; see --help").format(what=what))
    return names


def done(text: str, parsed: Parsed, act: str, names: Iterable[str], **figures: Value) -> int:
    """Say what was done; for programs an object a name, with the act as one word; nothing in a rehearsal."""
    if "dry-run" in parsed:
        return 0
    if "json" in parsed:
        show((), ({"done": act, "name": name, **figures} for name in names), as_json=True)
    else:
        say(printable(text))
    return 0
