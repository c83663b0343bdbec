# SPDX-License-Identifier: Apache-2.0
"""The roles that a person may have beside printing (docs/reference/rights.md)."""

from enum import StrEnum


class Role(StrEnum):
    """What a login may do. Roles are granted to login names: who serves the print desk need not print."""

    ADMIN = "admin"  # everything, roles too
    MANAGER = "manager"  # sees everything, changes limits, refunds
    CASHIER = "cashier"  # sees everything, books payments, refunds
    HELPDESK = "helpdesk"  # sees everything, refunds
    AUDITOR = "auditor"  # sees everything, changes nothing
    USER = "user"  # sees what is his own
