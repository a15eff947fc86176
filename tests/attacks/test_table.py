"""The attacks that are tried, and where: the one list of them. A test that is gone fails here."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ATTACKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "a formula in a cell of any CSV: names, titles, comments, file names": {
        "attacks/test_stored_text.py": ("nothing_that_people_write_is_markup_on_a_page_or_a_form",),
        "reporting/test_audit_csv.py": (
            "no_cell_is_run_and_no_character_is_lost",
            "what_looks_like_a_formula_gets_a_leading_quote",
        ),
    },
    "stored markup in every text: comments, mentions, file names, saved names, maps": {
        "attacks/test_stored_text.py": ("nothing_that_people_write_is_markup_on_a_page_or_a_form",),
        "workflows/test_picture.py": ("",),
    },
    "markup and calls in chats": {
        "notices/test_sending.py": ("a_person_with_a_chat_is_told_there_and_nowhere_else",)
    },
    "HTML, SVG, polyglots, bombs, wrong charsets, NUL and nothing as files": {
        "attacks/test_files.py": (
            "files_that_want_to_be_more_are_shown_as_what_they_are",
            "what_runs_by_its_name_and_what_is_nothing_is_not_taken",
            "a_name_of_a_file_leads_nowhere_and_ends_no_header",
        ),
        "approvals/test_document_pages.py": (
            "html_and_svg_are_text_whatever_they_are_called",
            "what_cannot_be_compared_says_so",
        ),
        "workflows/test_new_versions.py": (
            "what_is_not_of_the_kinds_of_the_map_is_refused",
            "a_file_larger_than_the_map_allows_is_refused",
        ),
    },
    "links to decide by: tampered, foreign, replayed, expired, overtaken": {
        "approvals/test_mail_decisions.py": (
            "tampered_and_foreign_links_open_nothing",
            "it_decides_once_as_its_person_and_the_trail_says_by_which_door",
            "it_runs_out_and_is_forgotten_later",
            "after_somebody_else_decided_it_says_who",
            "after_a_change_it_decides_nothing",
            "whoever_may_not_decide_any_more_decides_nothing",
        )
    },
    "status links: tampered, foreign, expired, withdrawn, guessed": {
        "approvals/test_status_links.py": (
            "what_opens_nothing_is_answered_alike_in_as_many_statements",
            "a_link_of_another_kind_or_key_opens_nothing",
            "it_runs_out_by_itself",
            "tries_are_counted",
            "no_row_and_no_log_holds_what_opens_it",
        )
    },
    "headers of mails: names, titles, addresses with line ends, commas, quotes, turned signs": {
        "attacks/test_mails.py": (
            "nobodys_words_end_a_header_or_name_a_receiver",
            "an_address_is_one_address",
        ),
        "notices/test_sending.py": ("words_of_people_end_no_header_and_are_no_markup",),
    },
    "a mail scanner that opens every link by every method": {
        "attacks/test_mails.py": ("a_scanner_that_opens_every_link_of_every_mail_changes_nothing",),
        "approvals/test_mail_decisions.py": ("a_scanner_that_opens_every_link_decides_nothing",),
    },
    "sight of what is not theirs: by guessing, mentions, following, search, lists of people": {
        "rights/test_strangers.py": (
            "what_is_there_and_what_is_not_are_answered_alike",
            "lists_searches_and_people_name_nothing_of_what_is_not_theirs",
        ),
        "rights/test_matrix.py": (
            "each_address_is_open_to_whom_it_may_be_and_nothing_else_is_changed",
        ),
        "rights/test_ops_without_grants.py": (
            "what_other_tables_name_is_not_found_by_lookups_searches_or_autocompletion",
        ),
        "conversation/test_mentions.py": ("",),
        "conversation/test_following.py": ("",),
    },
}


@cache
def names_of_tests(file: str) -> list[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return [
        node.name.removeprefix("test_")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_tried_by_a_test_that_is_there(attack: str) -> None:
    for file, wanted in ATTACKS[attack].items():
        there = names_of_tests(file)
        assert all(any(name.startswith(one) for name in there) for one in wanted), (file, wanted)
