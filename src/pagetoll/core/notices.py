# SPDX-License-Identifier: Apache-2.0
"""What people are told of their quota, and the mails it becomes. Pure: who sends them is an adapter's matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What happened or would happen to a job, in PyKota's words."""

    ALLOW = "ALLOW"
    WARN = "WARN"
    DENY = "DENY"
    CANCEL = "CANCEL"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell somebody. `text` is for the user, `admin_text` for the administrator ("": nothing to tell).

    `variables` go to a site's own command beside the placeholders.
    """

    action: Action
    subject: str
    user_name: str
    email: str
    printer_name: str
    text: str
    admin_text: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as plain text; addresses are single ones."""

    sender: str
    recipient: str
    subject: str
    body: str
    copy_to: str = ""
    in_reply_to: str = ""
