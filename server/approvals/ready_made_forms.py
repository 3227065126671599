"""The own fields of the ready-made definitions, in English; `ready_made` translates them when it stores them."""

from __future__ import annotations

from web.reasons import N_

FROM = {"key": "from", "label": N_("First day"), "type": "date", "required": True}
UNTIL = {"key": "until", "label": N_("Last day"), "type": "date", "required": True}
DAYS = {"key": "days", "label": N_("Days"), "type": "number", "required": True, "hint": N_("Half days count 0.5")}

LEAVE = (
    {
        "key": "kind",
        "label": N_("Kind of leave"),
        "type": "choice",
        "required": True,
        "choices": (
            N_("Annual leave"),
            N_("Sick leave"),
            N_("Personal leave"),
            N_("Time off in lieu"),
            N_("Marriage leave"),
            N_("Parental leave"),
            N_("Bereavement leave"),
        ),
    },
    FROM,
    UNTIL,
    DAYS,
    {"key": "cover", "label": N_("Who covers meanwhile"), "type": "person"},
)

TRIP = (
    {"key": "places", "label": N_("Where to"), "type": "text", "required": True},
    FROM,
    UNTIL,
    DAYS,
    {
        "key": "by",
        "label": N_("Travelling by"),
        "type": "choice",
        "choices": (N_("Train"), N_("Plane"), N_("Car"), N_("Coach"), N_("Something else")),
    },
    {"key": "companions", "label": N_("Travelling with"), "type": "text"},
)

DISCOUNT = (
    {"key": "quotation", "label": N_("Quotation number"), "type": "text"},
    {
        "key": "percent",
        "label": N_("Discount in per cent"),
        "type": "number",
        "required": True,
        "hint": N_("Off the list price, such as 12.5"),
    },
    {"key": "until", "label": N_("Valid until"), "type": "date"},
    {"key": "rival", "label": N_("Competitor and their price"), "type": "text"},
)

CONTRACT = (
    {
        "key": "kind",
        "label": N_("Kind of contract"),
        "type": "choice",
        "required": True,
        "choices": (N_("Sale"), N_("Purchase"), N_("Service contract"), N_("Lease"), N_("Confidentiality")),
    },
    {"key": "number", "label": N_("Contract number"), "type": "text"},
    {"key": "party", "label": N_("Other party"), "type": "text", "required": True},
    {"key": "signed", "label": N_("To be signed on"), "type": "date"},
    {"key": "until", "label": N_("Runs until"), "type": "date"},
    {"key": "payment", "label": N_("Terms of payment"), "type": "prose"},
)

EXPENSE_REQUEST = (
    {"key": "when", "label": N_("Needed on"), "type": "date"},
    {"key": "benefit", "label": N_("What it is good for"), "type": "prose"},
)

ADVANCE = (
    {
        "key": "by",
        "label": N_("To be paid by"),
        "type": "choice",
        "required": True,
        "choices": (N_("Bank transfer"), N_("Cash"), N_("Company card")),
    },
    {"key": "needed", "label": N_("Needed on"), "type": "date"},
    {
        "key": "settled",
        "label": N_("To be settled by"),
        "type": "date",
        "required": True,
        "hint": N_("With a claim, or in cash"),
    },
)

CLAIM = (
    {
        "key": "by",
        "label": N_("To be paid by"),
        "type": "choice",
        "choices": (N_("Bank transfer"), N_("Cash")),
    },
    {"key": "bank", "label": N_("Bank account"), "type": "text", "hint": N_("Where it differs from the one on file")},
)
