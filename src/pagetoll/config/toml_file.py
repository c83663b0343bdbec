# SPDX-License-Identifier: Apache-2.0
"""Reads the text of a pagetoll.toml into a layer, and writes values as TOML.

All that is wrong in it is reported at once, each with its line, its option and what is allowed.
"""

import difflib
import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pagetoll.config.layers import Given, Layer
from pagetoll.config.options import OPTION_BY_NAME, Option
from pagetoll.config.options.kinds import Forbidden
from pagetoll.config.toml_lines import error_line, key_lines
from pagetoll.core.errors import ConfigError, ConfigProblem
from pagetoll.core.messages import _

SHOWN_SIGNS_MAX = 60

Report = Callable[[tuple[str, ...], str], None]


def read_toml(text: str, file: str) -> tuple[Layer, list[ConfigProblem]]:
    """The layer of a TOML text without what is wrong in it, and that. Raises ConfigError for wrong TOML."""
    tree = _tree(text, file)
    lines = key_lines(text)
    problems: list[ConfigProblem] = []
    given: dict[tuple[str, str], Given] = {}

    def report(key: tuple[str, ...], what: str) -> None:
        problems.append(ConfigProblem(file, lines.get(key, 0), ".".join(key), what))

    def keep(section: dict[str, Any], where: tuple[str, ...]) -> None:
        for name, raw in section.items():
            option = _option(name, where, report)
            if option is None:
                continue
            try:
                value = option.parse(raw)
            except ValueError as error:
                wrong = _("must be {allowed}, not {value}").format(allowed=_(option.allowed), value=shown(raw))
                what = f"{error}" if isinstance(error, Forbidden) else wrong
                report((*where, name), what)
            else:
                given[(where[1] if where else "", name)] = Given(value, raw, file, lines.get((*where, name), 0))

    queue_tree = tree.pop("queue", {})
    keep({key: value for key, value in tree.items() if not _is_stray_table(key, value, report)}, ())
    queues = _queue_sections(queue_tree, report)
    for name, section in queues.items():
        keep(section, ("queue", name))
    return Layer(file, given, tuple(queues)), sorted(problems, key=lambda problem: problem.line)


def shown(value: object) -> str:
    """A TOML value as text for a message: short, and on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    if len(text) <= SHOWN_SIGNS_MAX and text.isprintable():
        return text
    return f"{text[: SHOWN_SIGNS_MAX - 3].encode('unicode_escape').decode()}…"


def toml_value(value: object) -> str:
    """A value of the kinds that options take, as TOML text on one line."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case str():
            return toml_text(value)
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            pairs = [f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    raise ValueError(f"no TOML for {value!r}")


def toml_key(key: str) -> str:
    """A key, in quotes where it must."""
    bare = key and all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in key)
    return key if bare else toml_text(key)


def suggestion(name: str) -> str:
    """What to take instead of a name that no option has."""
    close = difflib.get_close_matches(name, OPTION_BY_NAME, n=1)
    if close:
        return _("; did you mean {name}?").format(name=close[0])
    return _("; the options are: {names}").format(names=" ".join(sorted(OPTION_BY_NAME)))


def toml_text(text: str) -> str:
    """A basic string, in quotes."""
    # JSON's escapes are TOML's, but that TOML wants U+007F escaped too; and JSON's halves of characters are none
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _tree(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        problem = ConfigProblem(
            file, error_line(error, text), "TOML", _("{error}; mend the syntax").format(error=error)
        )
        raise ConfigError([problem]) from error
    except (ValueError, ArithmeticError) as error:  # a number with thousands of digits
        raise ConfigError(
            [ConfigProblem(file, 0, "TOML", _("has a number that is far too long; shorten it"))]
        ) from error
    except RecursionError as error:
        raise ConfigError(
            [
                ConfigProblem(
                    file, 0, "TOML", _("is nested too deeply; options stand at the top or below [queue.NAME]")
                )
            ]
        ) from error


def _is_stray_table(key: str, value: object, report: Report) -> bool:
    if isinstance(value, dict) and key not in OPTION_BY_NAME:
        report((key,), _("there is no such section; options stand at the top or below [queue.NAME]"))
        return True
    return False


def _queue_sections(tree: object, report: Report) -> dict[str, dict[str, Any]]:
    if not isinstance(tree, dict):
        report(("queue",), _("must be a section of its own for each queue: [queue.NAME]"))
        return {}
    queues = {}
    for name, section in tree.items():
        if not isinstance(section, dict):
            report(("queue", name), _("stands below [queue] itself; write the queue's name there: [queue.NAME]"))
        elif not name or not name.isprintable() or name == "*":
            report(("queue", name), _("is no name of a queue: it is empty, * or has control characters"))
        else:
            queues[name] = section
    return queues


def _option(name: str, where: tuple[str, ...], report: Report) -> Option | None:
    option = OPTION_BY_NAME.get(name)
    if option is None:
        report((*where, name), _("there is no such option") + suggestion(name))
    elif where and not option.per_queue:
        report((*where, name), _("holds for all queues; move it above the first [queue.NAME]"))
        return None
    return option
