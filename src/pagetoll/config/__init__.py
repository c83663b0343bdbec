# SPDX-License-Identifier: Apache-2.0
"""The options, as rows of a table, and the files they come from."""
