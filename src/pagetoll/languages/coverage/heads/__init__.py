# SPDX-License-Identifier: Apache-2.0
"""Coverage of printers whose head moves: pins, ink, heat."""
