# SPDX-License-Identifier: Apache-2.0
"""What `pagetoll doctor` finds, from facts that its frontend gathers."""
