# SPDX-License-Identifier: Apache-2.0
"""The URL of a ledger in an LDAP directory (RFC 4516 without its search parts):
`ldap://HOST[:PORT]/BASE-DN?bind_dn=…&password_file=…`, `ldaps://…`, `ldapi://%2Frun%2Fslapd%2Fldapi/BASE-DN`.

`ldap:` to another machine is encrypted by StartTLS unless the URL says `starttls=no`. A password may also stand in
front of the host, percent-encoded: `ldap://:secret@host/…`, or `ldap://BIND-DN:secret@host/…`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

SCHEMES = ("ldap", "ldaps", "ldapi")
OPTIONS = ("bind_dn", "ca", "mirror", "password_file", "starttls")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")
#: Attribute=value, parts separated by commas that no backslash takes away; the server reads it in full.
_PART = r"\s*[A-Za-z0-9][A-Za-z0-9.-]*\s*=(?:\\.|[^\\,\0])+"
_DN = re.compile(f"{_PART}(?:,{_PART})*")
_SWITCH = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a ledger's directory is and how to enter it. `server` is the URL without anything but the host; without
    a `bind_dn`, `ldapi:` enters as the process's own user (SASL EXTERNAL), the others anonymously."""

    server: str
    base: str
    bind_dn: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    starttls: bool = False
    ca: Path | None = None
    mirror: Path | None = None

    @property
    def is_local_socket(self) -> bool:
        return self.server.startswith("ldapi:")

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Not of a local socket."""
        scheme, _colon, place = self.server.partition("://")
        found = _HOST.fullmatch(place)
        assert found is not None
        return found["host"].strip("[]"), int(found["port"] or (636 if scheme == "ldaps" else 389))

    @property
    def where(self) -> str:
        """For messages: nothing secret."""
        return f"ledger {self.server}/{quote(self.base, safe='=,+ .-_')}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises UsageError, which never shows a password."""
        try:
            parts = urlsplit(text)
        except ValueError:
            raise _unreadable() from None
        if parts.scheme not in SCHEMES or parts.fragment:
            raise _unreadable()
        userinfo, at, place = parts.netloc.rpartition("@")
        user, colon, password = userinfo.partition(":")
        options = _options(parts.query)
        base = unquote(parts.path.removeprefix("/"))
        if not _DN.fullmatch(base):
            raise UsageError(
                _("the ledger's URL names no entry of the directory; give one such as {example}").format(
                    example=EXAMPLE
                )
            )
        address = cls(
            server=_server(parts.scheme, place),
            base=base,
            bind_dn=options.get("bind_dn") or unquote(user) or None,
            password=unquote(password) if at and colon else None,
            password_file=_path(options, "password_file"),
            starttls=_starttls(parts.scheme, place, options),
            ca=_path(options, "ca"),
            mirror=_path(options, "mirror"),
        )
        _check_entrance(address)
        return address


EXAMPLE = "ldaps://ldap.example.org/ou=pagetoll,dc=example,dc=org"


def _unreadable() -> UsageError:
    return UsageError(_("the ledger's URL cannot be read; give one such as {example}").format(example=EXAMPLE))


def _server(scheme: str, place: str) -> str:
    if scheme == "ldapi":
        path = unquote(place)
        if not path.startswith("/") or "\0" in path:
            raise UsageError(
                _("the ledger's URL names no socket; write its path with %2F for each /, such as {example}").format(
                    example="ldapi://%2Frun%2Fslapd%2Fldapi/ou=pagetoll,dc=example,dc=org"
                )
            )
        return f"ldapi://{quote(path, safe='')}"
    found = _HOST.fullmatch(place)
    if found is None or not 0 < int(found["port"] or 389) < 65536:
        raise _unreadable()
    return f"{scheme}://{place}"


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise _unreadable() from None
    options: dict[str, str] = {}
    for name, value in pairs:
        if name not in OPTIONS:  # not shown: it may be a piece of the password
            raise UsageError(
                _("the ledger's URL has an option that is none of {known}; write %3F for a ? in a password").format(
                    known=", ".join(OPTIONS)
                )
            )
        if name in options or not value or "\0" in value:
            raise UsageError(
                _("the ledger's URL: give the option {option} once, with a value that it has").format(option=name)
            )
        options[name] = value
    return options


def _path(options: dict[str, str], name: str) -> Path | None:
    if (text := options.get(name)) is None:
        return None
    if not text.startswith("/"):
        raise UsageError(_("the ledger's URL: {option} must be a path that begins with /").format(option=name))
    return Path(text)


def _starttls(scheme: str, place: str, options: dict[str, str]) -> bool:
    said = options.get("starttls")
    if said is not None and said not in _SWITCH:
        raise UsageError(
            _("the ledger's URL: give the option {option} once, with a value that it has").format(option="starttls")
        )
    if scheme != "ldap":
        return False
    found = _HOST.fullmatch(place)
    is_local = found is not None and found["host"].lower() in _LOCAL_HOSTS
    return not is_local if said is None else _SWITCH[said]


def _check_entrance(address: Address) -> None:
    has_password = address.password is not None or address.password_file is not None
    if address.bind_dn is not None and not has_password:
        raise UsageError(
            _("the ledger's URL has a bind_dn, but no password_file; name the file that has its password")
        )
    if address.bind_dn is None and has_password:
        raise UsageError(_("the ledger's URL has a password, but no bind_dn; say whose it is"))
    if address.password is not None and address.password_file is not None:
        raise UsageError(_("the ledger's URL has a password and a password_file; leave one out"))
