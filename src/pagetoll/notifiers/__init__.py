# SPDX-License-Identifier: Apache-2.0
"""Adapters that tell people: mail, desktop, the print queue itself."""
