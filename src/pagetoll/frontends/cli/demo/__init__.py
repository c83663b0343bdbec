# SPDX-License-Identifier: Apache-2.0
"""`pagetoll demo`: a small print shop in a temporary folder, from an empty ledger to an explained charge."""
