# SPDX-License-Identifier: Apache-2.0
"""PyKota's commands under their old names: words to acts of `app`, and their listings and exit statuses."""
