# SPDX-License-Identifier: Apache-2.0
"""Names of printers, users and groups: shell patterns to find them, and what a new one may be called."""

import fnmatch
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

NAME_LENGTH_MAX = 255
REFUSED_CHARACTERS = "/@?*,;&|"
#: Embeddings, overrides and isolates of the bidirectional algorithm (UAX #9), and their ends.
TURNS_WRITING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})

Row = TypeVar("Row")


def split_words(words: Iterable[str]) -> list[str]:
    """All names of a command line: each word may be a comma list; empty parts and repetitions are dropped."""
    parts = [part for word in words for part in word.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def check_new_name(kind: str, name: str) -> str:
    """The name itself where a new printer, user or group may be called so. Raises UsageError otherwise."""
    bad = sorted({character for character in name if character in REFUSED_CHARACTERS or is_control(character)})
    if bad:
        shown = " ".join(repr(character)[1:-1] for character in bad)
        raise UsageError(
            _("invalid {kind} name {name!r}: leave out {shown}").format(kind=kind, name=name, shown=shown)
        )
    if not name.strip():
        raise UsageError(_("a {kind} name cannot be blank; give one with letters or digits").format(kind=kind))
    if len(name) > NAME_LENGTH_MAX:
        raise UsageError(
            _("the {kind} name {name}… has {length} characters; at most {most} work").format(
                kind=kind, name=name[:20], length=len(name), most=NAME_LENGTH_MAX
            )
        )
    return name


def new_names(kind: str, words: Iterable[str], known: Iterable[str]) -> list[str]:
    """The words that name nothing yet, each once. Raises UsageError for one that may not be a name."""
    present = set(known)
    return [check_new_name(kind, name) for name in dict.fromkeys(words) if name not in present]


def is_control(character: str) -> bool:
    """Whether a character moves the cursor, turns the direction of writing round, or is half a pair."""
    turns = unicodedata.bidirectional(character) in TURNS_WRITING
    return turns or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def on_one_line(text: str) -> str:
    """A text that anybody may have written, such as a description or the code of a job, as listings show it: with a
    question mark for each character that moves the cursor."""
    if text.isprintable():
        return text
    return "".join("?" if is_control(character) else character for character in text)


def matching(rows: Iterable[Row], patterns: Sequence[str], name_of: Callable[[Row], str]) -> list[Row]:
    """The rows whose name is one of `patterns` or matches one (`* ? [abc] [!abc]`, case matters), in given order."""
    if "*" in patterns:
        return list(rows)
    exact = set(patterns)
    wild = [pattern for pattern in patterns if any(sign in pattern for sign in "*?[")]
    return [
        row
        for row in rows
        if name_of(row) in exact or any(fnmatch.fnmatchcase(name_of(row), pattern) for pattern in wild)
    ]


def all_matching(rows: Sequence[Row], patterns: Sequence[str], name_of: Callable[[Row], str], kind: str) -> list[Row]:
    """Like `matching`, but every pattern must find something. Raises UsageError naming the first that does not."""
    for pattern in patterns:
        if not matching(rows, [pattern], name_of):
            raise UsageError(_("there is no {kind} {pattern}; create it first").format(kind=kind, pattern=pattern))
    return matching(rows, patterns, name_of)
