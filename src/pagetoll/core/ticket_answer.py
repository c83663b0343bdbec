# SPDX-License-Identifier: Apache-2.0
"""What a site's ticket command says of a job, line by line (PyKota's overwrite_jobticket)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class TicketVerdict(StrEnum):
    """What becomes of the job by that command; the last word holds."""

    GO_ON = ""
    DENY = "DENY"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """`user_name` and `billing_code` are None where they stay as they are; a code may be taken away with ""."""

    verdict: TicketVerdict = TicketVerdict.GO_ON
    user_name: str | None = None
    billing_code: str | None = None
    reason: str = ""


_WORDS = {
    "DENY": TicketVerdict.DENY,
    "AUTH=NO": TicketVerdict.DENY,
    "AUTH=IMPOSSIBLE": TicketVerdict.DENY,
    "CANCEL": TicketVerdict.CANCEL,
}


def ticket_answer(lines: Iterable[str]) -> TicketAnswer:
    """The answer in the lines that a command printed; what is not known is nothing. A refused or canceled job keeps
    its user and billing code."""
    verdict, user_name, billing_code, reason = TicketVerdict.GO_ON, None, None, ""
    for line in lines:
        name, _equals, value = (part.strip() for part in line.partition("="))
        verdict = _WORDS.get(line.strip().upper(), verdict)
        match name.upper():
            case "USERNAME" if value:
                user_name = value
            case "BILLINGCODE" if _equals:
                billing_code = value
            case "REASON" if _equals:
                reason = value
    if verdict:
        return TicketAnswer(verdict, reason=reason)
    return TicketAnswer(verdict, user_name, billing_code, reason)
