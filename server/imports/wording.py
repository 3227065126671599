"""Why a file or a row is not imported, in sentences: the cause, and what to do about it."""

from __future__ import annotations

from web.reasons import N_
from web.text import Text

from .record import BadFile, Problem

SENTENCES = {
    # a whole file
    "empty_file": N_("There is nothing in this file."),
    "spreadsheet_file": N_(
        "This is a spreadsheet or an archive. In the spreadsheet program, save it as CSV and choose that file."
    ),
    "unknown_encoding": N_("This is not a text file. Choose a CSV or vCard file."),
    "only_a_header": N_("There is only one row in this file, and it holds the names of the columns."),
    "unclosed_quote": N_("Row %(row)s: a quotation mark is opened and never closed. Close it there, or remove it."),
    "too_many_rows": N_("More than %(most)s rows. Please cut the file in parts."),
    "too_many_columns": N_("More than %(most)s columns. Please remove those that are not needed."),
    "no_cards": N_("There is no contact card in this file."),
    "too_large_file": N_("This file is larger than %(most)s MB. Please cut it in parts."),
    "no_name_column": N_(
        "No column says how the customer or the contact is called. Choose a column for one of the names."
    ),
    "unknown_column": N_("There is no column %(column)s in this file. It has: %(columns)s."),
    "unknown_target": N_("%(target)s is nothing that a column can become. Choose one of: %(targets)s."),
    # a row
    "ragged_row": N_(
        "This row has %(cells)s cells, and the header has %(columns)s."
        " Put the missing separators in, or quotation marks around a cell that holds one."
    ),
    "no_name": N_("Neither a customer's nor a contact's name is given."),
    "needs_owner": N_("A contact without a customer needs an owner, or nobody could see it. Say who owns it."),
    "ambiguous_date": N_(
        "This can be two days, and no other date of the column shows which. Write it like 2026-11-24."
    ),
    "not_a_choice_here": N_("This is none of: %(choices)s."),
    "unknown_owner": N_("No colleague has this name. Write it as it stands in Roadbook, or leave it empty."),
    "several_people": N_("Several colleagues have this name. Leave it empty, and choose the owner afterwards."),
    "owner_out_of_reach": N_(
        "You may not give anything to this colleague. Leave it empty, or ask a manager to import it."
    ),
    "unknown_parent": N_("No customer has this name, neither here nor in the file."),
    "parent_of_itself": N_("A customer cannot belong to itself, directly or through others."),
    "account_not_imported": N_("What this row belongs to is not imported, because its own row has a problem."),
    "unreadable_line": N_("This line of the card cannot be read."),
    "unknown_charset": N_("This line says that it is in a character set that nobody knows."),
    "no_account_for_opportunity": N_("The opportunity names no customer."),
    "unknown_account": N_("No customer has this name. Import the customers first."),
    "unknown_agent": N_("No colleague has this name. Import the agents first."),
    "unknown_stage": N_("This is none of the stages: %(stages)s."),
    "read_only": N_("You may see this customer and not change it. Ask its owner."),
    # remarks on a row that is imported
    "filled_already": N_("Something else is there already; this value is not imported."),
    "no_account_for_it": N_("Only a customer can have this, and the row names none; this value is not imported."),
    "kept_as_note": N_("This does not fit its field; it is kept in the note."),
    "damaged_characters": N_("Some characters are damaged in the file and shown as \ufffd."),
}


def sentence(text: Text, reason: str, values: dict) -> str:
    """A reason code in the person's language: one of ours, else one that every form uses."""
    if reason in SENTENCES:
        return text.gettext(SENTENCES[reason], **values)
    return text.reason(reason, values)


def why(text: Text, what: BadFile | Problem) -> str:
    return sentence(text, what.reason, what.values)
