# SPDX-License-Identifier: Apache-2.0
"""PyKota's own files, pykota.conf and pykotadmin.conf, read as they are."""
