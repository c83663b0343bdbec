# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

pytest_plugins = ["lab.fixtures"]
