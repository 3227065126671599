"""Who may do what with a row of rita's: one line an entity and place.  A new entity needs a line here.

A place is what the row hangs on:

    account   a customer of rita's, which is shared with `reader` to look and with `writer` to write
    own       nothing but rita herself: bucket `person` (whose data scope reaches her sees it) or `private` (she alone)
    draft     a request of hers that she has not submitted; `asked`: one that waits for the manager's decision
    firm      nothing: everybody of the firm has it

Letters: S sees it (the pull sends it, pages show it), C adds one there (in rita's name where it hangs on her), E edits
it, D deletes it.  A dash: nothing of it.  `disabled` may never do anything here.  The salesperson of the table is who
takes over in rita's handovers, and so sees them and says that they were received.  Whoever reaches rita may give her a
task, which then is hers alone.
"""

from __future__ import annotations

import hashlib

COLUMNS = ("owner", "salesperson", "reader", "writer", "manager", "cashier", "administrator", "disabled")

# Rows that only the server makes and changes: nobody may, whoever it is.  Whether they are seen, says the letter.
EVERYBODY_SEES = "S S S S S S S -"
ASKED_SEE = "S - - - S - S -"

ENTITIES = {
    #                            owner salesp reader writer managr cashr admin disabled
    ("department", "firm"):           EVERYBODY_SEES,
    ("role", "firm"):                 EVERYBODY_SEES,
    ("user", "firm"):                 EVERYBODY_SEES,
    ("pool_rule", "firm"):            EVERYBODY_SEES,
    ("firm_setting", "firm"):         EVERYBODY_SEES,
    ("approval_definition", "firm"):  EVERYBODY_SEES,
    ("definition_version", "firm"):   EVERYBODY_SEES,
    ("expense_category", "firm"):     EVERYBODY_SEES,
    ("expense_policy", "firm"):       EVERYBODY_SEES,
    ("busy", "firm"):                 EVERYBODY_SEES,
    ("preference", "own"):            "SCED - - - - - - -",
    ("account", "account"):           "SCED - S SED SCED - SCED -",
    ("account_member", "account"):    "SCED - S S SCED - SCED -",
    ("contact", "account"):           "SCED - S SCED SCED - SCED -",
    ("contact", "own"):               "SCED - - - SCED - SCED -",
    ("relation", "account"):          "SCED - S SC SC - SC -",
    ("relation", "own"):              "SCED - - - S - S -",
    ("event", "account"):             "SCED - S SCED SCED - SCED -",
    ("event", "own"):                 "SCED - - - SCED - SCED -",
    ("clash_kept", "own"):            "SCD - - - S - S -",
    ("activity", "account"):          "SCED - S SC SC - SC -",
    ("activity", "own"):              "SCED - - - S - S -",
    ("task", "account"):              "SCED - S SCED SCED - SCED -",
    ("task", "own"):                  "SCED - - - C - C -",
    ("sticky", "account"):            "SCED - S SC SC - SC -",
    ("sticky", "own"):                "SCED - - - - - - -",
    ("comment", "account"):           "SCED - S SC SC - SC -",
    ("comment", "own"):               "SCED - - - S - S -",
    ("saved_view", "own"):            "SCED - - - - - - -",
    ("snooze", "own"):                "SCED - - - - - - -",
    ("handover", "own"):              "S SE - - SC - SC -",
    ("handover_item", "own"):         "S S - - S - S -",
    ("substitute", "firm"):           "SCED S S S S S S -",
    ("approval", "draft"):            "SCED - - - - - - -",
    ("approval", "asked"):            "SC - - - S - S -",
    ("approval_revision", "asked"):   ASKED_SEE,
    ("approval_step", "asked"):       ASKED_SEE,
    ("approval_action", "asked"):     "SC - - - SC - SC -",
    ("expense_line", "draft"):        "SCED - - - - - - -",
    ("expense_line", "asked"):        ASKED_SEE,
    ("attachment", "draft"):          "SCED - - - - - - -",
    ("attachment", "asked"):          ASKED_SEE,
    ("conflict", "account"):          "SE - S SE SE - SE -",
    ("conflict", "own"):              "SE - - - - - - -",
}  # fmt: skip

# Places that an entity's buckets name and that no row of the matrix can be in, with the reason.
NOT_A_PLACE = {
    ("approval_action", "draft"): "a command on a draft submits it",
    ("approval_revision", "draft"): "made when it is submitted",
    ("approval_step", "draft"): "made when it is submitted",
    ("account", "own"): "an account is its own bucket",
}


def letters(entity: str, place: str) -> dict[str, str]:
    """Actor -> what they may."""
    return dict(zip(COLUMNS, (text.strip("-") for text in ENTITIES[entity, place].split()), strict=True))


def places(entity) -> set[str]:
    """The places that an entity's buckets make."""
    kinds = {bucket.kind for bucket in entity.buckets}
    if "approval" in kinds:
        return {"draft", "asked"}
    found = {"firm"} & kinds | {"account"} & kinds
    return found | ({"own"} if kinds & {"person", "private"} else set())


def fields(entity: str, place: str, number: int) -> dict:
    """A good row of rita's there. number: makes it differ from others where two alike would clash."""
    account = {"account_id": "acme"} if place == "account" else {}
    mine = {"owner_id": "rita"}
    approval = {"approval_id": place}
    made = {
        "preference": {"language": "en"} | mine,
        "account": {"name": f"Acme {number}"} | mine,
        "account_member": {"account_id": "acme", "user_id": "spare", "access": "read"},
        "contact": {"name": "Lee"} | account | mine,
        "relation": {"role": "uses"} | (BETWEEN if account else {}) | mine,
        "event": {"title": "Visit", "start_ms": number * 10**7, "end_ms": number * 10**7 + 10} | account | mine,
        "clash_kept": {"user_id": "rita", "event_id": "event-1", "other_id": "event-2"} | mine,
        "activity": {"kind": "call", "at_ms": 5, "body": "Called"} | account | mine,
        "task": {"title": "Offer", "assignee_id": "rita"} | account | mine,
        "sticky": {"body": "Note"} | account | mine,
        "comment": {"body": "Well", **_target(place)} | account | mine,
        "saved_view": {"name": "Big ones", "query": "level=a"} | mine,
        "snooze": {"key": f"event:x{number}:5", "until_ms": 10**12} | mine,
        "handover": {"from_id": "rita", "to_id": "ron"} | mine,
        "substitute": {"substitute_id": "ron", "from_on": "2027-01-01", "until_on": "2027-01-02"} | mine,
        "approval": {"definition_id": "trip", "version_id": "trip-1", "title": "Please"} | mine,
        "approval_action": {"verb": "comment", "note": "Well"} | approval | mine,
        "expense_line": {"spent_on": "2026-11-01", "category_id": "travel", "amount_cents": 5} | approval | mine,
        "attachment": {
            "target_entity": "approval", "target_id": place, "hash": hashlib.sha256(str(number).encode()).hexdigest(),
            "media_type": "image/png", "bytes": 5,
        } | approval | mine,
    }  # fmt: skip
    return made.get(entity, {"name": "x"})


# A relation is seen by whoever sees one end of it.
BETWEEN = {"from_account_id": "acme", "to_account_id": "acme-2"}


def _target(place: str) -> dict:
    return {"target_entity": "account", "target_id": "acme"} if place == "account" else {
        "target_entity": "event", "target_id": "event-1"
    }  # fmt: skip


# A change that whoever may edit may make; `note` where nothing else is said.
EDITS = {
    "account": {"note": "x"},
    "account_member": {"until_on": "2030-01-01"},
    "contact": {"note": "x"},
    "relation": {"role": "guards"},
    "event": {"title": "Later"},
    "clash_kept": {"other_id": "event-3"},
    "activity": {"body": "x"},
    "task": {"title": "x"},
    "sticky": {"body": "x"},
    "comment": {"body": "x"},
    "saved_view": {"name": "x"},
    "snooze": {"until_ms": 10**12 + 1},
    "handover": {"received_at_ms": 10**12},
    "substitute": {"reason": "x"},
    "preference": {"theme": "dark"},
    "approval": {"title": "x"},
    "approval_action": {"note": "x"},
    "expense_line": {"note": "x"},
    "attachment": {"name": "x.png"},
    "conflict": {"settled_at_ms": 10**12},
}
