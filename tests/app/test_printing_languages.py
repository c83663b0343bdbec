# SPDX-License-Identifier: Apache-2.0
"""Documents in a language that the printer does not know have no number of pages."""

import pytest

from app.print_shop import Shop, pages
from pagetoll.config.load import parse
from pagetoll.config.options.choices import UnknownSize
from pagetoll.core.accounting import SoftwareAccounter
from pagetoll.core.errors import ConfigError
from pagetoll.core.site_commands import SiteCommand

HIDDEN = b"%!PS\n(one\\f two\\f three\\f) show showpage\n"
BEHIND_PJL = b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n" + HIDDEN + b"\x1b%-12345X"
PICTURE = b"P1 1 1 1\n"
PCL = b"\x1bE\x1b&l0Oone\x0c\x1bE"


@pytest.mark.parametrize(
    ("languages", "document", "status"),
    [
        ((), HIDDEN, 0),
        (("ps",), HIDDEN, 0),
        (("pcl5", "ps"), BEHIND_PJL, 0),
        (("pcl5",), HIDDEN, 5),
        (("pcl5",), BEHIND_PJL, 5),
        (("pcl5", "text"), PICTURE, 5),
        (("pcl5",), PCL, 0),
        (("pcl5",), PCL + BEHIND_PJL, 5),
        (("pcl5",), b"\x1b%-12345X@PJL SET SLEEP=5\n\x1b%-12345X", 0),
    ],
)
def test_only_languages_that_the_printer_knows_are_counted(
    shop: Shop, languages: tuple[str, ...], document: bytes, status: int
) -> None:
    shop.queue(languages=languages, unknown_size=UnknownSize.REFUSE)
    assert shop.print(document).status == status


def test_a_commands_count_stands_whatever_the_language(shop: Shop) -> None:
    command = SoftwareAccounter(SiteCommand(shell="echo 4"))
    shop.queue(accounter=command, languages=("pcl5",), unknown_size=UnknownSize.REFUSE)
    shop.print(pages(1))
    assert shop.posted == 4


@pytest.mark.parametrize("value", ['"ps"', "[1]", '["PS"]', '[""]', "true"])
def test_what_is_no_list_of_languages_is_an_error(value: str) -> None:
    with pytest.raises(ConfigError, match="languages"):
        parse(f"languages = {value}\n", "pagetoll.toml")


def test_a_queue_has_languages_of_its_own() -> None:
    settings = parse('languages = ["ps"]\n[queue.plain]\nlanguages = ["pcl5", "text"]\n', "pagetoll.toml")
    assert settings.for_queue("other").languages == ("ps",)
    assert settings.for_queue("plain").languages == ("pcl5", "text")
