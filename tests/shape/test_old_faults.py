# SPDX-License-Identifier: Apache-2.0
"""What PyKota did wrong, in the numbers of the compatibility specification's list of old faults, and the test that
shows it done right. A row whose test went, or that has none, is a fault that could come back unseen.
"""

import ast
from functools import cache

import pytest

from shape.tree import ROOT

MEASURED, COUNTED = "app/test_printing_measured.py::", "app/test_printing_counting_command.py::"

#: number: (what PyKota did, the tests of what is done instead)
FAULTS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "a largest job of 0 forbade nothing",
        ("cli/test_old_faults.py::test_a_largest_job_of_0_forbids_and_unlimited_removes_it",),
    ),
    2: (
        "with strict enforcement a job that reached the limit exactly was refused",
        (
            "cli/test_old_faults.py::test_a_job_may_reach_the_limit_exactly",
            "app/test_printing_jobs.py::test_the_last_pages_fit_and_the_next_page_does_not",
        ),
    ),
    3: (
        "a group's warning never reached users who pay from a balance",
        ("cli/test_old_faults.py::test_a_warning_from_a_group_reaches_a_user_who_pays_from_a_balance",),
    ),
    4: (
        "the counter was not waited for when the job was only warned",
        ("app/test_printing_old_faults.py::test_a_job_that_is_only_warned_waits_for_its_counter_as_any_other",),
    ),
    5: (
        "policy allow printed what the ticket script had refused",
        ("app/test_printing_identity.py::test_the_ticket_command_refuses_a_job_whatever_the_policy",),
    ),
    6: (
        "onbackenderror with retry alone said it would charge, and did not",
        ("app/test_printing_old_faults.py::test_retry_alone_is_the_same_as_with_nocharge_and_the_record_says_so",),
    ),
    7: (
        "denyduplicates did nothing without duplicatesdelay, and nobody said so",
        ("cli/test_old_faults.py::test_denyduplicates_without_a_delay_is_named",),
    ),
    8: (
        "other words of the duplicates' command left a job neither printed nor refused",
        ("app/test_printing_hooks.py::test_the_duplicates_command_decides",),
    ),
    9: (
        "refunds forgot printer groups, and gave back what was free or given back already",
        (
            "cli/test_pkrefund.py::test_all_jobs_come_back_on_every_account_that_they_were_booked_on",
            "contract/test_ledger_refunds.py::test_what_was_not_charged_cannot_be_refunded",
            "contract/test_ledger_refunds.py::test_many_at_once_refund_a_job_once",
            "cli/test_pkrefund.py::test_each_job_is_shown_and_asked_for",
        ),
    ),
    10: (
        "a relative --used on a new entry ended in a crash",
        ("cli/test_edpykota.py::test_a_relative_use_of_a_new_entry_starts_from_nothing",),
    ),
    11: (
        "who was in no group saw all groups",
        ("cli/test_rights.py::test_a_user_without_groups_sees_no_group_even_one_of_his_name",),
    ),
    12: (
        "who had not logged in could dump everything",
        (
            "cli/test_rights.py::test_an_ordinary_user_changes_nothing_and_dumps_nothing",
            "cli/test_rights.py::test_a_user_whom_the_ledger_does_not_know_sees_nobody",
        ),
    ),
    13: (
        "copies stood twice in a page_log",
        ("cli/test_dumpykota_types.py::test_d5_the_page_log_has_8_fields_or_the_11_of_today",),
    ),
    14: (
        "with onaccountererror: continue a device that said nothing was asked for ever",
        (
            MEASURED + "test_a_device_that_cannot_be_measured_stops_the_job_or_the_document_is_charged",
            COUNTED + "test_a_command_without_a_number_refuses_the_job_or_we_count_ourselves",
        ),
    ),
    15: (
        "the mail server was asked although nobody was to be told, and its refusal ended the job",
        (
            "cli/test_warnpykota.py::test_mailto_says_who_is_told",
            "app/test_printing_notices.py::test_a_mail_that_is_not_taken_is_noted",
            "app/test_printing_notices.py::test_a_job_does_not_wait_for_a_mail_server_that_says_nothing",
        ),
    ),
    16: (
        "printcancelledbanners did nothing",
        ("app/test_printing_banners.py::test_a_canceled_job_gets_banners_only_where_the_site_wants_that",),
    ),
    17: (
        "discovery lost the devices that tell an id",
        ("thin/test_discovery.py::test_each_device_is_shown_behind_us_with_its_id_and_location",),
    ),
    18: (
        "hosts of USB, IPv6 and DNS-SD devices were nonsense",
        (
            "wire/test_device_uri.py::test_where_a_device_is_in_the_network",
            "core/test_hook_variables.py::test_the_host_of_a_device",
        ),
    ),
    19: (
        "new group entries lost limits, empty groups had all counters, deleted users stayed members, codes went down",
        (
            "cli/test_old_faults.py::test_limits_that_come_with_a_new_entry_of_a_group_stay",
            "cli/test_old_faults.py::test_an_empty_group_has_used_nothing_and_a_deleted_user_is_in_none",
            "cli/test_pkbcodes.py::test_jobs_count_on_their_code_and_a_reset_begins_anew",
        ),
    ),
    20: (
        "to delete a user, a printer or an entry destroyed its history",
        (
            "cli/test_old_faults.py::test_what_is_deleted_vanishes_from_dumps_and_stays_in_the_books",
            "cli/test_edpykota.py::test_q8_deleting_an_entry_hides_the_history_of_that_user_there",
        ),
    ),
    21: (
        "sums failed where a figure was missing",
        ("cli/test_dumpykota_types.py::test_sums_are_told_apart_by_the_filters_and_take_nothing_as_0",),
    ),
    22: (
        "scripts got words in the language of the server",
        ("core/test_hook_variables.py::test_with_the_decision_user_entry_and_printer_are_told_untranslated",),
    ),
    23: (
        "names and titles became text of a shell",
        (
            "core/test_site_commands.py::test_no_template_however_odd_lets_a_value_become_a_command",
            "app/test_printing_identity.py::test_the_policys_command_gets_its_values_as_words_that_no_shell_reads",
            "app/test_printing_notices.py::test_the_sites_command_tells_with_placeholders_and_variables",
        ),
    ),
    24: (
        "a change of an address wrote back counters and balances that were read before",
        (
            "cli/test_programs.py::test_an_address_changes_beside_charged_jobs_and_no_cent_is_lost",
            "cli/test_beside_jobs.py::test_no_page_and_no_cent_is_lost_beside_pkusers_and_edpykota",
        ),
    ),
    25: (
        "an example of pkbcodes did not work",
        ("cli/test_old_faults.py::test_the_examples_of_pkbcodes_work_as_they_stand",),
    ),
    26: (
        "CUPS showed refused jobs as completed",
        (
            "app/test_printing_jobs.py::test_a_job_over_the_limit_is_refused_with_the_figures",
            "thin/test_job.py::test_a_refused_job_ends_with_the_daemons_status_and_reason",
        ),
    ),
}


@cache
def functions_of(file: str) -> frozenset[str]:
    """The names of a test module's functions; none where it is gone."""
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_number_of_the_list_has_a_row():
    assert list(FAULTS) == list(range(1, 27))


@pytest.mark.parametrize("number", FAULTS)
def test_a_fault_has_its_tests(number: int):
    _what, tests = FAULTS[number]
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        assert name in functions_of(file), f"{test} is gone: which test shows that fault {number} is mended?"
