# SPDX-License-Identifier: Apache-2.0
"""Jobs of LPRng's lpd: its start and end programs, its filters, its lines, over the same ledger as CUPS's jobs."""
