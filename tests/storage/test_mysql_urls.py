# SPDX-License-Identifier: Apache-2.0
"""What is said of a wrong URL of MySQL, which may have a password anywhere."""

import pytest
from sqlalchemy import make_url

from pagetoll.core.errors import UsageError
from pagetoll.storage.sql.mysql import mysql_url

WRONG = [
    ("mysql://anna@db/ledger?password=hunter2", "has an option that is none of charset, read_default_file"),
    ("mysql://anna@db/ledger?hunter2=x", "write %3F for a"),
    ("mysql://anna@db/ledger?ssl_ca=hunter2&ssl_ca=hunter2", "give the option ssl_ca once"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_url_is_explained_without_what_stands_in_its_options(text: str, says: str):
    with pytest.raises(UsageError, match=says) as caught:
        mysql_url(make_url(text))
    assert "hunter2" not in str(caught.value)
    assert "mysql://anna@db/ledger" in str(caught.value)
