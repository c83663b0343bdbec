# SPDX-License-Identifier: Apache-2.0
"""The use cases, driven through their front doors."""
