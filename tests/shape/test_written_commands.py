# SPDX-License-Identifier: Apache-2.0
"""The commands that the manual and the change fragments write exist, with their words and options."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagetoll.frontends.programs import all_lines
from shape.tree import ROOT, name_of

LINES = {line.path: line for line in all_lines()}
PROGRAMS = {path[0] for path in LINES}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "changes.d").glob("*.md"))]
COMMON = {"--help", "-h", "--version", "-v", "--arguments", "-A"}
#: A word of a command, as opposed to a name, a file or a placeholder.
WORD = re.compile(r"[a-z][a-z-]*")
OPTION = re.compile(r"(--[a-z][a-z-]*)|(-[A-Za-z0-9])\b")


def written(text: str) -> Iterator[list[str]]:
    """The words of each command of ours that a page has in backticks, indented or in a fenced block."""
    spans = re.findall(r"`([^`\n]+)`", text)
    indented = re.findall(r"^ {4,}(\S.*)$", text, re.M)
    fenced = [line for block in re.findall(r"```\n(.*?)```", text, re.S) for line in block.splitlines()]
    for line in [*spans, *indented, *fenced]:
        for part in re.split(r"[|;]|&&|  #", line):
            words = part.removeprefix("$ ").split()
            if words and words[0] in PROGRAMS:
                yield words


def faults(words: list[str]) -> list[str]:
    """What of a written command does not exist."""
    path, rest = tuple(words[:1]), words[1:]
    while rest and (*path, rest[0]) in LINES:
        path, rest = (*path, rest[0]), rest[1:]
    line = LINES[path]
    if line.next_words and rest and WORD.fullmatch(rest[0]) and rest[0] not in line.next_words:
        return [rest[0]]
    if line.command is None:
        return []
    found = [match[0] for word in rest if (match := OPTION.match(word))]
    known = COMMON | set(line.options)
    return [option for option in found if not any(name.startswith(option) for name in known)]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_each_command_on_a_page_exists(path: Path) -> None:
    commands = list(written(path.read_text(encoding="utf-8")))
    assert [" ".join(words) for words in commands if faults(words)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`pkusers --listen`", ["--listen"]),
        ("    pkusers --add anna | pkprinters -q", ["-q"]),
        ("`pagetoll report users`", ["users"]),
        ("```\n$ pagetoll cups mange laser\n```", ["mange"]),
        ("`pagetoll printer limit laser --pages 200`, `pagetoll job list`, `pkusers -a anna`", []),
    ],
)
def test_a_command_that_is_none_is_seen(text: str, wrong: list[str]) -> None:
    assert [fault for words in written(text) for fault in faults(words)] == wrong
