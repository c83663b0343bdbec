# SPDX-License-Identifier: Apache-2.0
"""What `pagetoll count --explain` says: how sure a number is, and what each finding means."""

from pagetoll.core.messages import _, marked
from pagetoll.core.usage import Confidence, Usage
from pagetoll.frontends.cli.count_rows import Counted
from pagetoll.frontends.cli.documents import Answer
from pagetoll.frontends.cli.screen import printable

HOW_SURE = {
    Confidence.EXACT: marked("The whole data was read, and nothing in it was left to guess."),
    Confidence.DECLARED: marked("The data says this about itself; it was not checked page by page."),
    Confidence.ESTIMATED: marked("Part of this is an estimate."),
    Confidence.AT_LEAST: marked("Counting stopped early: there are at least so many pages."),
    Confidence.UNKNOWN: marked("There is nothing to count."),
    Confidence.REFUSED: marked("The document was refused."),
}

FINDINGS = {
    "blank_pages": marked("pages that mark nothing"),
    "copies_in_two_places": marked("two places ask for the same number of copies; it is taken once"),
    "coverage_incomplete": marked("pages could not be looked at, in time or at all; their color is not known"),
    "damaged": marked("the file had to be repaired"),
    "declared_mismatch": marked("the document states another number of pages than it has"),
    "default_changed": marked("the job changes the printer's defaults"),
    "desync": marked("the data does not go on where it should"),
    "device_dependent": marked(
        "the program asks the printer for its name, number or clock and may print otherwise there"
    ),
    "empty": marked("the file is empty"),
    "empty_directory": marked("a directory without a picture"),
    "eps_without_showpage": marked("a picture alone, taken as one page"),
    "extra_sheets_requested": marked("the job asks the printer for more sheets than its pages"),
    "filesystem_access": marked("the program asks for files of the printer"),
    "first_frame_only": marked("further pictures of the file do not print"),
    "held_job": marked("the job asks the printer to hold it"),
    "limit": marked("a limit of time, pages or memory was reached"),
    "loop": marked("the page tree runs in a circle"),
    "few_commands": marked("there are too few commands to be sure that it is this language"),
    "laid_out": marked("LibreOffice laid the document out; with other fonts it may have other pages"),
    "maintenance": marked("the job cleans or checks the print head"),
    "malformed": marked("a part is damaged beyond repair"),
    "huge_page": marked("a page has a side of more than five meters"),
    "many_pages": marked("there are more than 100,000 pages"),
    "many_copies": marked("an unusual number of copies"),
    "nested_language": marked("the pages stand in another language inside of the data"),
    "no_stated_pages": marked("the document does not state its pages; its page breaks were counted"),
    "page_range_requested": marked("the job asks the printer for a part of its pages only"),
    "refused": marked("one of several documents was refused"),
    "renderer_error": marked("the program ended with an error"),
    "text_overflow": marked("lines of text filled pages of a length that the job does not state"),
    "trailing_garbage": marked("data behind the document that is none"),
    "truncated": marked("the data is cut off"),
    "unended_page": marked("text without a form feed at its end"),
    "unknown_command": marked("a command that this printer's language does not have"),
    "unknown_escape": marked("an escape sequence that is not known"),
    "unknown_instruction": marked("a plotter instruction that is not known"),
    "unknown_language": marked("one of several documents is in a language that is not known"),
    "unknown_macro": marked("a macro is called that is not in the job"),
}

SEE = marked("see the reference")


def explanation(answer: Answer, row: Counted) -> str:
    """Sentences about one file that was counted."""
    usage = answer.usage
    assert usage is not None
    sure = _(HOW_SURE[usage.confidence])
    lines = [
        _("{file}: {impressions} impressions on {sheets} sheets. {sure}").format(
            file=printable(row.file), impressions=row.impressions, sheets=row.sheets, sure=sure
        )
    ]
    lines += _segments(usage)
    if row.colour_pages is None:
        lines.append(_("  Color: not known; the data does not say, and the pages were not all looked at."))
    lines += [
        _("  At octet {offset}: {meaning} ({code}).").format(
            offset=finding.offset, meaning=_(FINDINGS.get(finding.code, SEE)), code=finding.code
        )
        for finding in usage.findings
    ]
    return "\n".join(lines) + "\n"


def _segments(usage: Usage) -> list[str]:
    lines = []
    for number, segment in enumerate(usage.segments, 1):
        copies = sorted({run.copies for run in segment.runs})
        words = _("{input_pages} pages").format(input_pages=segment.input_pages)
        if segment.sets > 1:
            words += _(" in {sets} sets").format(sets=segment.sets)
        if copies and copies != [1]:
            words += _(", copies of a page: {copies}").format(copies=", ".join(map(str, copies)))
        lines.append(
            _("  Part {number}: {language}, {words}, ends at octet {end_offset}.").format(
                number=number, language=segment.language, words=words, end_offset=segment.end_offset
            )
        )
    return lines
