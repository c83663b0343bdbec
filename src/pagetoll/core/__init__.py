# SPDX-License-Identifier: Apache-2.0
"""The rules: jobs, usage, money, pricing, ledger, policy, lifecycle. Pure: no file, clock, environment or chance."""
