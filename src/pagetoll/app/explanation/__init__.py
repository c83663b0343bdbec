# SPDX-License-Identifier: Apache-2.0
"""Why a job cost what it cost, or was refused: all that the ledger knows of it, for people and for programs."""
