# SPDX-License-Identifier: Apache-2.0
"""Adapters that keep the ledger. All of them pass the contract suite in `tests/contract`."""
