# SPDX-License-Identifier: Apache-2.0
"""Adapters to what stands around us: the spooler, systemd, later devices and directories."""
