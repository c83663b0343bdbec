# SPDX-License-Identifier: Apache-2.0
"""The catalogues of sentences: the template has all, translations keep the values, .mo files are those of today."""

import ast
import gettext
import importlib.util
import re
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest

from pagetoll.frontends.language import wished
from shape.tree import ROOT


def loaded_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


TOOL = loaded_tool()
LANGUAGES = TOOL.LANGUAGES
FIELD = re.compile(r"\{[^{}]*\}")


def messages_of(path: Path, language: str | None) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each sentence of a catalogue with its translation, as forms."""
    found = [message for message in TOOL.read(path, language) if message.id]
    return [(forms(message.id), forms(message.string)) for message in found]


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_the_template_has_every_sentence_and_no_other():
    wanted = {(sentence.one, sentence.many) if sentence.many else (sentence.one,) for sentence in TOOL.sentences()}
    assert {key for key, _ in messages_of(TOOL.TEMPLATE, None)} == wanted, "run: python tools/messages.py"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_the_sentences_of_the_template(language: str):
    template = [key for key, _ in messages_of(TOOL.TEMPLATE, None)]
    catalogue = [key for key, _ in messages_of(TOOL.catalogue_of(language), language)]
    assert catalogue == template, "run: python tools/messages.py"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str):
    lacking = [key[0] for key, text in messages_of(TOOL.catalogue_of(language), language) if not all(text)]
    assert lacking == [], f"translate these in {TOOL.catalogue_of(language).relative_to(ROOT)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_for_values_of_its_sentence(language: str):
    for key, translation in messages_of(TOOL.catalogue_of(language), language):
        wanted = [set(FIELD.findall(text)) for text in key]
        for text in translation:
            if text:
                assert set(FIELD.findall(text)) in wanted, f"{key[0]!r}: {text!r}"
                assert text.startswith("\n") == key[0].startswith("\n")
                assert text.endswith("\n") == key[0].endswith("\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_programs_read_is_compiled_from_what_people_write(language: str):
    path = TOOL.catalogue_of(language)
    translated = {key: text for key, text in messages_of(path, language) if all(text)}
    compiled = path.with_suffix(".mo")
    assert compiled.exists() == bool(translated), "run: python tools/messages.py --compile"
    if translated:
        with compiled.open("rb") as file:
            spoken = gettext.GNUTranslations(file)
        for key, text in translated.items():
            if len(key) == 1:
                assert spoken.gettext(key[0]) == text[0], "run: python tools/messages.py --compile"
            else:
                assert spoken.ngettext(*key, 1) in text


SOURCE = """
from pagetoll.core.messages import _, ngettext
from pagetoll.frontends.cli.options import Command, Option
from pagetoll.core.lifecycle import Command as Other
A = _("one " "text")
B = ngettext("{n} file", "{n} files", 2)
C = Command(name="x", usage="[options]", summary="does" + " it", rows=(Option("a", "all", "", "take all"),))
D = _(C.summary)
E = Other("not", "a", "table")
"""


def test_the_arguments_of_marks_and_the_texts_of_tables_are_found(tmp_path: Path):
    source = tmp_path / "pagetoll" / "made_up.py"
    source.parent.mkdir()
    source.write_text(SOURCE.replace('"does" + " it"', '"does it"'))
    found = [(sentence.one, sentence.many) for sentence in TOOL.sentences_of(source, tmp_path)]
    assert sorted(found) == [
        ("[options]", ""),
        ("does it", ""),
        ("one text", ""),
        ("take all", ""),
        ("{n} file", "{n} files"),
    ]


@pytest.mark.parametrize("text", ['_(f"no {name}")', '_("no %s" % name)', '_("a" + name)', "_(b'octets')"])
def test_a_sentence_that_no_catalogue_could_hold_is_an_error(text: str, tmp_path: Path):
    call = ast.parse(text).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    with pytest.raises(ValueError, match="is no plain text"):
        TOOL.literal(call.value.args[0], "made_up.py")


def test_a_compiled_catalogue_has_what_is_translated_and_nothing_empty():
    catalogue = TOOL.new_catalogue("fr")
    catalogue.add("yes", "oui")
    catalogue.add("no", "")
    catalogue.add(("{n} file", "{n} files"), ("{n} fichier", "{n} fichiers"))
    catalogue.add(("{n} job", "{n} jobs"), ("", ""))
    spoken = gettext.GNUTranslations(BytesIO(TOOL.mo_octets(catalogue)))
    assert [spoken.gettext(word) for word in ("yes", "no")] == ["oui", "no"]
    assert [spoken.ngettext("{n} file", "{n} files", number) for number in (0, 1, 2)] == [
        "{n} fichier",
        "{n} fichier",
        "{n} fichiers",
    ]
    assert spoken.ngettext("{n} job", "{n} jobs", 1) == "{n} job"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, []),
        ({"LANG": "C.UTF-8", "LANGUAGE": "fr"}, []),
        ({"LANG": "fr_FR.UTF-8"}, ["fr_FR.UTF-8"]),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, []),
        ({"LANG": "en_US", "LC_MESSAGES": "de_DE"}, ["de_DE"]),
        ({"LANG": "en_US", "LANGUAGE": "pt_BR:es"}, ["pt_BR", "es"]),
        ({"LANG": "en_US", "LANGUAGE": "/tmp/x:../../x:it"}, ["it"]),
        ({"LANG": "../x"}, []),
        ({"LANG": "/tmp/x", "LANGUAGE": ".."}, []),
    ],
)
def test_the_language_is_that_of_the_environment_and_never_a_path(environment: dict[str, str], expected: list[str]):
    assert wished(environment) == expected
