# SPDX-License-Identifier: Apache-2.0
"""Writes the schema for LDAP directories, `src/pagetoll/storage/ldap/pagetoll.schema` and `pagetoll.ldif`, from the
ledger's tables; after a column was added: `PYTHONPATH=src python tools/directory_schema.py`.
"""

from pagetoll.storage.ldap.schema_files import CONFIG_LDIF_FILE, SLAPD_CONF_FILE, config_ldif, slapd_conf


def main() -> None:
    SLAPD_CONF_FILE.write_text(slapd_conf(), encoding="ascii")
    CONFIG_LDIF_FILE.write_text(config_ldif(), encoding="ascii")


if __name__ == "__main__":
    main()
