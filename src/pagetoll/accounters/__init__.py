# SPDX-License-Identifier: Apache-2.0
"""Adapters that measure what came out of a device. Each knows its port and one way of asking."""
