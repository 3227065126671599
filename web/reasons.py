"""Refusals in words: what a code from validation or from the server means to the person who typed.

Each sentence names the cause and, where there is one, the way out.  `reasons.js` is the twin; the sentences
are translated by the catalogues.
"""

from __future__ import annotations


def N_(text: str) -> str:
    """Marks a text for the catalogues; it is translated when it is shown."""
    return text


# code -> sentence; %(name)s comes from the refusal's detail
REASONS = {
    "required": N_("Please fill this in."),
    "too_long": N_("This is too long: at most %(most)s characters."),
    "too_many": N_("Too many: at most %(most)s."),
    "not_a_choice": N_("Please choose one from the list."),
    "not_a_date": N_("This is not a date. Write it like 2026-11-24."),
    "not_a_time": N_("This is not a date and time. Write it like 2026-11-24 09:41."),
    "not_a_number": N_("This is not a whole number."),
    "out_of_range": N_("This must be between %(least)s and %(most)s."),
    "not_an_id": N_("What this points to is not known. Please choose it again."),
    "bad_text": N_("This has characters that cannot be stored. Please type it again."),
    "not_an_email": N_("This is not an e-mail address."),
    "not_a_phone": N_("This is not a phone number: it needs at least three digits."),
    "not_json": N_("This cannot be read. Please open the page again and retry."),
    "not_text": N_("This cannot be read. Please type it again."),
    "not_a_flag": N_("This can only be yes or no."),
    "not_a_list": N_("This cannot be read. Please choose again."),
    "unknown_zone": N_("This time zone is not known. Write it like Asia/Shanghai."),
    "bad_rule": N_("This cannot be repeated like that (%(part)s). Please choose one of the ways that are offered."),
    "no_rule_end": N_("Please say when it ends: on which day, or after how many times."),
    "rule_never": N_("Like this it would never take place. Please look at the days and at the end."),
    "not_an_amount": N_("This is not an amount. Write it like 1280.50."),
    "not_a_clock": N_("This is not a time. Write it like 09:30."),
    "not_a_hash": N_("This file could not be read. Please choose it again."),
    "on_its_way": N_("This may be on its way already and can no longer be taken back."),
    "end_before_start": N_("The end must not be before the start."),
    "unknown_entity": N_("This version of the app does not know this kind of entry. Please update the app."),
    "unknown_field": N_("This version of the app does not know one of these fields. Please update the app."),
    "server_only": N_("Only an administrator can change this, while online."),
    "changed_meanwhile": N_("Somebody else changed this in the meantime. Look at it as it is now, then decide."),
    "used_id": N_("This was sent before, by somebody else. Please type it again."),
    "fixed": N_("This cannot be changed after it was first saved."),
    "only_author": N_("Only the person who wrote this can change it."),
    "read_only": N_("You may read this and not change it. Ask its owner for access."),
    "no_access": N_("You no longer have access to this. Ask its owner or your manager."),
    "not_yours": N_("This belongs to somebody else. Ask them, or their manager."),
    "claimed": N_("%(name)s was faster and has it now."),
    "has_left": N_("This person does not work here any more. Please choose somebody else."),
    "handover_to_giver": N_("A handover goes to somebody else. Please choose another person."),
    "handover_own": N_("Nobody hands over their own work alone. Please ask your manager."),
    "handover_out_of_reach": N_("You can hand over only to people whose customers you see. Please ask your manager."),
    "not_found": N_("This does not exist any more."),
    "missing_reference": N_("Something that this belongs to does not exist any more."),
    "already_deleted": N_("This was deleted in the meantime."),
    "already_exists": N_("This exists already."),
    "with_others": N_("Saved together with something else that was not accepted."),
    "too_large": N_("This is too large to be sent. Please shorten it."),
    "wrong_file_type": N_("This kind of file is not accepted. Please choose a photo (JPEG, PNG, WebP, HEIC) or a PDF."),
    "file_too_large": N_("This file is larger than 20 MB. Please choose a smaller one."),
    "file_empty": N_("This file is empty. Please choose another one."),
    "too_many_files": N_("At most %(most)s files at once. Please save, then add the others."),
    "not_the_file": N_("This file is not what its entry says. Please remove it and choose it again."),
    "no_room": N_("The server has no room left for files. Please tell your administrator."),
    "too_many_uploads": N_("You have sent very many files today. The others go out tomorrow."),
    "storage_full": N_("This device has no space left. Free some space, then save again."),
    "storage_failed": N_("This device could not store it. Nothing was lost: please save again."),
}

OTHER = N_("This was not accepted (%(code)s).")
