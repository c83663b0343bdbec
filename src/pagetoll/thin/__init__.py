# SPDX-License-Identifier: Apache-2.0
"""The programs that the spooler starts for each job: standard library only, one file each, no decisions."""
