# SPDX-License-Identifier: Apache-2.0
"""Name to class, as rows; a row's module is imported when it is first asked for, never before."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from pagetoll.core.errors import PluginError, UsageError
from pagetoll.core.messages import _

if TYPE_CHECKING:
    from pagetoll.ports import Catalogue, Clock, Ledger

#: kind -> name -> "module:attribute". A store's name is the scheme of its URL.
PLUGINS: dict[str, dict[str, str]] = {
    "ledger": {
        "sqlite": "pagetoll.storage.sql.ledger:open_ledger",
        "postgresql": "pagetoll.storage.sql.ledger:open_ledger",
        "mysql": "pagetoll.storage.sql.ledger:open_ledger",
        "mariadb": "pagetoll.storage.sql.ledger:open_ledger",
        "ldap": "pagetoll.storage.ldap.stores:open_ledger",
        "ldaps": "pagetoll.storage.ldap.stores:open_ledger",
        "ldapi": "pagetoll.storage.ldap.stores:open_ledger",
    },
    "catalogue": {
        "sqlite": "pagetoll.storage.sql.catalogue:open_catalogue",
        "postgresql": "pagetoll.storage.sql.catalogue:open_catalogue",
        "mysql": "pagetoll.storage.sql.catalogue:open_catalogue",
        "mariadb": "pagetoll.storage.sql.catalogue:open_catalogue",
        "ldap": "pagetoll.storage.ldap.stores:open_catalogue",
        "ldaps": "pagetoll.storage.ldap.stores:open_catalogue",
        "ldapi": "pagetoll.storage.ldap.stores:open_catalogue",
    },
    "examination": {
        "ldap": "pagetoll.storage.ldap.examination:examine",
        "ldaps": "pagetoll.storage.ldap.examination:examine",
        "ldapi": "pagetoll.storage.ldap.examination:examine",
    },
    "meter": {
        "snmp": "pagetoll.accounters.snmp.meter:SnmpMeter",
        "pjl": "pagetoll.accounters.pjl.meter:PjlMeter",
        "ipp": "pagetoll.accounters.ipp.meter:IppMeter",
        "command": "pagetoll.accounters.command.meter:CommandMeter",
    },
    "schema": {
        "sqlite": "pagetoll.storage.sql.migrate:upgrade",
        "postgresql": "pagetoll.storage.sql.migrate:upgrade",
        "mysql": "pagetoll.storage.sql.migrate:upgrade",
        "mariadb": "pagetoll.storage.sql.migrate:upgrade",
        "ldap": "pagetoll.storage.ldap.migrate:upgrade",
        "ldaps": "pagetoll.storage.ldap.migrate:upgrade",
        "ldapi": "pagetoll.storage.ldap.migrate:upgrade",
    },
}

#: Modules of drivers whose packages have another name.
DRIVERS = {"ldap": "python-ldap"}


def load(kind: str, name: str) -> Any:
    """The object of a row. Raises UsageError for an unknown name, PluginError when its module is broken
    or the package that it needs is not installed."""
    rows = PLUGINS[kind]
    if name not in rows:
        raise UsageError(
            _("there is no {kind} “{name}”; the known ones are {names}").format(
                kind=kind, name=name, names=", ".join(sorted(rows))
            )
        )
    module_name, _colon, attribute = rows[name].partition(":")
    try:
        return getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and (package := DRIVERS.get(error.name or "")):
            raise PluginError(
                _("the ledger's database needs the package {package}; install it with: pip install {package}").format(
                    package=package
                )
            ) from error
        raise PluginError(
            _(
                "the {kind} “{name}” cannot be loaded ({error}); install the package it needs, or choose another"
            ).format(kind=kind, name=name, error=error)
        ) from error


def _of_url(kind: str, url: str, **words: object) -> Any:
    """What a row makes of this URL."""
    return load(kind, url.partition(":")[0].partition("+")[0])(url, **words)


def open_ledger(url: str, *, clock: "Clock", busy_timeout_s: float = 10.0) -> "Ledger":
    """The ledger at `url` (sqlite:////var/lib/…, postgresql://…). Connects at its first use, not here."""
    return cast("Ledger", _of_url("ledger", url, clock=clock, busy_timeout_s=busy_timeout_s))


def open_catalogue(url: str, *, clock: "Clock", busy_timeout_s: float = 10.0) -> "Catalogue":
    """The catalogue of the same database, for administration."""
    return cast("Catalogue", _of_url("catalogue", url, clock=clock, busy_timeout_s=busy_timeout_s))


def examine_directory(url: str, *, timeout_s: float) -> Mapping[str, object]:
    """What the directory at `url` tells of itself, for the doctor."""
    return cast(Mapping[str, object], _of_url("examination", url, timeout_s=timeout_s))


def upgrade_schema(url: str) -> None:
    """Creates the tables at `url`, or brings those of an older version up to this one; harmless when repeated."""
    _of_url("schema", url)
