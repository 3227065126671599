/**
 * Refusals in words: what a code from validation or from the server means to the person who typed.
 * The twin of `reasons.py`; the sentences are translated by the catalogues.
 */

/** @type {Record<string, string>} code -> sentence; %(name)s comes from the refusal's detail */
export const REASONS = {
  required: "Please fill this in.",
  too_long: "This is too long: at most %(most)s characters.",
  too_many: "Too many: at most %(most)s.",
  not_a_choice: "Please choose one from the list.",
  not_a_date: "This is not a date. Write it like 2026-11-24.",
  not_a_time: "This is not a date and time. Write it like 2026-11-24 09:41.",
  not_a_number: "This is not a whole number.",
  out_of_range: "This must be between %(least)s and %(most)s.",
  not_an_id: "What this points to is not known. Please choose it again.",
  bad_text: "This has characters that cannot be stored. Please type it again.",
  not_an_email: "This is not an e-mail address.",
  not_a_phone: "This is not a phone number: it needs at least three digits.",
  not_json: "This cannot be read. Please open the page again and retry.",
  not_text: "This cannot be read. Please type it again.",
  not_a_flag: "This can only be yes or no.",
  not_a_list: "This cannot be read. Please choose again.",
  unknown_zone: "This time zone is not known. Write it like Asia/Shanghai.",
  bad_rule: "This cannot be repeated like that (%(part)s). Please choose one of the ways that are offered.",
  no_rule_end: "Please say when it ends: on which day, or after how many times.",
  rule_never: "Like this it would never take place. Please look at the days and at the end.",
  end_before_start: "The end must not be before the start.",
  unknown_entity: "This version of the app does not know this kind of entry. Please update the app.",
  unknown_field: "This version of the app does not know one of these fields. Please update the app.",
  server_only: "Only an administrator can change this, while online.",
  changed_meanwhile: "Somebody else changed this in the meantime. Look at it as it is now, then decide.",
  used_id: "This was sent before, by somebody else. Please type it again.",
  fixed: "This cannot be changed after it was first saved.",
  only_author: "Only the person who wrote this can change it.",
  read_only: "You may read this and not change it. Ask its owner for access.",
  no_access: "You no longer have access to this. Ask its owner or your manager.",
  not_yours: "This belongs to somebody else. Ask them, or their manager.",
  claimed: "%(name)s was faster and has it now.",
  has_left: "This person does not work here any more. Please choose somebody else.",
  handover_to_giver: "A handover goes to somebody else. Please choose another person.",
  handover_own: "Nobody hands over their own work alone. Please ask your manager.",
  handover_out_of_reach: "You can hand over only to people whose customers you see. Please ask your manager.",
  not_found: "This does not exist any more.",
  missing_reference: "Something that this belongs to does not exist any more.",
  already_deleted: "This was deleted in the meantime.",
  already_exists: "This exists already.",
  with_others: "Saved together with something else that was not accepted.",
  too_large: "This is too large to be sent. Please shorten it.",
  storage_full: "This device has no space left. Free some space, then save again.",
  storage_failed: "This device could not store it. Nothing was lost: please save again.",
};

export const OTHER = "This was not accepted (%(code)s).";
