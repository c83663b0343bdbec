# SPDX-License-Identifier: Apache-2.0
"""Pagetoll: print accounting and quotas. Layers and names are explained in docs/concepts/architecture.md."""

__version__ = "0.1.0"
