# SPDX-License-Identifier: Apache-2.0
"""Reports: how quota entries stand, as rows that the commands and the web render."""
