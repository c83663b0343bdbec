# SPDX-License-Identifier: Apache-2.0
"""One parser per print language: octets in, `Usage` out. Pure; fails only with `DocumentError`."""
