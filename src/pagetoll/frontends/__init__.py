# SPDX-License-Identifier: Apache-2.0
"""The doors: command line, daemon, later web and desktop. They build adapters, call `app`, map errors to exits."""
