# SPDX-License-Identifier: Apache-2.0
"""Label printers and receipts."""
