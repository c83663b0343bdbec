# SPDX-License-Identifier: Apache-2.0
"""Draws who may do what from the table in pagetoll.core.rights, as the Markdown that its page holds.

python tools/draw_rights.py           prints it
python tools/draw_rights.py --write   puts it into docs/reference/rights.md, between the two marks
"""

import sys

from drawn_page import DrawnPage

from pagetoll.core.rights import RIGHTS, RIGHTS_OF, Right, Row


def tables() -> str:
    """Both tables."""
    return f"{roles()}\n\n{programs()}"


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


PAGE = DrawnPage("reference/rights.md", "<!-- drawn by tools/draw_rights.py from core/rights.py -->", tables)

if __name__ == "__main__":
    sys.exit(PAGE.main(sys.argv[1:]))
