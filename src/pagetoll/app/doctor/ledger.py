# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the ledger and of the directory that it may be in: facts in, findings out."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pagetoll.app.doctor.findings import Finding, bad, ok, warn
from pagetoll.core.messages import _

OF_OTHERS = 0o007


class Fault(StrEnum):
    """Why the ledger does not open: whoever asks may not, its server does not serve, its tables are missing or of
    another version, its address or driver is wrong, or something that the error itself says how to mend."""

    CLOSED = "closed"
    AWAY = "away"
    TABLES = "tables"
    ADDRESS = "address"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class DirectoryFacts:
    """A ledger's directory, as it told. `entries` were found by a search for all of them that is ended at `most`;
    `search_error` is why there were no more. `head` is the number of the newest commit, `mirror` of the newest that
    this server has, None where there is none. `password_mode` is that of the file `password_file`, "" without."""

    where: str
    assertion: bool
    entries: int
    most: int
    search_error: str
    head: int | None
    mirror: int | None
    password_file: str
    password_mode: int


def check_ledger(error: str, fault: Fault, configuration: str) -> Iterator[Finding]:
    """Whether it opens; `configuration` is the file that names it."""
    if not error:
        yield ok(_("the ledger opens and has this version's tables"))
        return
    edit = f"editor {shlex.quote(configuration)}"
    mends = {
        Fault.CLOSED: _("run pagetoll doctor as root"),
        Fault.AWAY: _("start the ledger's server, or name another one: {edit}").format(edit=edit),
        Fault.TABLES: "pagetoll init",
        Fault.ADDRESS: edit,
        Fault.SAID: _("do what it says, then: pagetoll init"),
    }
    yield bad(_("ledger: {database_error}").format(database_error=error), mends[fault])


def check_directory(facts: DirectoryFacts) -> Iterator[Finding]:
    """Whether a directory can keep a ledger, how far this server's mirror is, and who may read the password."""
    named = {"where": facts.where}
    if facts.assertion:
        yield ok(_("{where}: the directory compares before it writes (RFC 4528)").format(**named))
    else:
        text = _("{where}: the directory has no assertion control (RFC 4528), and without it can keep no ledger")
        yield bad(text.format(**named), _("use OpenLDAP's slapd 2.4 or newer, without a proxy before it"))
    if facts.search_error:
        text = _("{where}: a search for its entries ended after {entries}: {why}")
        yield bad(
            text.format(**named, entries=facts.entries, why=facts.search_error),
            _("let the account of the print servers read without a limit: limits … size.prtotal=unlimited"),
        )
    else:
        more = "+" if facts.entries >= facts.most else ""
        yield ok(_("{where}: all entries that were asked for came ({entries})").format(
            **named, entries=f"{facts.entries}{more}"
        ))  # fmt: skip
    if facts.head is not None:
        mirror = _("none yet") if facts.mirror is None else facts.mirror
        yield ok(
            _("{where}: commit {head} is the newest; this server's mirror has {mirror}").format(
                **named, head=facts.head, mirror=mirror
            )
        )
    if facts.password_file and facts.password_mode & OF_OTHERS:
        path = facts.password_file
        yield warn(
            _("{path}, which has the directory's password, is open to others (mode {mode:04o})").format(
                path=path, mode=facts.password_mode
            ),
            f"chmod o= {shlex.quote(path)}",
        )
