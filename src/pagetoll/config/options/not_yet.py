# SPDX-License-Identifier: Apache-2.0
"""Options that are read and checked, and that nothing obeys yet. Whoever builds one deletes its row here; a test sees
to it that an option without a row is used by the program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pagetoll.config.options.kinds import Option


def _always(_value: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class NotYet:
    """What happens instead, and for which values of the option. `partly`: some programs obey it already."""

    instead: str
    applies: Callable[[object], bool] = _always
    partly: bool = False


def instead_of(option: Option, value: object) -> str:
    """What happens instead of what this value of an option says; "" when it is obeyed, or the default."""
    row = NOT_YET_IN_FORCE.get(option.name)
    return row.instead if row is not None and value != option.default and row.applies(value) else ""


_SHOWN = "there are no web pages yet; papers get a logo by --logo of pkinvoice, pkrefund and pkbanner"

NOT_YET_IN_FORCE: Mapping[str, NotYet] = {
    "logourl": NotYet(_SHOWN),
    "logolink": NotYet(_SHOWN),
}
