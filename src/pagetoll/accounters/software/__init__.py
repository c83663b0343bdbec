# SPDX-License-Identifier: Apache-2.0
"""Counting by software: each document is parsed in a locked-down child of its own (design.md chapter 5)."""
