# SPDX-License-Identifier: Apache-2.0
"""A directory's result codes (RFC 4511, appendix A) and libldap's own in our words."""

from pagetoll.core.errors import StorageError, StorageUnavailable
from pagetoll.core.messages import _, marked
from pagetoll.storage.ldap.libldap import ldap
from pagetoll.storage.ldap.schema_files import SLAPD_CONF_FILE


class ConnectionLost(StorageUnavailable):
    """No answer came: what was asked for may have been done or not."""


class NoSuchEntry(StorageError):
    """There is no such entry, or whoever asks may not see it."""


class EntryExists(StorageError):
    """An entry of that name is there already."""


class AssertionFailed(StorageError):
    """The entry is not as the request asserts."""


class NoSuchValue(StorageError):
    """The value that was to be removed is not there."""


class SchemaMissing(StorageError):
    """The server does not know Pagetoll's object classes and attributes, or not all of them."""


_RUNS = marked("check that the directory runs and can be reached")
_RIGHTS = marked("check bind_dn and its password, and that the directory's rules let it read and write there")
_FILES = marked("the files that the ledger's URL names must be readable to who runs this")
_CERTIFICATE = marked("the server's certificate must be signed by who is in the file that the URL names as ca=")
_WRITABLE = marked("the directory takes no changes; give the address of the provider that does, and see its log")
LOAD_SCHEMA = marked(
    "load Pagetoll's schema with: pagetoll config ldap-schema | ldapadd -Y EXTERNAL -H ldapi:///"
    " (or include {file} in slapd.conf)"
)
_LIMITS = marked("the directory's limits are too narrow; let bind_dn read without size and time limits")
_CONTROLS = marked("the server must know the assertion control (RFC 4528) and paged results (RFC 2696)")
_BASE = marked("check the entry that the URL names; create the ledger with: pagetoll init")
_LOG = marked("see the directory's log")

#: What python-ldap raises -> what we raise, and what to do about it.
_REFUSALS: dict[type[Exception], tuple[type[StorageError], str]] = {
    ldap.ADMINLIMIT_EXCEEDED: (StorageError, _LIMITS),
    ldap.ALREADY_EXISTS: (EntryExists, _LOG),
    ldap.ASSERTION_FAILED: (AssertionFailed, _LOG),
    ldap.AUTH_METHOD_NOT_SUPPORTED: (StorageUnavailable, _RIGHTS),
    ldap.AUTH_UNKNOWN: (StorageUnavailable, _RIGHTS),
    ldap.BUSY: (StorageUnavailable, _RUNS),
    ldap.CONFIDENTIALITY_REQUIRED: (StorageUnavailable, _RIGHTS),
    ldap.CONNECT_ERROR: (ConnectionLost, _CERTIFICATE),
    ldap.DECODING_ERROR: (ConnectionLost, _RUNS),
    ldap.INAPPROPRIATE_AUTH: (StorageUnavailable, _RIGHTS),
    ldap.INAPPROPRIATE_MATCHING: (SchemaMissing, LOAD_SCHEMA),
    ldap.INSUFFICIENT_ACCESS: (StorageUnavailable, _RIGHTS),
    ldap.INVALID_CREDENTIALS: (StorageUnavailable, _RIGHTS),
    ldap.INVALID_DN_SYNTAX: (StorageError, _BASE),
    ldap.INVALID_SYNTAX: (SchemaMissing, LOAD_SCHEMA),
    ldap.LOCAL_ERROR: (StorageUnavailable, _RIGHTS),
    ldap.NAMING_VIOLATION: (SchemaMissing, LOAD_SCHEMA),
    ldap.NO_SUCH_ATTRIBUTE: (NoSuchValue, _LOG),
    ldap.NO_SUCH_OBJECT: (NoSuchEntry, _BASE),
    ldap.OBJECT_CLASS_VIOLATION: (SchemaMissing, LOAD_SCHEMA),
    ldap.OTHER: (StorageUnavailable, _LOG),
    ldap.REFERRAL: (StorageUnavailable, _WRITABLE),
    ldap.SERVER_DOWN: (ConnectionLost, _RUNS),
    ldap.SIZELIMIT_EXCEEDED: (StorageError, _LIMITS),
    ldap.STRONG_AUTH_REQUIRED: (StorageUnavailable, _RIGHTS),
    ldap.TIMELIMIT_EXCEEDED: (StorageError, _LIMITS),
    ldap.TIMEOUT: (ConnectionLost, _RUNS),
    ldap.UNAVAILABLE: (StorageUnavailable, _RUNS),
    ldap.UNAVAILABLE_CRITICAL_EXTENSION: (StorageError, _CONTROLS),
    ldap.UNDEFINED_TYPE: (SchemaMissing, LOAD_SCHEMA),
    ldap.UNWILLING_TO_PERFORM: (StorageUnavailable, _WRITABLE),
}
_LONGEST = 240


def refusal(error: Exception, where: str) -> StorageError:
    """What to raise, `from error`; `where` names the directory without secrets."""
    if isinstance(error, UnicodeError):
        kind, advice = StorageError, _LOG
    elif isinstance(error, OSError):
        kind, advice = StorageUnavailable, _FILES
    else:
        kind, advice = _REFUSALS.get(type(error), (StorageError, _LOG))
    return kind(
        _("{where}: {error}; {advice}").format(
            where=where, error=_said(error), advice=_(advice).format(file=SLAPD_CONF_FILE)
        )
    )


def _said(error: Exception) -> str:
    """A server's words, cut and without control characters."""
    said = error.args[0] if error.args else ""
    text = error.reason if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else str(error)
    if isinstance(said, dict):
        text = ": ".join(str(said[name]) for name in ("desc", "info") if said.get(name))
    return "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST]).strip() or type(error).__name__
