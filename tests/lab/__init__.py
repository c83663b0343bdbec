# SPDX-License-Identifier: Apache-2.0
"""Real things for system tests: scheduler, printers, sinks, a database, and counts of our own making."""
