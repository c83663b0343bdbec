# SPDX-License-Identifier: Apache-2.0
"""Pictures: TIFF, JPEG and their like, Netpbm, fax files."""
