# SPDX-License-Identifier: Apache-2.0
"""The option words of argv[5] of a CUPS backend (CUPS filter(7), cupsParseOptions).

    name=value name="quoted value" name='quoted' name=with\\ blank boolean noboolean {collection=…}

A backslash takes the next character as it is; quotes may stand inside a value; braces keep blanks together.
"""

from collections.abc import Iterator

#: cupsd writes these itself, before anything that a client sent: the first one counts, later ones are forged.
OF_THE_SPOOLER = frozenset(
    {"job-uuid", "job-originating-host-name", "time-at-creation", "time-at-processing", "document-name-supplied"}
)
LARGEST_TEXT = 1 << 20


def parse_options(text: str) -> dict[str, str]:
    """Options by name; a bare word is "true", a bare word that begins with "no" is "false" for the rest of it.

    Never raises: what cannot be read as an option is taken as far as it goes.
    """
    options: dict[str, str] = {}
    for word, has_value, value in _words(text[:LARGEST_TEXT]):
        name = word.lower()
        if not has_value:
            name, value = (name[2:], "false") if name.startswith("no") and len(name) > 2 else (name, "true")
        if name and not (name in OF_THE_SPOOLER and name in options):
            options[name] = value
    return options


def _words(text: str) -> Iterator[tuple[str, bool, str]]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        start = position
        while position < len(text) and text[position] != "=" and not text[position].isspace():
            position += 1
        name = text[start:position]
        if position < len(text) and text[position] == "=":
            value, position = _value(text, position + 1)
            yield name, True, value
        else:
            yield name, False, ""


def _value(text: str, position: int) -> tuple[str, int]:
    """The value that begins at `position`, unquoted, and where it ends."""
    parts: list[str] = []
    quote = ""
    depth = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text):
            parts.append(text[position + 1])
            position += 2
            continue
        if quote:
            if character == quote:
                quote = ""
            else:
                parts.append(character)
        elif character in "\"'" and not depth:
            quote = character
        elif character.isspace() and not depth:
            break
        else:
            depth += (character == "{") - (character == "}" and depth > 0)
            parts.append(character)
        position += 1
    return "".join(parts), position
