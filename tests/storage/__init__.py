# SPDX-License-Identifier: Apache-2.0
"""The adapters that keep a ledger."""
