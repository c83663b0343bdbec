# SPDX-License-Identifier: Apache-2.0
"""AFP, IPDS and what else mainframes print."""
