# SPDX-License-Identifier: Apache-2.0
"""LPRng's accounting file: its lines, and the rule by which a page counter's lines become pages of jobs.

A line is a word and quoted parts: `start '-p100' '-Aalice@host+12' …` by a filter that asks the device, `START
'A=alice@host+12' …` and `END 'p=3' …` by the accounting program (LPRng manual 18.7), `jobstart '-Hhost' …` by lpd.
"""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BEGINS = frozenset(("start", "filestart"))
ENDS = frozenset(("end", "fileend"))
LINE_OCTETS_MAX = 4096
VALUE_OCTETS_MAX = 200
_UNTOUCHED = " @/:()=,+-%._"
_KEPT = frozenset(string.ascii_letters + string.digits + _UNTOUCHED)


@dataclass(frozen=True, slots=True)
class Record:
    """A line: its word, and its parts by their letter; the first of a letter counts."""

    word: str
    parts: dict[str, str]

    @property
    def counter(self) -> int:
        """The page counter that it tells, 0 for none."""
        text = self.parts.get("p", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else 0


@dataclass(frozen=True, slots=True)
class Finished:
    """A job whose pages are known: the START line's parts, the counter at its start and end (0 and 0: it never
    reached the device)."""

    parts: dict[str, str]
    counter_before: int
    counter_after: int

    @property
    def impressions(self) -> int:
        return self.counter_after - self.counter_before


def parse(line: str) -> Record | None:
    """The record of a line; None for one that is none. A part is '-Xvalue' or 'X=value', quoted or not."""
    word, _, rest = line.strip()[:LINE_OCTETS_MAX].partition(" ")
    if not word.isalpha() or not word.isascii():
        return None
    parts: dict[str, str] = {}
    for part in _parts(rest):
        if part[:1] == "-" and len(part) > 1:
            parts.setdefault(part[1], part[2:])
        elif part[1:2] == "=":
            parts.setdefault(part[0], part[2:])
    return Record(word, parts)


def _parts(text: str) -> Iterable[str]:
    """The quoted parts, and the words between them. lpd has taken the quotes out of what users can say."""
    for place, piece in enumerate(text.split("'")):
        if place % 2:
            yield piece
        else:
            yield from piece.split()


def line(word: str, parts: Sequence[tuple[str, str]]) -> str:
    """A line of the accounting program's own; signs that could end a part or the line become `_`."""
    return " ".join([word, *(f"'{letter}={cleaned(value)}'" for letter, value in parts)]) + "\n"


def cleaned(value: str) -> str:
    """A value as lpd itself tells it on a command line, and as our lines have it: an octet that is neither a letter,
    a figure nor one of `_UNTOUCHED` is `_`. Both sides of a comparison must have gone this way, since lpd's ticket
    has values as they came."""
    octets = value.encode("utf-8", "replace")[:VALUE_OCTETS_MAX]
    return "".join(chr(octet) if chr(octet) in _KEPT else "_" for octet in octets)


def has_counters(records: Iterable[Record]) -> bool:
    """Whether a filter writes the device's page counter into this file."""
    return any(record.word in BEGINS | ENDS and record.counter for record in records)


def since_last_end(records: Sequence[Record]) -> Sequence[Record]:
    """The lines that are not settled yet."""
    places = [place for place, record in enumerate(records) if record.word == "END"]
    return records[places[-1] + 1 :] if places else records


def recover(records: Sequence[Record]) -> list[Finished]:
    """The jobs that can be settled by what follows the last END, oldest first; none while the newest has no counter
    at its end: the next job that ends well settles all.

    A job's pages go from its start to its end; those of one that broke off to the start of the next that reached the
    device, so that each page is somebody's once.
    """
    jobs: list[tuple[dict[str, str], int]] = []
    last = 0  # the counter of the newest end line, 0 when something began after it
    for record in records:
        if record.word == "START":
            jobs.append((record.parts, 0))
            last = 0
        elif jobs and record.word in BEGINS and record.counter:
            parts, begun = jobs[-1]
            jobs[-1] = (parts, begun or record.counter)
            last = 0
        elif jobs and record.word in ENDS and record.counter:
            last = record.counter
    if not last or not jobs or not jobs[-1][1]:
        return []
    finished: list[Finished] = []
    after = last
    for parts, begun in reversed(jobs):
        before = begun or after
        if before > after:  # a counter that ran backwards was reset: nobody knows what came out
            before = after
        finished.append(Finished(parts, before, after))
        after = before
    return finished[::-1]
