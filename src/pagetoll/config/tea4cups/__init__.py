# SPDX-License-Identifier: Apache-2.0
"""tea4cups.conf, read as it is."""
