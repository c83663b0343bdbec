# SPDX-License-Identifier: Apache-2.0
"""A device measured by a command of the site."""
