# SPDX-License-Identifier: Apache-2.0
"""Writes the man pages, `man/*.1`, from the programs' tables; after a table was changed:
`PYTHONPATH=src python tools/man_pages.py`.

Pages are in man(7)'s macros: one for each of PyKota's commands, one for `pagetoll`, one for each of its sub-commands.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from pagetoll import __version__
from pagetoll.frontends.cli.options import Command
from pagetoll.frontends.cli.pagetoll import SUBCOMMANDS
from pagetoll.frontends.programs import PYKOTA_PROGRAMS, CommandLine, command_of, pagetoll_lines

FOLDER = Path(__file__).resolve().parent.parent / "man"
ENVIRONMENT = (
    "PAGETOLL_HOME names the folder that holds configuration, ledger and spool. Without it they are in "
    "/etc/pagetoll, /var/lib/pagetoll and /var/spool/pagetoll."
)


def escaped(text: str) -> str:
    """Text that troff shows as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("…", "...")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def head(name: str, summary: str) -> str:
    """Title and NAME section; the summary's first sentence stands behind the name."""
    first = summary.split(". ")[0].removesuffix(".")
    title = name.upper().replace("-", "\\-")
    return f'.TH {title} 1 "" "Pagetoll {__version__}" "Pagetoll"\n.SH NAME\n{escaped(name)} \\- {escaped(first)}\n'


def synopsis(command: Command) -> str:
    return (
        f".B {escaped(command.name)}\n{escaped(command.usage)}\n"
        if command.usage
        else f".B {escaped(command.name)}\n"
    )


def option_rows(command: Command) -> str:
    """The options as tagged paragraphs."""
    text = ""
    for row in command.options:
        letter = f"\\fB\\-{row.letter}\\fR, " if row.letter else ""
        argument = f" \\fI{escaped(row.argument)}\\fR" if row.argument else ""
        text += f".TP\n{letter}\\fB\\-\\-{escaped(row.name)}\\fR{argument}\n{escaped(row.help)}\n"
    return text


def paragraphs(texts: Iterable[str]) -> str:
    return "".join(f".PP\n{escaped(text)}\n" for text in texts)


def page_of(command: Command, page_name: str) -> str:
    """The page of one command line."""
    return (
        head(page_name, command.summary)
        + f".SH SYNOPSIS\n{synopsis(command)}.SH DESCRIPTION\n{escaped(command.summary)}\n"
        + f".SH OPTIONS\n{option_rows(command)}"
        + (f".SH NOTES\n{paragraphs(command.remarks)}" if command.remarks else "")
        + f".SH ENVIRONMENT\n{escaped(ENVIRONMENT)}\n.SH SEE ALSO\n.BR pagetoll (1)\n"
    )


def noun_page(line: CommandLine, verbs: list[CommandLine]) -> str:
    """The page of a noun: a subsection for each verb."""
    name = "-".join(line.path)
    text = head(name, line.summary) + f".SH SYNOPSIS\n.B {escaped(' '.join(line.path))}\n.I verb\n[options] [names]\n"
    text += f".SH DESCRIPTION\n{escaped(line.summary)}\n.SH VERBS\n"
    for verb in verbs:
        assert verb.command is not None
        text += f".SS {escaped(verb.path[-1])}\n{synopsis(verb.command)}.PP\n{escaped(verb.command.summary)}\n"
        text += option_rows(verb.command)
    return text + f".SH ENVIRONMENT\n{escaped(ENVIRONMENT)}\n.SH SEE ALSO\n.BR pagetoll (1)\n"


def main_page() -> str:
    """The page of `pagetoll`."""
    summary = "Counts what is printed, says beforehand whether it may be printed, and books it once."
    rows = "".join(
        f".TP\n\\fBpagetoll {escaped(name)}\\fR\n{escaped(row.help)}; see\n.BR pagetoll\\-{escaped(name)} (1)\n"
        for name, row in SUBCOMMANDS.items()
        if not row.words
    )
    others = "\n".join(f".BR {program} (1)" for program in PYKOTA_PROGRAMS)
    return (
        head("pagetoll", summary)
        + ".SH SYNOPSIS\n.B pagetoll\n.I command\n[options] [names]\n"
        + f".SH DESCRIPTION\n{summary}\n.SH COMMANDS\n{rows}"
        + ".SH EXIT STATUS\n0 done, 1 failed or found something, 2 wrong usage, 130 interrupted.\n"
        + f".SH ENVIRONMENT\n{escaped(ENVIRONMENT)}\n.SH SEE ALSO\n{others}\n"
    )


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    found = {"pagetoll.1": main_page()}
    for program in PYKOTA_PROGRAMS:
        found[f"{program}.1"] = page_of(command_of(program), program)
    lines = list(pagetoll_lines())
    for line in lines:
        if len(line.path) != 2 or SUBCOMMANDS[line.path[1]].words:
            continue
        name = "-".join(line.path)
        if line.command is None:
            verbs = [verb for verb in lines if len(verb.path) == 3 and verb.path[:2] == line.path]
            found[f"{name}.1"] = noun_page(line, verbs)
        else:
            found[f"{name}.1"] = page_of(line.command, name)
    return found


def main() -> int:
    """Write the pages that changed, and remove those that no program has."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.1"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
