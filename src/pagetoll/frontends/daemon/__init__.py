# SPDX-License-Identifier: Apache-2.0
"""`pagetolld`: takes jobs from the thin clients over a Unix socket and drives their life."""
