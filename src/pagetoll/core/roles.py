# SPDX-License-Identifier: Apache-2.0
"""The roles that a person may have beside printing (design.md chapter 5)."""

from enum import StrEnum


class Role(StrEnum):
    """What a login may do. Roles are granted to login names: who serves the print desk need not print."""

    ADMIN = "admin"  # everything, roles too
    MANAGER = "manager"  # sees and changes the users, groups and codes
    CASHIER = "cashier"  # books payments
    HELPDESK = "helpdesk"  # looks at jobs, refunds them, raises limits
    AUDITOR = "auditor"  # sees everything, changes nothing
    USER = "user"  # sees what is his own
