# SPDX-License-Identifier: Apache-2.0
"""Counting by software: each document in a locked-down child of its own (docs/concepts/counting-sandbox.md)."""
