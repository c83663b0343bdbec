# SPDX-License-Identifier: Apache-2.0
"""Documents of office programs, XPS and OXPS."""
