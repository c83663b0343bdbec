# SPDX-License-Identifier: Apache-2.0
"""The ledger in an LDAP directory: each transaction is one compare-and-swap of its head entry."""
