# SPDX-License-Identifier: Apache-2.0
"""Telling people: mails, and the site's own command instead of mail."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pagetoll.core.notices import Mail


class MailSender(Protocol):
    """Hands mails to a mail server; connects at the first one."""

    def send(self, mail: Mail) -> None:
        """Raises NoticeError when the server cannot be reached or takes the mail not."""
        ...

    def close(self) -> None: ...


class CommandNotifier(Protocol):
    """Runs a site's command that tells somebody."""

    def run(self, words: Sequence[str], variables: Mapping[str, str]) -> None:
        """Waits for its end. Raises NoticeError when it cannot be started, fails or takes too long."""
        ...
