# SPDX-License-Identifier: Apache-2.0
"""Draws who may do what from the table in pagetoll.core.rights, as the Markdown that its page holds.

python tools/draw_rights.py           prints it
python tools/draw_rights.py --write   puts it into docs/reference/rights.md, between the two marks
"""

import sys
from pathlib import Path

from pagetoll.core.rights import RIGHTS, RIGHTS_OF, Right, Row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "rights.md"
BEGIN = "<!-- drawn by tools/draw_rights.py from core/rights.py -->"
END = "<!-- end of the drawing -->"


def drawing() -> str:
    """Both tables, with the marks around them."""
    return f"{BEGIN}\n\n{roles()}\n\n{programs()}\n\n{END}\n"


def roles() -> str:
    """A line a role, a column a right."""
    lines = [f"| role | {' | '.join(Right)} |", "|---" * (len(Right) + 1) + "|"]
    lines += [
        f"| `{role}` | " + " | ".join("yes" if right in rights else "" for right in Right) + " |"
        for role, rights in RIGHTS_OF.items()
    ]
    return "\n".join(lines)


def programs() -> str:
    """A line for each row, and one for what no row covers."""
    lines = ["| command | options | takes the right to | others |", "|---|---|---|---|"]
    for program, rows in RIGHTS.items():
        lines += [f"| `{program}` | {options(row)} | {row.right} | {others(row)} |" for row in rows]
        if not rows or rows[-1].also is not None:
            lines.append(f"| `{program}` | {'all others' if rows else 'any'} | {Right.EVERYTHING} | refused |")
    return "\n".join(lines)


def options(row: Row) -> str:
    """Which command lines are the row's."""
    parts = [listed(row.needed)] if row.needed else []
    if row.one_of:
        parts.append(f"one or more of {listed(row.one_of)}")
    if row.also is None:
        return " ".join([*parts, "and any"]) if parts else "any"
    if row.also:
        parts.append(f"also {listed(row.also)}" if parts else f"none, or {listed(row.also)}")
    return " ".join(parts) or "none"


def listed(names: frozenset[str]) -> str:
    """Options with their dashes."""
    return " ".join(f"`--{name}`" for name in sorted(names))


def others(row: Row) -> str:
    """What those get who lack the right."""
    if row.right is Right.SHARED:
        return "everybody has it"
    if not row.own:
        return "refused"
    dropped = "".join(f"; `--{name}` is left out with a warning" for name in sorted(row.dropped))
    return "what is their own" + ("" if row.keeps_names else "; names are left out") + dropped


def with_drawing(page: str) -> str:
    """The page with the tables of today. Raises ValueError where the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(f"{END}\n")
    if not begin or not end:
        raise ValueError(f"{PAGE} has no marks around the tables: {BEGIN} and {END}")
    return f"{before}{drawing()}{after}"


def main(arguments: list[str]) -> int:
    """Print the tables, or write them into their page."""
    if arguments == ["--write"]:
        PAGE.write_text(with_drawing(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    if arguments:
        sys.stderr.write(f"usage: {sys.argv[0]} [--write]\n")
        return 2
    sys.stdout.write(drawing())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
