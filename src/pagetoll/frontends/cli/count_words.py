# SPDX-License-Identifier: Apache-2.0
"""What `pagetoll count --explain` says: how sure a number is, and what each finding means."""

from pagetoll.core.usage import Confidence, Usage
from pagetoll.frontends.cli.count_rows import Counted
from pagetoll.frontends.cli.documents import Answer
from pagetoll.frontends.cli.screen import printable

SURE = {
    Confidence.EXACT: "The whole data was read, and nothing in it was left to guess.",
    Confidence.DECLARED: "The data says this about itself; it was not checked page by page.",
    Confidence.ESTIMATED: "Part of this is an estimate.",
    Confidence.AT_LEAST: "Counting stopped early: there are at least so many pages.",
    Confidence.UNKNOWN: "There is nothing to count.",
    Confidence.REFUSED: "The document was refused.",
}

FINDINGS = {
    "blank_pages": "pages that mark nothing",
    "copies_in_two_places": "two places ask for the same number of copies; it is taken once",
    "coverage_incomplete": "pages could not be looked at, in time or at all; their color is not known",
    "damaged": "the file had to be repaired",
    "declared_mismatch": "the document states another number of pages than it has",
    "default_changed": "the job changes the printer's defaults",
    "desync": "the data does not go on where it should",
    "device_dependent": "the program asks the printer for its name, number or clock and may print otherwise there",
    "empty": "the file is empty",
    "empty_directory": "a directory without a picture",
    "eps_without_showpage": "a picture alone, taken as one page",
    "extra_sheets_requested": "the job asks the printer for more sheets than its pages",
    "filesystem_access": "the program asks for files of the printer",
    "first_frame_only": "further pictures of the file do not print",
    "held_job": "the job asks the printer to hold it",
    "limit": "a limit of time, pages or memory was reached",
    "loop": "the page tree runs in a circle",
    "few_commands": "there are too few commands to be sure that it is this language",
    "laid_out": "LibreOffice laid the document out; with other fonts it may have other pages",
    "maintenance": "the job cleans or checks the print head",
    "malformed": "a part is damaged beyond repair",
    "huge_page": "a page has a side of more than five meters",
    "many_pages": "there are more than 100,000 pages",
    "many_copies": "an unusual number of copies",
    "nested_language": "the pages stand in another language inside of the data",
    "no_stated_pages": "the document does not state its pages; its page breaks were counted",
    "page_range_requested": "the job asks the printer for a part of its pages only",
    "refused": "one of several documents was refused",
    "renderer_error": "the program ended with an error",
    "text_overflow": "lines of text filled pages of a length that the job does not state",
    "trailing_garbage": "data behind the document that is none",
    "truncated": "the data is cut off",
    "unended_page": "text without a form feed at its end",
    "unknown_command": "a command that this printer's language does not have",
    "unknown_escape": "an escape sequence that is not known",
    "unknown_instruction": "a plotter instruction that is not known",
    "unknown_language": "one of several documents is in a language that is not known",
    "unknown_macro": "a macro is called that is not in the job",
}


def explanation(answer: Answer, row: Counted) -> str:
    """Sentences about one file that was counted."""
    usage = answer.usage
    assert usage is not None
    lines = [f"{printable(row.file)}: {row.impressions} impressions on {row.sheets} sheets. {SURE[usage.confidence]}"]
    lines += _segments(usage)
    if row.colour_pages is None:
        lines.append("  Color: not known; the data does not say, and the pages were not all looked at.")
    lines += [
        f"  At octet {finding.offset}: {FINDINGS.get(finding.code, 'see the reference')} ({finding.code})."
        for finding in usage.findings
    ]
    return "\n".join(lines) + "\n"


def _segments(usage: Usage) -> list[str]:
    lines = []
    for number, segment in enumerate(usage.segments, 1):
        copies = sorted({run.copies for run in segment.runs})
        words = f"{segment.input_pages} pages"
        if segment.sets > 1:
            words += f" in {segment.sets} sets"
        if copies and copies != [1]:
            words += f", copies of a page: {', '.join(map(str, copies))}"
        lines.append(f"  Part {number}: {segment.language}, {words}, ends at octet {segment.end_offset}.")
    return lines
