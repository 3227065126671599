"""Who passed customers on in the sample firm, and when quiet customers go back to the shared pool."""

from __future__ import annotations

import json

from .work import Story

FROM, TO, MANAGER = "user-zhaolei", "user-lina", "user-wangfang"
HOW_MANY = 4


def add_pool_rules(story: Story) -> None:
    at_ms = story.at(-90, 9, 30)
    rules = (
        ("120天没联系 Quiet for 120 days", 120, None, []),
        ("北区C级客户60天 North, level C, 60 days", 60, "department-sales-north", ["c"]),
    )
    for number, (name, days, department, levels) in enumerate(rules, start=1):
        row = f"pool-rule-{number}"
        story.diary.make("pool_rule", row, at_ms, None, name=name, days=days, department_id=department, levels=levels)


def add_handovers(story: Story) -> None:
    """Last week a salesperson passed a few customers on to a colleague, who has taken them over."""
    theirs = [one for one in story.customers if one.owner == FROM][:HOW_MANY]
    at_ms = story.at(-6, 10, 0)
    story.diary.make(
        "handover", "handover-1", at_ms, MANAGER,
        from_id=FROM, to_id=TO, account_ids=[one.id for one in theirs], keep="read", keep_until=story.day(30),
        note="赵磊改做大客户，这几家由李娜接手。", received_at_ms=at_ms + 5 * 3_600_000, owner_id=MANAGER,
        done_at_ms=at_ms, counts=json.dumps({"account": len(theirs)}),
    )  # fmt: skip
    for number, customer in enumerate(theirs, start=1):
        story.diary.make(
            "handover_item", f"handover-1-{number}", at_ms, None,
            handover_id="handover-1", from_id=FROM, to_id=TO, owner_id=MANAGER, target_entity="account",
            target_id=customer.id, account_id=customer.id, title=customer.name,
        )  # fmt: skip
