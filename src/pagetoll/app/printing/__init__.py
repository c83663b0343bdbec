# SPDX-License-Identifier: Apache-2.0
"""A job's way from the thin client to the ledger: the commands of core/lifecycle.py, performed."""
