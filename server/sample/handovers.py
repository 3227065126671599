"""Who passed customers on in the sample firm, and when quiet customers go back to the shared pool."""

from __future__ import annotations

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
    """A salesperson's manager has just passed a few customers on to a colleague, who is yet to say so."""
    theirs = [one for one in story.customers if one.owner == FROM][:HOW_MANY]
    story.diary.make(
        "handover", "handover-1", story.now_ms, MANAGER,
        from_id=FROM, to_id=TO, account_ids=[one.id for one in theirs], keep="none",
        note="赵磊改做大客户，这几家由李娜接手。", owner_id=MANAGER,
    )  # fmt: skip
