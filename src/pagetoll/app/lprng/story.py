# SPDX-License-Identifier: Apache-2.0
"""What an LPRng attempt must remember from one call of lpd to the next, kept as notes of the attempt.

lpd calls a program for each step of a job and none of them lives as long as the job; a daemon may be replaced in
between. So each step writes a sentence to the attempt's notes, and the next ones read it back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pagetoll.ports import AttemptRecord, Note

FILES, PASS, COUNTER = "lprng_files", "lprng_pass", "lprng_counter"
INSTANCE = "/lprng"
_FILE = re.compile(r"(\S+): (\d+) x (\d+) impressions, (\d+) sheets, (\d+) octets")
_BEGUN = re.compile(r"pass (\w+) of (\S+) began")
_DONE = re.compile(r"pass (\w+) of (\S+): (\d+) octets, (\d+) impressions, (\d+) sheets")


@dataclass(frozen=True, slots=True)
class CountedFile:
    """A data file: how often it is printed, and what one time uses."""

    name: str
    copies: int
    impressions: int
    media_sheets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Story:
    """The attempt so far. `ours`: data files go to the device through our filter; `counters`: a filter writes the
    device's page counter into the accounting file; `told`: no process of lpd on this machine drives it."""

    files: tuple[CountedFile, ...] = ()
    ours: bool = False
    counters: bool = False
    told: bool = False
    begun: tuple[tuple[str, str], ...] = ()  # pass, file
    done: tuple[tuple[str, int, int], ...] = ()  # pass, impressions, sheets

    @property
    def passes_wanted(self) -> int:
        return sum(file.copies for file in self.files)

    def file(self, name: str) -> CountedFile | None:
        """The counted file of this name."""
        return next((file for file in self.files if file.name == name), None)

    def handed_over(self) -> tuple[int, int, bool]:
        """Impressions and sheets of all passes, and whether all of that is known: a pass whose end nobody saw counts
        whole."""
        ended = {name for name, _, _ in self.done}
        unknown = [self.file(file) for name, file in self.begun if name not in ended]
        impressions = sum(count for _, count, _ in self.done) + sum(one.impressions for one in unknown if one)
        sheets = sum(count for _, _, count in self.done) + sum(one.media_sheets for one in unknown if one)
        return impressions, sheets, not unknown


def files_note(at: datetime, story: Story) -> Note:
    """The sentence about the files and about who will tell what came out."""
    traits = [word for word, holds in _traits(story) if holds] or ["by lpd's word only"]
    files = "; ".join(
        f"{one.name}: {one.copies} x {one.impressions} impressions, {one.media_sheets} sheets, {one.octets} octets"
        for one in story.files
    )
    return Note(at, FILES, f"{', '.join(traits)}: {files or 'no file was handed over'}")


def _traits(story: Story) -> tuple[tuple[str, bool], ...]:
    return (
        ("printed through our filter", story.ours),
        ("page counters in the accounting file", story.counters),
        ("told by lines", story.told),
    )


def begun_note(at: datetime, pass_name: str, file: str) -> Note:
    """The sentence about a pass that took its file to the device."""
    return Note(at, PASS, f"pass {pass_name} of {file} began")


def done_note(at: datetime, pass_name: str, file: str, octets: int, impressions: int, sheets: int) -> Note:
    """The sentence about a pass that is over: what of the file it brought to paper."""
    text = f"pass {pass_name} of {file}: {octets} octets, {impressions} impressions, {sheets} sheets"
    return Note(at, PASS, text)


def waiting_note(at: datetime) -> Note:
    """The sentence about a job whose pages only the next one's counter will tell."""
    return Note(
        at, COUNTER, "broke off; its pages end where the page counter stands when the next job reaches the device"
    )


def read_story(notes: Sequence[Note]) -> Story:
    """The story that the notes tell. A pass that was told twice counts once."""
    text = next((note.text for note in notes if note.code == FILES), "")
    passes = [note.text for note in notes if note.code == PASS]
    done = {one[1]: (int(one[4]), int(one[5])) for one in map(_DONE.fullmatch, passes) if one}
    traits = text.partition(": ")[0]
    return Story(
        files=tuple(CountedFile(name, *map(int, numbers)) for name, *numbers in _FILE.findall(text)),
        ours="our filter" in traits,
        counters="page counters" in traits or any(note.code == COUNTER for note in notes),
        told="told by lines" in traits,
        begun=tuple((one[1], one[2]) for one in map(_BEGUN.fullmatch, passes) if one),
        done=tuple((name, *counts) for name, counts in done.items()),
    )


def is_lprng(record: AttemptRecord) -> bool:
    """Whether this attempt is lpd's."""
    return record.facts.key.job.spooler_host.endswith(INSTANCE)
