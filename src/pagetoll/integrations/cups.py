# SPDX-License-Identifier: Apache-2.0
"""CUPS's queues: which there are, putting them behind us and giving them back (lpstat(1), lpadmin(8)).

Programs of CUPS are run by argument list, in the C locale, with a time limit; CUPS_SERVER is respected. Names of
queues are hostile: they stand glued to their option letter, so that none can become an option.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pagetoll.config.home import Home
from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable, UsageError
from pagetoll.core.messages import _
from pagetoll.integrations import cups_server
from pagetoll.integrations.device_uris import (
    SecretUri,
    device_uri_of,
    forget_secret,
    keep_secret,
    read_secrets,
)
from pagetoll.wire.device_uri import (
    OUR_SCHEMES,
    TEA_SCHEME,
    has_password,
    is_plain_login,
    unwrap,
    without_password,
    wrap,
)

TIMEOUT_S = 30.0
#: cupsd writes printers.conf DirtyCleanInterval (30 s) after a change.
FILE_DELAY_S = 40.0
_POLL_S = 0.25
_QUIET_S = 1.0
_PASSED_ON = ("CUPS_SERVER", "CUPS_USER", "CUPS_ENCRYPTION", "HOME", "USER")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as everybody may see it: its URI as CUPS shows it, and the device behind us (None: not managed)."""

    name: str
    shown_uri: str
    managed_uri: str | None

    @property
    def device(self) -> str:
        """The device's URI, never with a password."""
        uri = self.shown_uri if self.managed_uri is None else self.managed_uri
        return without_password(uri) if has_password(uri) else uri


class Cups:
    """The scheduler that CUPS_SERVER names. Methods raise DeviceUnreachable when it does not run or its programs
    are missing, DeviceTimeout, DeviceRefused with what it said."""

    def __init__(self, environ: Mapping[str, str], on_wait: Callable[[str], None] = lambda _: None) -> None:
        """`on_wait` gets a sentence when something takes its time."""
        self._environ = environ
        self._on_wait = on_wait

    def queues(self) -> list[Queue]:
        """All queues, in the order of their names."""
        queues = []
        for name, uri in sorted(self.queue_uris().items()):
            wrapped = unwrap(uri)
            queues.append(Queue(name, uri, wrapped.device_uri if wrapped else None))
        return queues

    def queue_uris(self) -> dict[str, str]:
        """The device URI of each queue as CUPS shows it: without what stands before an `@` where it can tell."""
        lines = self.run("lpstat", "-v", empty_is="No destinations added").splitlines()
        found = [re.fullmatch(r"device for (\S+?): (.*)", line) for line in lines]
        # lpstat leaves the scheme of file: URIs out
        return {one[1]: f"file:{one[2]}" if one[2].startswith("/") else one[2] for one in found if one}

    def true_uri(self, queue: str, shown_uri: str) -> str:
        """The URI as it really is, from the scheduler's printers.conf, which may lag behind by half a minute."""
        if not cups_server.is_local(self._environ):
            raise DeviceRefused(
                _("CUPS_SERVER={server} is another machine; only there can {queue} be managed").format(
                    server=self._environ["CUPS_SERVER"], queue=queue
                )
            )
        files = cups_server.find_files(self._environ)
        start_s = told_s = time.monotonic()
        while True:
            try:
                present = cups_server.read_printers_conf(files).get(queue)
            except OSError as error:
                raise DeviceRefused(
                    _(
                        "{printers_conf}: {strerror}; only root can read whether the URI of {queue} holds a "
                        "password: run this as root"
                    ).format(printers_conf=files.printers_conf, strerror=error.strerror, queue=queue)
                ) from error
            if present is not None and _shown_as(present.device_uri, shown_uri):
                return present.device_uri
            if time.monotonic() > start_s + FILE_DELAY_S:
                raise DeviceTimeout(
                    _("{printers_conf} does not hold {queue} with {shown_uri}; restart CUPS, then try again").format(
                        printers_conf=files.printers_conf, queue=queue, shown_uri=shown_uri
                    )
                )
            if told_s == start_s and time.monotonic() > start_s + _QUIET_S:
                told_s = time.monotonic()
                self._on_wait(
                    _("{queue}: CUPS has not written {printers_conf} yet; waiting {file_delay_s:g} s at most").format(
                        queue=queue, printers_conf=files.printers_conf, file_delay_s=FILE_DELAY_S
                    )
                )
            time.sleep(_POLL_S)

    def set_uri(self, queue: str, device_uri: str) -> None:
        """Give an existing queue another device URI; all else of it stays."""
        self.run("lpadmin", f"-p{queue}", f"-v{device_uri}")

    def run(self, program: str, *arguments: str, empty_is: str = "") -> str:
        """Run one of CUPS's programs; its output. `empty_is` is what it says instead of an empty list."""
        environment = {name: self._environ[name] for name in _PASSED_ON if name in self._environ}
        environment |= {"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"}
        try:
            done = subprocess.run(
                [program, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                start_new_session=True,  # no terminal to ask for a password on
                check=False,
            )
        except FileNotFoundError as error:
            raise DeviceUnreachable(
                _("{program} is not installed; mend: apt-get install cups cups-client").format(program=program)
            ) from error
        except subprocess.TimeoutExpired as error:
            raise DeviceTimeout(
                _("{program} did not end within {timeout_s:g} s; does the scheduler hang?").format(
                    program=program, timeout_s=TIMEOUT_S
                )
            ) from error
        said = os.fsdecode(done.stderr).strip()
        if done.returncode != 0 and not (empty_is and empty_is in said):
            if "not running" in said or "Unable to connect" in said or "No such file" in said:
                raise DeviceUnreachable(_("{said}; start CUPS, or set CUPS_SERVER").format(said=said.rstrip(".")))
            raise DeviceRefused(
                said
                or _("{program} ended with status {returncode}; look into the error_log of CUPS").format(
                    program=program, returncode=done.returncode
                )
            )
        return os.fsdecode(done.stdout)


@dataclass(frozen=True, slots=True)
class Changed:
    """What managing or unmanaging did: the queue, its URI before and after (without passwords), or nothing."""

    queue: str
    before: str
    after: str
    secret_kept: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after


def manage(cups: Cups, home: Home, name: str, *, scheme: str = OUR_SCHEMES[0], secret: bool = False) -> Changed:
    """Put a queue behind us. Harmless when it is already.

    Raises UsageError for an unknown queue and for a URI with a password unless `secret`, which keeps it in
    device-uris.toml; ConfigError, DeviceError.
    """
    queue = _queue(cups, name)
    already = unwrap(queue.shown_uri)
    # a queue of Tea4CUPS's may still be behind the old program: it is put behind us as it is, and keeps its hooks
    if already is not None and TEA_SCHEME not in {already.scheme} - {scheme}:
        return Changed(name, queue.shown_uri, queue.shown_uri)
    uri = cups.true_uri(name, queue.shown_uri)
    if uri.startswith("file:"):
        raise UsageError(
            _("{name}: CUPS writes to {uri} itself, without a backend, so nothing can count it").format(
                name=name, uri=uri
            )
        )
    if not uri.isprintable():
        raise UsageError(
            _("{name}: its device URI holds signs that cannot be printed; set another with lpadmin -v").format(
                name=name
            )
        )
    shown = uri
    if has_password(uri):
        shown = without_password(uri)
        if not secret:
            raise UsageError(
                _(
                    "{name}: the URI {shown} holds a password, which CUPS would show to everybody; keep it "
                    "apart with: pagetoll cups manage --keep-secret {name}"
                ).format(name=name, shown=shown)
            )
        if not is_plain_login(uri):
            raise UsageError(
                _(
                    "{name}: the user or password in the URI {shown} holds a slash; give the queue the URI "
                    "with %2F in its place (and %40 for an @) by lpadmin -p {name} -v URI, then run this "
                    "again"
                ).format(name=name, shown=shown)
            )
        keep_secret(home, name, SecretUri(shown=shown, device_uri=uri))
    _set(cups, name, wrap(shown, scheme))
    return Changed(name, shown, wrap(shown, scheme), secret_kept=shown != uri)


def unmanage(cups: Cups, home: Home, name: str) -> Changed:
    """Give a queue its own URI back, with its password where one was kept. Harmless when it is not behind us.

    Raises UsageError for an unknown queue, ConfigError, DeviceError.
    """
    queue = _queue(cups, name)
    if queue.managed_uri is None:
        return Changed(name, queue.shown_uri, queue.shown_uri)
    uri = cups.true_uri(name, queue.shown_uri)
    wrapped = unwrap(uri)
    if wrapped is None or not wrapped.device_uri:
        raise DeviceRefused(
            _("{name}: {shown_uri} has no device behind it; set one with lpadmin -p {name} -v URI").format(
                name=name, shown_uri=queue.shown_uri
            )
        )
    real = device_uri_of(home, name, wrapped.device_uri) if home.device_uris.exists() else wrapped.device_uri
    cups.set_uri(name, real)
    if home.device_uris.exists() and name in read_secrets(home):
        forget_secret(home, name)
    after = without_password(real) if has_password(real) else real
    return Changed(name, queue.shown_uri, after)


def _queue(cups: Cups, name: str) -> Queue:
    if not name or name.startswith("-") or not name.isprintable() or set(name) & set(" /#"):
        raise UsageError(_("{name!r} is no name of a queue; list them with: pagetoll cups status").format(name=name))
    queues = {queue.name: queue for queue in cups.queues()}
    if name not in queues:
        known = " ".join(queues) or _("there are none")
        raise UsageError(
            _("CUPS has no queue {name} (a class is managed by its member queues); the queues: {known}").format(
                name=name, known=known
            )
        )
    return queues[name]


def _set(cups: Cups, name: str, uri: str) -> None:
    try:
        cups.set_uri(name, uri)
    except DeviceRefused as error:
        if "Bad device-uri" in str(error):
            raise DeviceRefused(
                _("{name}: {error} Is our backend installed? Mend: pagetoll cups install").format(
                    name=name, error=error
                )
            ) from error
        raise


def _shown_as(true_uri: str, shown_uri: str) -> bool:
    """Would CUPS show `true_uri` as `shown_uri`? It leaves out what stands between `//` and an `@`."""
    scheme, slashes, behind = true_uri.partition("://")
    hidden = {f"{scheme}{slashes}{behind.partition('@')[2]}", f"{scheme}{slashes}{behind.rpartition('@')[2]}"}
    return shown_uri == true_uri or ("@" in behind and shown_uri in hidden)
