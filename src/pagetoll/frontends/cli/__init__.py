# SPDX-License-Identifier: Apache-2.0
"""The commands, each a module with a `main()`: `pagetoll` and those with PyKota's names."""
