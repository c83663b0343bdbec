# SPDX-License-Identifier: Apache-2.0
"""A device measured by PJL."""
