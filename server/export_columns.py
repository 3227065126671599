"""The columns of exported files and their headers, by which the import knows them again."""

from __future__ import annotations

from web.reasons import N_

# Target of the import (or a name of our own) -> header.
ACCOUNT_COLUMNS = {
    "account.name": N_("Customer"),
    "account.short_name": N_("Short name"),
    "account.kind": N_("Kind"),
    "account.level": N_("Level"),
    "account.industry": N_("Industry"),
    "account.source": N_("Source"),
    "account.region": N_("Region"),
    "account.phones": N_("Company phone"),
    "account.emails": N_("Company e-mail"),
    "account.website": N_("Website"),
    "account.address": N_("Address"),
    "account.tags": N_("Tags"),
    "account.employees": N_("Employees"),
    "account.founded_year": N_("Founded in"),
    "account.annual_revenue_k": N_("Annual revenue, in thousands"),
    "account.parent": N_("Parent company"),
    "account.next_contact_on": N_("Next contact on"),
    "account.note": N_("Note"),
    "owner": N_("Owner"),
    "account.lat_e6": N_("Latitude"),
    "account.lng_e6": N_("Longitude"),
    "id": N_("Number in Roadbook"),
}
CONTACT_COLUMNS = {
    "contact.name": N_("Contact"),
    "account.name": N_("Customer"),
    "contact.title": N_("Job title"),
    "contact.department": N_("Department"),
    "contact.influence": N_("Influence"),
    "contact.phones": N_("Phones"),
    "contact.emails": N_("E-mail addresses"),
    "contact.wechat": N_("WeChat"),
    "contact.address": N_("Contact's address"),
    "contact.birthday": N_("Birthday"),
    "contact.tags": N_("Contact's tags"),
    "contact.note": N_("Contact's note"),
    "owner": N_("Owner"),
    "id": N_("Number in Roadbook"),
}
ACTIVITY_COLUMNS = {
    "at": N_("Date and time"),
    "kind": N_("Kind"),
    "account": N_("Customer"),
    "contacts": N_("Contacts"),
    "owner": N_("Owner"),
    "body": N_("Text"),
    "minutes": N_("Minutes"),
    "checkin": N_("Checked in at"),
    "id": N_("Number in Roadbook"),
}
ACTIVITY_KINDS = {
    "call": N_("Call"),
    "visit": N_("Visit"),
    "meeting": N_("Meeting"),
    "message": N_("Message"),
    "service": N_("Service"),
    "note": N_("Note"),
}
