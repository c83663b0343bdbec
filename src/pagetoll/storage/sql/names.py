# SPDX-License-Identifier: Apache-2.0
"""Names that match a shell pattern, as a condition of a statement."""

import re
from typing import Any

from sqlalchemy import ColumnElement, or_

_SIGNS = frozenset("*?[")
#: A set: an optional !, then at least one sign; a ] that comes first is one of them.
_SET = re.compile(r"\[(!?)(\]?[^\]]*)\]", re.DOTALL)


def name_like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """That the name is `pattern` or matches it (`* ? [abc] [!abc]`, case matters)."""
    same: ColumnElement[bool] = column == pattern
    if not _SIGNS & set(pattern):
        return same
    return or_(same, column.regexp_match(expression(pattern)))


def expression(pattern: str) -> str:
    """The regular expression of a shell pattern, in what SQLite (Python's), PostgreSQL and MariaDB have in common."""
    parts, at = ["(?s)^"], 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "*":
            if parts[-1] != ".*":  # several in a row mean the same, and cost much
                parts.append(".*")
        elif sign == "?":
            parts.append(".")
        elif sign == "[" and (found := _SET.match(pattern, at)) and found[2]:
            parts.append(_set(found[2], besides=bool(found[1])))
            at = found.end()
            continue
        else:
            parts.append(_literal(sign))
        at += 1
    # Nothing may follow; \Z also holds before a last line end, of whichever kind a database knows.
    return "".join(parts) + "(?!.)"


def _set(signs: str, *, besides: bool) -> str:
    """One sign of a set, or `besides`: ranges stay where they ascend, everything else is itself."""
    parts, at = [], 0
    while at < len(signs):
        if signs[at + 1 : at + 2] == "-" and at + 2 < len(signs):
            if signs[at] <= signs[at + 2]:
                parts.append(f"{_literal(signs[at])}-{_literal(signs[at + 2])}")
            at += 3
        else:
            parts.append(_literal(signs[at]))
            at += 1
    if not parts:  # ranges that have nothing in them
        return "." if besides else "(?!)"
    return f"[{'^' if besides else ''}{''.join(parts)}]"


def _literal(sign: str) -> str:
    """A sign that means itself; a letter or digit must not have a backslash in front."""
    return sign if sign.isalnum() or not sign.isascii() or sign in " _" else f"\\{sign}"
