# SPDX-License-Identifier: Apache-2.0
"""Options that are read and checked, and that nothing obeys yet. Whoever builds one deletes its row here; a test sees
to it that an option without a row is used by the program.
"""

from collections.abc import Mapping

from pagetoll.config.options.kinds import Option

_SHOWN = "there are no web pages yet; papers get a logo by --logo of pkinvoice, pkrefund and pkbanner"
NOT_YET_IN_FORCE: Mapping[str, str] = {"logourl": _SHOWN, "logolink": _SHOWN}
"""Name of the option -> what happens instead."""


def instead_of(option: Option, value: object) -> str:
    """What happens instead of what this value of an option says; "" when it is obeyed, or the default."""
    return "" if value == option.default else NOT_YET_IN_FORCE.get(option.name, "")
