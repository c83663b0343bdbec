# SPDX-License-Identifier: Apache-2.0
"""Options that are read and checked, and that nothing obeys yet. Whoever builds one deletes its row here; a test sees
to it that an option without a row is used by the program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pagetoll.core.site_commands import SiteCommand


def _always(_value: object) -> bool:
    return True


def _is_command(value: object) -> bool:
    return isinstance(value, SiteCommand)


@dataclass(frozen=True, slots=True)
class NotYet:
    """What happens instead, and for which values of the option."""

    instead: str
    applies: Callable[[object], bool] = _always


NOT_YET_IN_FORCE: Mapping[str, NotYet] = {}
