# SPDX-License-Identifier: Apache-2.0
"""Whether a server knows all of Pagetoll's object classes and attributes (RFC 4512 §4.4)."""

import re

from pagetoll.core.errors import StorageError
from pagetoll.core.messages import _
from pagetoll.storage.ldap.connection import Connection
from pagetoll.storage.ldap.refusals import LOAD_SCHEMA, ConnectionLost, SchemaMissing
from pagetoll.storage.ldap.schema_files import SLAPD_CONF_FILE, attribute_types, object_classes

_NAME = re.compile(rb"\sNAME\s+(?:'([^']*)'|\(([^)]*)\))", re.IGNORECASE)
_QUOTED = re.compile(rb"'([^']*)'")
_USUAL_PLACE = "cn=Subschema"


def check_schema(connection: Connection, where: str) -> None:
    """Raises SchemaMissing, naming the file to load. A server that shows its schema to nobody passes."""
    try:
        place = connection.read("", ["subschemaSubentry"]).get("subschemasubentry", [])
        dn = place[0].decode("utf-8", "replace") if place else _USUAL_PLACE
        said = connection.read(dn, ["attributeTypes", "objectClasses"])
    except ConnectionLost:
        raise
    except StorageError:
        return
    for kind, wanted in (("attributetypes", attribute_types()), ("objectclasses", object_classes())):
        values = said.get(kind)
        if not values:
            return
        known = {name for value in values for name in _names(value)}
        lacking = [name for name, _definition in wanted if name.lower() not in known]
        if lacking:
            raise SchemaMissing(
                _("{where}: the directory does not know {name}; {advice}").format(
                    where=where, name=lacking[0], advice=_(LOAD_SCHEMA).format(file=SLAPD_CONF_FILE)
                )
            )


def _names(definition: bytes) -> list[str]:
    found = _NAME.search(definition)
    if found is None:
        return []
    names = [found[1]] if found[1] is not None else _QUOTED.findall(found[2])
    return [name.decode("ascii", "replace").lower() for name in names]
