# SPDX-License-Identifier: Apache-2.0
"""Coverage of page and label printers whose pages hold only raster."""
