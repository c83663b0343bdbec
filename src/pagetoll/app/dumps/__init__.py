# SPDX-License-Identifier: Apache-2.0
"""What the old programs' dumps show: filters and dates, orders and sums, rows of values."""
