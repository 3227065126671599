"""The names by which people choose what a column becomes; the words are those of the app's forms."""

from __future__ import annotations

from web.reasons import N_
from web.text import Text

from .targets import WORDS

CUSTOMER, CONTACT, BOTH = N_("Customer"), N_("Contact"), N_("Customer and contact")
HEADINGS = {"account": CUSTOMER, "contact": CONTACT}

FIELDS = {
    "name": N_("Name"),
    "short_name": N_("Short name"),
    "kind": N_("Kind"),
    "level": N_("Level"),
    "industry": N_("Industry"),
    "source": N_("Source"),
    "region": N_("Region"),
    "phones": N_("Phones"),
    "emails": N_("E-mail addresses"),
    "website": N_("Website"),
    "address": N_("Address"),
    "lat_e6": N_("Latitude"),
    "lng_e6": N_("Longitude"),
    "tags": N_("Tags"),
    "employees": N_("Employees"),
    "founded_year": N_("Founded in"),
    "annual_revenue": N_("Annual revenue"),
    "annual_revenue_k": N_("Annual revenue, in thousands"),
    "annual_revenue_wan": N_("Annual revenue, in units of 10,000"),
    "annual_revenue_m": N_("Annual revenue, in millions"),
    "parent": N_("Belongs to (a customer's name)"),
    "next_contact_on": N_("Next contact on"),
    "note": N_("Note"),
    "title": N_("Job title"),
    "department": N_("Department"),
    "influence": N_("Influence"),
    "wechat": N_("WeChat"),
    "birthday": N_("Birthday"),
    "owner": N_("Owner (a colleague's name)"),
}


def groups(text: Text) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, [(target, label)]) for a list of choices."""
    found: dict[str, list[tuple[str, str]]] = {}
    for target in WORDS:
        heading = HEADINGS.get(target.partition(".")[0], BOTH)
        found.setdefault(heading, []).append((target, label(text, target)))
    return [(text.gettext(heading), choices) for heading, choices in found.items()]


def label(text: Text, target: str) -> str:
    """'Customer: Name': a closed list shows no heading."""
    entity, _, name = target.rpartition(".")
    heading = HEADINGS.get(entity)
    return f"{text.gettext(heading)}: {text.gettext(FIELDS[name])}" if heading else text.gettext(FIELDS[name])
