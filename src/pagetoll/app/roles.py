# SPDX-License-Identifier: Apache-2.0
"""Who somebody is for the ledger: his roles and users groups; and giving roles and taking them back."""

from collections.abc import Sequence

from pagetoll.app.names import check_new_name
from pagetoll.core.catalogue import RoleRow
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.rights import Caller
from pagetoll.core.roles import Role
from pagetoll.ports import Catalogue, CatalogueReader, CatalogueTransaction

_NOT_HELD = "{name} does not have the role {role}; those who have it: {holders}"


def caller_of(catalogue: CatalogueReader, name: str, *, administrator: bool) -> Caller:
    """What the ledger knows of this login name. An administrator's role makes one as well."""
    roles = frozenset(row.role for row in catalogue.roles() if row.user_name == name)
    own = {row.user_id for row in catalogue.users() if row.name == name}
    joined = {group for group, user in catalogue.group_members() if user in own}
    groups = tuple(row.name for row in catalogue.groups() if row.group_id in joined)
    return Caller(name, administrator or Role.ADMIN in roles, roles, groups)


def grant(catalogue: Catalogue, names: Sequence[str], role: str, actor: str, act: str) -> None:
    """Give a role to login names; who has it keeps it. Raises UsageError for an unknown role or name."""
    wanted = role_of(role)
    logins = [check_new_name("login", name) for name in dict.fromkeys(names)]

    def work(transaction: CatalogueTransaction) -> None:
        transaction.grant_role(logins, wanted)

    catalogue.write(actor, act, work)


def revoke(catalogue: Catalogue, names: Sequence[str], role: str, actor: str, act: str) -> None:
    """Take a role back. Raises UsageError for an unknown role, and for a login that does not have it: then nobody's
    was taken."""
    wanted = role_of(role)

    def work(transaction: CatalogueTransaction) -> None:
        holders = {row.user_name for row in transaction.roles() if row.role is wanted}
        for name in names:
            if name not in holders:
                raise UsageError(_NOT_HELD.format(name=name, role=wanted, holders=_listed(holders)))
        transaction.revoke_role(list(dict.fromkeys(names)), wanted)

    catalogue.write(actor, act, work)


def granted(catalogue: CatalogueReader, names: Sequence[str] = ()) -> list[RoleRow]:
    """The roles that these logins have, or all; in the order of login and role."""
    return [row for row in catalogue.roles() if not names or row.user_name in names]


def role_of(text: str) -> Role:
    """The role that a word names. Raises UsageError."""
    try:
        return Role(text.strip().lower())
    except ValueError:
        raise UsageError(
            _("there is no role {text!r}; give one of {names}").format(text=text, names=", ".join(Role))
        ) from None


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"
