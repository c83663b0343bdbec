# SPDX-License-Identifier: Apache-2.0
"""One suite a port, run on each implementation."""
