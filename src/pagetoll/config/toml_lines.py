# SPDX-License-Identifier: Apache-2.0
"""In which line of a TOML text each key stands (TOML 1.0): the standard parser forgets it, errors need it."""

import re
import tomllib

_KEY = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.\- \t])+"""
_HEADER = re.compile(rf"\s*\[\s*({_KEY})\s*\]\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})=(.*)$", re.DOTALL)

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of each table header and key of a *valid* TOML text, by its full dotted path."""
    lines: dict[Path, int] = {}
    table: Path = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := _HEADER.match(line):
            table = _path_of(f"[{header[1]}]")
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(table + _path_of(f"{assignment[1]}=0"), number)
            closing = _left_open(assignment[2])
    return lines


def error_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line a syntax error names, the last one when it names the end."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else text.count("\n") + 1


def _left_open(value: str) -> str:
    """The quotes that must come before keys may go on, where the value is an unfinished multi-line string."""
    for quotes in ('"""', "'''"):
        if value.lstrip().startswith(quotes) and value.count(quotes) == 1:
            return quotes
    return ""


def _path_of(snippet: str) -> Path:
    """The dotted path of a header or an assignment of a number."""
    try:
        node: object = tomllib.loads(snippet)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        path.append(key)
    return tuple(path)
