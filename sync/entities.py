"""Roadbook's entities, declared once for both hosts.

Order is parents before children: rows are sent to devices in this order.  To add a field, add its line
here and a migration in `server/migrations.py`; CONTRIBUTING.md has the recipe.
"""

from __future__ import annotations

from .model import (
    AUTHOR,
    DONE_WINS,
    LAST,
    ONCE,
    SERVER,
    SERVER_ONLY,
    Bucket,
    Entity,
    count,
    date,
    document,
    enum,
    flag,
    instant,
    members,
    prose,
    ref,
    text,
)

FIRM = Bucket("firm")
ACCOUNT = Bucket("account", "account_id")
OWNER = ref("owner_id", "user", merge=SERVER, default="@me")

ENTITIES = (
    Entity(
        "department",
        (text("name", required=True), ref("parent_id", "department"), count("position", 10_000, default=0)),
        (FIRM,),
        SERVER_ONLY,
    ),
    Entity(
        "role",
        (
            text("name", required=True),
            enum("data_scope", "own", "reports", "department", "below", "everything", required=True, default="own"),
            flag("is_admin"),
        ),
        (FIRM,),
        SERVER_ONLY,
    ),
    Entity(
        "user",
        (
            text("name", required=True),
            text("title"),
            members("phones", "phone"),
            members("emails", "email"),
            ref("department_id", "department"),
            ref("role_id", "role", required=True),
            ref("manager_id", "user"),
            flag("is_active", default=1),
        ),
        (FIRM,),
        SERVER_ONLY,
        search=("name", "phones"),
    ),
    # One row a person, with the person's own id: what the person chose for the interface.
    Entity(
        "preference",
        (
            enum("language", "en", "zh-Hans", "zh-Hant", merge=LAST),
            text("timezone", 64, merge=LAST),
            enum("theme", "light", "dark", merge=LAST),
            # How many days back this person's devices hold activities and the like; 0 all, NULL as many as fit.
            count("window_days", 3_650, merge=LAST),
            OWNER,
        ),
        (Bucket("private", "owner_id"),),
        AUTHOR,
        one_per_person=True,
    ),
    Entity(
        "account",
        (
            enum("kind", "customer", "dealer", "supplier", "partner", "competitor", required=True, default="customer"),
            text("name", required=True),
            text("short_name", 60),
            enum("level", "a", "b", "c", "d"),
            text("industry", 80),
            text("source", 80),
            text("region", 80),
            members("phones", "phone"),
            members("emails", "email"),
            text("website"),
            text("address", 400, group="place"),
            count("lat_e6", 90_000_000, least=-90_000_000, group="place"),
            count("lng_e6", 180_000_000, least=-180_000_000, group="place"),
            members("tags", "tag"),
            count("employees"),
            count("founded_year", 9999),
            count("annual_revenue_k"),
            ref("parent_id", "account"),
            date("next_contact_on", merge=LAST),
            prose("note"),
            OWNER,
            # Since when the owner has it: what the pool's rules count from, as long as nobody was in touch.
            instant("owner_since_ms", by_server=True, merge=SERVER),
        ),
        (Bucket("account", "id"),),
        search=("name", "short_name", "phones"),
        indexes=("name, search_key", "owner_id", "parent_id", "next_contact_on"),
    ),
    Entity(
        "account_member",
        (
            ref("account_id", "account", required=True, merge=ONCE),
            ref("user_id", "user", required=True, merge=ONCE),
            enum("access", "read", "write", required=True, default="write", merge=SERVER),
            date("until_on", merge=SERVER),
        ),
        (ACCOUNT,),
    ),
    Entity(
        "contact",
        (
            ref("account_id", "account"),
            text("name", required=True),
            text("title", 120),
            text("department", 120),
            enum("influence", "decides", "influences", "uses", "guards"),
            members("phones", "phone"),
            members("emails", "email"),
            text("wechat", 80),
            text("address", 400),
            date("birthday"),
            members("tags", "tag"),
            prose("note"),
            OWNER,
        ),
        (ACCOUNT, Bucket("person", "owner_id", only_without="account_id")),
        search=("name", "phones"),
        indexes=("name, search_key", "account_id", "owner_id"),
    ),
    # from_… and to_… name the two ends; a contact's end also names the contact's account.
    Entity(
        "relation",
        (
            ref("from_account_id", "account", merge=ONCE),
            ref("from_contact_id", "contact", merge=ONCE),
            ref("to_account_id", "account", merge=ONCE),
            ref("to_contact_id", "contact", merge=ONCE),
            text("role", 80, required=True),
            text("reverse_role", 80),
            prose("note", 2_000),
            OWNER,
        ),
        (
            Bucket("account", "from_account_id"),
            Bucket("account", "to_account_id"),
            Bucket("person", "owner_id", only_without="from_account_id"),
        ),
        AUTHOR,
        indexes=("from_account_id", "from_contact_id", "to_account_id", "to_contact_id"),
    ),
    Entity(
        "event",
        (
            text("title", required=True),
            enum("kind", "visit", "meeting", "call", "other", required=True, default="visit"),
            instant("start_ms", required=True, group="time"),
            instant("end_ms", required=True, group="time"),
            flag("is_all_day", group="time"),
            text("place", 400),
            prose("note"),
            ref("account_id", "account"),
            members("contact_ids", "ref", ref="contact"),
            members("attendee_ids", "ref", ref="user"),
            count("remind_minutes", 20_160),
            instant("cancelled_at_ms"),
            # A series: its rule (RFC 5545) and the time zone in which its clock time stays the same.
            text("rrule", 300, of="rule", group="repeat"),
            text("timezone", 64, group="repeat"),
            # One occurrence of a series that goes its own way: which series, and on which of its local days.
            ref("series_id", "event", merge=ONCE),
            date("occurrence_on", merge=ONCE),
            OWNER,
        ),
        (ACCOUNT, Bucket("person", "owner_id"), Bucket("person", "attendee_ids")),
        indexes=("start_ms", "end_ms", "account_id", "owner_id", "series_id", "rrule"),
        ordered=(("start_ms", "end_ms"),),
        ages_by="end_ms",
        ageless_with="rrule",
    ),
    # Whoever is in two places at once may want to be: this clash of two appointments is meant.
    Entity(
        "clash_kept",
        (
            ref("user_id", "user", required=True, merge=ONCE),
            ref("event_id", "event", required=True, merge=ONCE),
            ref("other_id", "event", required=True, merge=ONCE),
            OWNER,
        ),
        (Bucket("person", "user_id"), Bucket("person", "owner_id")),
        AUTHOR,
        indexes=("event_id", "other_id"),
    ),
    Entity(
        "activity",
        (
            ref("account_id", "account"),
            members("contact_ids", "ref", ref="contact"),
            ref("event_id", "event"),
            enum("kind", "call", "visit", "meeting", "message", "service", "note", required=True),
            instant("at_ms", required=True, default="@now"),
            prose("body"),
            count("minutes", 1_440),
            instant("checkin_at_ms", group="checkin", merge=ONCE),
            count("checkin_lat_e6", 90_000_000, least=-90_000_000, group="checkin", merge=ONCE),
            count("checkin_lng_e6", 180_000_000, least=-180_000_000, group="checkin", merge=ONCE),
            count("checkin_accuracy_m", 100_000, group="checkin", merge=ONCE),
            OWNER,
        ),
        (ACCOUNT, Bucket("person", "owner_id", only_without="account_id")),
        AUTHOR,
        indexes=("account_id, at_ms", "owner_id, at_ms", "at_ms"),
        ages_by="at_ms",
    ),
    Entity(
        "task",
        (
            text("title", required=True),
            prose("note"),
            flag("is_important"),
            flag("is_urgent"),
            date("due_on"),
            instant("done_at_ms", merge=DONE_WINS),
            ref("account_id", "account"),
            ref("contact_id", "contact"),
            ref("assignee_id", "user", default="@me"),
            OWNER,
        ),
        (ACCOUNT, Bucket("private", "owner_id"), Bucket("private", "assignee_id")),
        indexes=("account_id", "assignee_id, done_at_ms, due_on"),
        ages_by="done_at_ms",
    ),
    Entity(
        "sticky",
        (
            prose("body", 2_000, required=True),
            enum("colour", "yellow", "blue", "green", "red", required=True, default="yellow"),
            ref("account_id", "account"),
            OWNER,
        ),
        (ACCOUNT, Bucket("private", "owner_id", only_without="account_id")),
        AUTHOR,
        indexes=("account_id", "owner_id"),
    ),
    # Hangs on another row (target); account_id repeats that row's account, so that both travel together.
    Entity(
        "comment",
        (
            enum("target_entity", "account", "contact", "activity", "event", "task", required=True, merge=ONCE),
            text("target_id", 64, required=True, merge=ONCE),
            ref("account_id", "account", merge=ONCE),
            prose("body", 5_000, required=True),
            members("mention_ids", "ref", ref="user"),
            OWNER,
        ),
        (
            ACCOUNT,
            Bucket("person", "owner_id", only_without="account_id"),
            Bucket("private", "mention_ids", only_without="account_id"),
        ),
        AUTHOR,
        indexes=("target_id", "account_id", "created_at_ms"),
        ages_by="created_at_ms",
    ),
    Entity(
        "saved_view",
        (text("name", 60, required=True, merge=LAST), text("query", 1_000, required=True, merge=LAST), OWNER),
        (Bucket("private", "owner_id"),),
        AUTHOR,
    ),
    # When a colleague is taken, and nothing else: derived by the server from events.
    Entity(
        "busy",
        (
            ref("user_id", "user", required=True),
            ref("event_id", "event", required=True),
            instant("start_ms", required=True),
            instant("end_ms", required=True),
            text("rrule", 300),
            text("timezone", 64),
            # Days of the series that have an appointment of their own, as a JSON array.
            document("skipped"),
        ),
        (FIRM,),
        SERVER_ONLY,
        indexes=("user_id, start_ms", "event_id"),
        ages_by="end_ms",
        ageless_with="rrule",
    ),
    # From one person to another, at once on the server: accounts with what hangs on them, what is to come, what is
    # to do.  The row is the wish; the server fills in what it did.
    Entity(
        "handover",
        (
            ref("from_id", "user", required=True, merge=ONCE),
            ref("to_id", "user", required=True, merge=ONCE),
            # Empty: everything that is left.
            members("account_ids", "ref", most=1_000, ref="account"),
            enum("keep", "none", "read", "write", required=True, default="none", merge=ONCE),
            date("keep_until", merge=ONCE),
            flag("with_events", default=1, merge=ONCE),
            flag("with_tasks", default=1, merge=ONCE),
            prose("note", 5_000, merge=ONCE),
            instant("received_at_ms", merge=DONE_WINS),
            instant("done_at_ms", by_server=True, merge=ONCE),
            # How many of each: {"account": 12, "contact": 30, "event": 4, "task": 7}
            document("counts", by_server=True, merge=ONCE),
            OWNER,
        ),
        (Bucket("person", "from_id"), Bucket("person", "to_id"), Bucket("person", "owner_id")),
        indexes=("from_id", "to_id"),
    ),
    # One line of a handover's sheet, with the name that it had then.
    Entity(
        "handover_item",
        (
            ref("handover_id", "handover", required=True),
            ref("from_id", "user", required=True),
            ref("to_id", "user", required=True),
            ref("owner_id", "user"),
            enum("target_entity", "account", "contact", "event", "task", required=True),
            text("target_id", 64, required=True),
            text("account_id", 64),
            text("title", 200),
            # When an appointment begins.
            instant("at_ms"),
            # When a task is due.
            date("due_on"),
        ),
        (Bucket("person", "from_id"), Bucket("person", "to_id"), Bucket("person", "owner_id")),
        SERVER_ONLY,
        indexes=("handover_id",),
    ),
    # Customers that nobody was in touch with for so many days go back to the shared pool.
    Entity(
        "pool_rule",
        (
            text("name", 120, required=True),
            count("days", 3_650, least=1, required=True),
            # The department that it holds for, with those below; none: everybody.
            ref("department_id", "department"),
            # The levels that it holds for; none: all.
            members("levels", "tag"),
            flag("is_active", default=1),
        ),
        (FIRM,),
        SERVER_ONLY,
    ),
    # Two people changed the same thing while apart.  Made by the server; anyone who sees it may settle it.
    # kept and lost are JSON objects of field -> value; base is what both had seen.
    Entity(
        "conflict",
        (
            enum(
                "target_entity",
                "account",
                "contact",
                "event",
                "task",
                "relation",
                "activity",
                "sticky",
                "comment",
                required=True,
                merge=ONCE,
            ),
            text("target_id", 64, required=True, merge=ONCE),
            ref("account_id", "account", merge=ONCE),
            # proposal: lost is what somebody without the right to write would have changed (unit '+': added).
            enum("kind", "field", "delete", "proposal", required=True, merge=ONCE),
            text("unit", 60, required=True, merge=ONCE),
            document("kept", merge=ONCE),
            ref("kept_by", "user", merge=ONCE),
            instant("kept_at_ms", merge=ONCE),
            text("kept_device", 120, merge=ONCE),
            document("lost", merge=ONCE),
            ref("lost_by", "user", merge=ONCE),
            instant("lost_at_ms", merge=ONCE),
            text("lost_device", 120, merge=ONCE),
            document("base", merge=ONCE),
            instant("settled_at_ms", merge=DONE_WINS),
            ref("settled_by", "user", merge=LAST),
        ),
        (
            ACCOUNT,
            Bucket("private", "kept_by", only_without="account_id"),
            Bucket("private", "lost_by", only_without="account_id"),
        ),
        indexes=("target_id", "account_id", "settled_at_ms"),
        ages_by="settled_at_ms",
    ),
)

BY_NAME = {entity.name: entity for entity in ENTITIES}
