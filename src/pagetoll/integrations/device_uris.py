# SPDX-License-Identifier: Apache-2.0
"""device-uris.toml: the device URIs that hold a password.

CUPS hides what stands before an `@` only in URIs it can parse; ours it shows to everybody. So a URI with a password
is kept here, and the queue gets it without the password:

    [queue.laser]
    shown = "ipp://anna@printer/ipp/print"
    device_uri = "ipp://anna:secret@printer/ipp/print"
"""

import tomllib
from dataclasses import dataclass

from pagetoll.config.create import SECRET_MODE
from pagetoll.config.home import Home
from pagetoll.config.safe_files import read_owned, refusal, replace_file
from pagetoll.config.toml_file import toml_text
from pagetoll.core.messages import _


@dataclass(frozen=True, slots=True)
class SecretUri:
    """A URI with a password, and how it is shown in the queue."""

    shown: str
    device_uri: str


def read_secrets(home: Home) -> dict[str, SecretUri]:
    """The URIs with a password by queue; empty when none was kept. Raises ConfigError."""
    data = read_owned(home.device_uris, home.owner())
    if data is None:
        return {}
    try:
        queues = tomllib.loads(data.decode()).get("queue", {})
        return {name: SecretUri(row["shown"], row["device_uri"]) for name, row in queues.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(
            home.device_uris,
            _(
                "is not as it was written ({error}); remove it, then: pagetoll cups unmanage and manage --keep-secret"
            ).format(error=error),
        ) from error


def device_uri_of(home: Home, queue: str, shown: str) -> str:
    """The URI for the device backend: the kept one with its password while the queue still shows `shown`, else
    `shown` itself. Raises ConfigError."""
    kept = read_secrets(home).get(queue)
    return kept.device_uri if kept is not None and kept.shown == shown else shown


def keep_secret(home: Home, queue: str, secret: SecretUri) -> None:
    """Remember a URI with its password (0600, the home's owner). Raises ConfigError."""
    _write(home, {**read_secrets(home), queue: secret})


def forget_secret(home: Home, queue: str) -> None:
    """Remove what is remembered of a queue. Raises ConfigError."""
    secrets = read_secrets(home)
    if secrets.pop(queue, None) is not None:
        _write(home, secrets)


def _write(home: Home, secrets: dict[str, SecretUri]) -> None:
    lines = ["# Device URIs that hold a password; written by pagetoll cups manage --keep-secret."]
    for queue in sorted(secrets):
        lines += ["", f"[queue.{toml_text(queue)}]"]
        lines += [f"{key} = {toml_text(getattr(secrets[queue], key))}" for key in ("shown", "device_uri")]
    replace_file(home.device_uris, "\n".join(lines) + "\n", SECRET_MODE, home.owner())
