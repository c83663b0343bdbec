# SPDX-License-Identifier: Apache-2.0
"""Coverage of host-based lasers, from the bit maps of their planes."""
