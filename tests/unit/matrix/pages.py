"""Who may open which page of web/: one line an address.  A new page needs a line here.

    EVERYBODY        every active person of the firm; what it shows is the person's own
    an entity        whoever sees the row that the address names, and else it is not there (404)
    entity E         whoever may edit that row
"""

from __future__ import annotations

EVERYBODY = "everybody"

PAGES = {
    "/": EVERYBODY,
    "/activities/new": EVERYBODY,
    "/activities/{id}": "activity",
    "/activities/{id}/edit": "activity",
    "/approvals": EVERYBODY,
    "/approvals/count": EVERYBODY,
    "/approvals/new": EVERYBODY,
    "/approvals/several": EVERYBODY,
    "/approvals/{id}": "approval",
    "/approvals/{id}/edit": "approval",
    "/approvals/{id}/lines": "approval",
    "/approvals/{id}/lines/new": "approval",
    "/approvals/{id}/pay": "approval",
    "/approvals/{id}/repay": "approval",
    "/comments/new?entity=account&id={id}": "account",
    "/comments/{id}": "comment",
    "/conflicts": EVERYBODY,
    "/conflicts/several": EVERYBODY,
    "/conflicts/{id}": "conflict",
    "/contacts/new": EVERYBODY,
    "/contacts/{id}": "contact",
    "/contacts/{id}/edit": "contact",
    "/customers": EVERYBODY,
    "/customers/new": EVERYBODY,
    "/customers/{id}": "account",
    "/customers/{id}/edit": "account",
    "/customers/{id}/people": "account",
    "/customers/{id}/summary": "account",
    "/events/new": EVERYBODY,
    "/events/{id}": "event",
    "/events/{id}/edit": "event",
    "/expenses": EVERYBODY,
    "/expenses/new": EVERYBODY,
    "/expenses/payments": EVERYBODY,
    "/handovers": EVERYBODY,
    "/handovers/{id}": "handover",
    "/history/{entity}/{id}": "account",
    "/lines/{id}/edit": "expense_line",
    "/locked": EVERYBODY,
    "/me": EVERYBODY,
    "/me/app-lock": EVERYBODY,
    "/me/notices": EVERYBODY,
    "/me/reminders": EVERYBODY,
    "/me/substitutes": EVERYBODY,
    "/me/substitutes/new": EVERYBODY,
    "/me/substitutes/{id}/edit": "substitute E",
    "/outbox": EVERYBODY,
    "/outbox/chip": EVERYBODY,
    "/people": EVERYBODY,
    "/people/{id}": "user",
    "/people/{id}/handover": "user",
    "/pool": EVERYBODY,
    "/relations/new": EVERYBODY,
    "/relations/{id}/edit": "relation",
    "/schedule": EVERYBODY,
    "/search": EVERYBODY,
    "/stickies/new": EVERYBODY,
    "/stickies/{id}/edit": "sticky",
    "/tasks": EVERYBODY,
    "/tasks/new": EVERYBODY,
    "/tasks/{id}": "task",
    "/tasks/{id}/edit": "task",
    "/team": EVERYBODY,
    "/trouble/{what}": EVERYBODY,
}

# Nobody pays a draft: these are not there until it was submitted.
NOT_THERE = {("/approvals/{id}/pay", "draft"), ("/approvals/{id}/repay", "draft")}
