# SPDX-License-Identifier: Apache-2.0
"""`reject_unknown`: users and groups that the system does not know are named, and left out of what is made."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pagetoll.app.users import GroupOrder, UserOrder, known_names
from pagetoll.config.options import Settings
from pagetoll.core.messages import _
from pagetoll.frontends.remarks import tell
from pagetoll.integrations.system_accounts import has_group, has_user


def only_known_users(settings: Settings, order: UserOrder) -> UserOrder:
    """The order for users that the system knows. Raises UsageError when it knows none of them."""
    if not (settings.reject_unknown and order.add):
        return order
    return replace(order, words=_known(order.words, has_user))


def only_known_groups(settings: Settings, order: GroupOrder) -> GroupOrder:
    """The order for groups that the system knows. Raises UsageError when it knows none of them."""
    if not (settings.reject_unknown and order.add):
        return order
    return replace(order, words=_known(order.words, has_group))


def _known(words: Sequence[str], is_known: Callable[[str], bool]) -> list[str]:
    known, unknown = known_names(words, is_known)
    for name in unknown:
        tell("ERROR", _("{name}: the system does not know this name, so it is left out").format(name=name))
    return known
