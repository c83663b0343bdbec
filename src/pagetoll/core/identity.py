# SPDX-License-Identifier: Apache-2.0
"""From what a spooler says of a job to the names that the books know: realms, domains, case, aliases, titles."""

import fnmatch
import re
from collections.abc import Mapping

_SIGN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)


def without_realm(user_name: str) -> str:
    """A Kerberos principal's first part: `anna/admin@REALM` is anna. Other names stay as they are."""
    principal, at, _realm = user_name.partition("@")
    return principal.partition("/")[0] if at else user_name


def without_domain(user_name: str, separator: str) -> str:
    """What follows the last separator of domain and user, if there is one."""
    return user_name.rpartition(separator)[2] if separator else user_name


def known_as(user_name: str, aliases: Mapping[str, str]) -> str:
    """The user whom this name is another name of; the name itself otherwise."""
    return aliases.get(user_name, user_name)


def without_prefix(title: str, pattern: str) -> str:
    """The title without its beginning, where that matches the pattern; each sign of a pattern, and each [ ] of it,
    stands for one of the title's."""
    signs = len(_SIGN.findall(pattern))
    return title[signs:] if signs and fnmatch.fnmatchcase(title[:signs], pattern) else title
