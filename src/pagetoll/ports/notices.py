# SPDX-License-Identifier: Apache-2.0
"""Telling people by mail; the site's own command instead of it is one of `SiteCommands`."""

from typing import Protocol

from pagetoll.core.notices import Mail


class MailSender(Protocol):
    """Hands mails to a mail server; connects at the first one."""

    def send(self, mail: Mail) -> None:
        """Raises NoticeError when the server cannot be reached or takes the mail not."""
        ...

    def close(self) -> None: ...
