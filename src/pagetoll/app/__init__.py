# SPDX-License-Identifier: Apache-2.0
"""The use cases: printing, accounts, printers, quotas, reports, upkeep. Here the rules of `core` meet the ports."""
