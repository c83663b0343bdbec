# SPDX-License-Identifier: Apache-2.0
"""Printed pages: sheets drawn as PDF by reportlab, and turned into a printer's language by Ghostscript."""
