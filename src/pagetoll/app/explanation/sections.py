# SPDX-License-Identifier: Apache-2.0
"""An explanation of a job as sections of rows, each row with a text for people and a value for programs.

In JSON, values are those of JSON; money is exact decimal text, times are ISO 8601.
"""

import json
from dataclasses import dataclass

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: its name in JSON, what people call it (a key of the catalogues, or translated already), how it reads
    ("" where there is nothing to say), its value."""

    name: str
    label: str
    text: str
    value: Value


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title (a key of the catalogues). In JSON an object by row name, or, when `is_list`, the list of
    the rows' values. `empty` (such a key, too) is what people are told where there are no rows."""

    name: str
    title: str
    rows: tuple[Row, ...]
    is_list: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An attempt in a sentence and in all its figures; `plain_summary` is the sentence as programs get it, in English
    whatever the reader's language is."""

    attempt_id: int
    summary: str
    plain_summary: str
    sections: tuple[Section, ...]


def to_json(explained: Explanation) -> str:
    """The explanation for programs, in one line."""
    tree: dict[str, Value] = {"attempt": explained.attempt_id, "summary": explained.plain_summary}
    for section in explained.sections:
        if section.is_list:
            tree[section.name] = [row.value for row in section.rows]
        else:
            tree[section.name] = {row.name: row.value for row in section.rows}
    return json.dumps(tree)
