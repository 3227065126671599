"""What lies on a device of what its person may see: the window of days, and the accounts somebody is in touch with."""

import json

import pytest

from server import holding, hot_accounts
from server.pull import StartAgain
from web.dates import DAY_MS, day_start_ms, local_date

from ..device import Device, exchange, held_projection, new_id, projection
from ..small_firm import as_server, op


def is_as_held(device) -> bool:
    """Whether the device equals what it was told that it holds, and can prove it."""
    wanted = held_projection(device.firm, device.user_id, device.hello["window_ms"])
    assert device.all_rows() == wanted
    return device.prove() == []


def days_ago(firm, days: int) -> int:
    return firm.clock() - days * DAY_MS


def choose_days(device, days: int | None) -> None:
    me = device.user_id
    if me in device.rows.get("preference", {}):
        device.edit("preference", me, window_days=days)
    else:
        device.add("preference", me, window_days=days, owner_id=me)
    device.sync()


def move_days(firm, days: int) -> None:
    firm.clock.ms += days * DAY_MS


# --- the window --------------------------------------------------------------------------------------


@pytest.fixture
def rita(firm):
    """A device whose person has one call a year old, one a month old, and one of today."""
    device = Device(firm, "rita")
    device.account = device.add("account", name="Acme", kind="customer", owner_id="rita")
    device.calls = {
        days: device.add("activity", account_id=device.account, kind="call", at_ms=days_ago(firm, days))
        for days in (365, 30, 0)
    }
    device.sync()
    return device


def held_calls(device) -> set[int]:
    return {days for days, call in device.calls.items() if call in device.rows.get("activity", {})}


def test_who_sees_what_fits_holds_everything(rita):
    assert rita.hello["window_ms"] is None
    assert "accounts" not in rita.hello
    assert held_calls(rita) == {365, 30, 0}


def test_window_begins_at_a_midnight_of_the_firm_and_stays_for_the_day(firm, rita):
    choose_days(rita, 90)

    told = rita.hello["window_ms"]

    assert told == day_start_ms(local_date(told, firm.timezone), firm.timezone)
    assert 90 <= (firm.clock() - told) / DAY_MS < 91
    greeted = rita.greeted
    rita.sync()
    assert rita.greeted == greeted


def test_narrower_window_sends_nothing_and_the_device_drops_what_is_older(firm, rita):
    choose_days(rita, 90)

    assert held_calls(rita) == {30, 0}
    assert is_as_held(rita)
    assert len(projection(firm, "rita")["activity"]) == 3


def test_wider_window_sends_the_rows_between(firm, rita):
    choose_days(rita, 7)
    assert held_calls(rita) == {0}

    choose_days(rita, 90)
    assert held_calls(rita) == {30, 0} and is_as_held(rita)

    choose_days(rita, 0)
    assert held_calls(rita) == {365, 30, 0}
    assert rita.hello["window_ms"] is None and is_as_held(rita)


def test_window_that_moves_on_costs_a_greeting_and_no_rows(firm, rita):
    choose_days(rita, 90)
    move_days(firm, 80)

    lines = list(exchange(firm, "rita", rita.id, rita.cursor, [], rita.now(), rita.hello["key"]))
    rita.take(lines)

    assert [list(json.loads(line)) for line in lines] == [["hello"], ["end"]]
    assert held_calls(rita) == {0} and is_as_held(rita)


def test_wider_window_after_days_without_signal_sends_what_was_left_behind(firm, rita):
    choose_days(rita, 90)
    move_days(firm, 80)
    rita.sync()
    assert held_calls(rita) == {0}

    choose_days(rita, 365)
    assert held_calls(rita) == {30, 0} and is_as_held(rita)


def test_activity_moved_to_last_year_goes_and_moved_back_to_today_comes(firm, rita):
    tablet = Device(firm, "rita", "tablet")
    choose_days(rita, 90)
    tablet.sync()

    rita.edit("activity", rita.calls[0], at_ms=days_ago(firm, 365))
    rita.sync()
    tablet.sync()
    assert rita.calls[0] not in tablet.rows["activity"] and rita.calls[0] not in rita.rows["activity"]
    assert is_as_held(rita) and is_as_held(tablet)

    as_server(firm, op("activity", rita.calls[365], at_ms=days_ago(firm, 1)))
    for device in (rita, tablet):
        device.sync()
        assert rita.calls[365] in device.rows["activity"] and is_as_held(device)


def test_open_task_and_series_stay_whatever_their_age(firm, rita):
    long_ago = days_ago(firm, 400)
    task = rita.add("task", title="Some day", owner_id="rita", assignee_id="rita")
    times = {"start_ms": long_ago, "end_ms": long_ago + 1, "kind": "visit", "owner_id": "rita"}
    series = rita.add("event", title="Weekly", rrule="FREQ=WEEKLY", timezone="Asia/Shanghai", **times)
    once = rita.add("event", title="Once", **times)
    choose_days(rita, 90)

    assert task in rita.rows["task"] and series in rita.rows["event"]
    assert once not in rita.rows["event"] and is_as_held(rita)

    rita.edit("task", task, done_at_ms=long_ago)
    rita.sync()
    assert task not in rita.rows["task"] and is_as_held(rita)


def test_round_cut_while_the_window_moves_on_ends_without_a_gap(firm, rita):
    choose_days(rita, 90)
    for cut in range(1, 12):
        phone = Device(firm, "rita", f"phone{cut}", chunk=1)
        phone.sync(cut_after=cut)
        move_days(firm, 10)
        phone.sync(cut_after=cut)
        choose_days(rita, 400)
        phone.sync()
        phone.sync()
        assert is_as_held(phone), cut
        choose_days(rita, 90)


def test_task_that_was_done_and_grew_old_while_a_round_was_cut_goes(firm, rita):
    task = rita.add("task", title="Some day", owner_id="rita", assignee_id="rita")
    choose_days(rita, 30)
    phone = Device(firm, "rita", "phone2", chunk=1)
    phone.sync()
    rita.edit("account", rita.account, industry="Steel")
    rita.edit("task", task, done_at_ms=firm.clock())
    rita.sync()
    phone.sync(cut_after=1)  # the account has come, the task is still to come
    assert phone.rows["account"][rita.account]["industry"] == "Steel" and task in phone.rows["task"]

    move_days(firm, 40)
    phone.sync()

    assert task not in phone.rows["task"] and is_as_held(phone)


def test_old_rows_that_were_just_imported_are_neither_sent_nor_told_to_forget(firm, rita):
    choose_days(rita, 90)
    for _ in range(5):
        call = {"account_id": rita.account, "kind": "call", "at_ms": days_ago(firm, 500), "owner_id": "rita"}
        as_server(firm, op("activity", new_id(), **call))

    lines = list(exchange(firm, "rita", rita.id, rita.cursor, [], rita.now(), rita.hello["key"]))

    assert [list(json.loads(line)) for line in lines] == [["end"]]


def test_automatic_window_is_as_wide_as_fits_and_does_not_waver(firm, rita, monkeypatch):
    def decided_days():
        device = Device(firm, "rita", "new")
        device.sync()
        window_ms = device.hello["window_ms"]
        return None if window_ms is None else int((firm.clock() - window_ms) / DAY_MS)

    ageless = sum(len(rows) for name, rows in rita.all_rows().items() if name != "activity")
    monkeypatch.setattr(holding, "ROW_BYTES", {})
    monkeypatch.setattr(holding, "OTHER_ROW_BYTES", 100)

    monkeypatch.setattr(holding, "MOST_BYTES", ageless * 100 + 250)
    assert decided_days() is None  # decided this morning
    move_days(firm, 1)
    assert decided_days() == 365
    move_days(firm, 1)
    # All three would fit, but barely.
    monkeypatch.setattr(holding, "MOST_BYTES", ageless * 100 + 310)
    assert decided_days() == 365
    move_days(firm, 1)
    monkeypatch.setattr(holding, "MOST_BYTES", int((ageless * 100 + 310) / holding.WELL_BELOW))
    assert decided_days() is None


def test_cursor_with_a_nonsense_window_starts_again(firm, rita):
    choose_days(rita, 90)
    mark, seq, window = rita.cursor.split(".")

    for cursor in (f"{mark}.{seq}", f"{mark}.{seq}.x", f"{mark}.{seq}.-5", f"{mark}.{seq}.{window}.{window}.1.0"):
        with pytest.raises(StartAgain):
            exchange(firm, "rita", rita.id, cursor, [], rita.now())


# --- accounts ----------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """A person who sees more than nine accounts holds four."""
    monkeypatch.setattr(hot_accounts, "MOST_ACCOUNTS", 9)
    monkeypatch.setattr(hot_accounts, "HOT_ACCOUNTS", 4)


@pytest.fixture
def boss(firm, few):
    """Eight accounts of Rita's with a call each, ten times their number of days ago; the boss owns two more."""
    rita = Device(firm, "rita", "desk")
    names = [f"A{number}" for number in range(8)]
    accounts = {name: rita.add("account", name=name, kind="customer", owner_id="rita") for name in names}
    for number, name in enumerate(names):
        at_ms = days_ago(firm, 10 * number)
        rita.add("activity", account_id=accounts[name], kind="call", at_ms=at_ms, owner_id="rita")
        rita.add("contact", account_id=accounts[name], name=f"C of {name}", owner_id="rita")
    rita.sync()
    device = Device(firm, "boss")
    for name in ("own 1", "own 2"):
        accounts[name] = device.add("account", name=name, kind="customer", owner_id="boss")
    device.accounts, device.rita = accounts, rita
    device.sync()
    move_days(firm, 1)
    device.sync()
    return device


def held_accounts(device) -> set[str]:
    return {name for name, account in device.accounts.items() if account in device.rows.get("account", {})}


def test_who_sees_more_than_fit_holds_own_accounts_and_the_last_contacted(firm, boss):
    assert held_accounts(boss) == {"own 1", "own 2", "A0", "A1"}
    assert boss.hello["accounts"] == [4, 10]
    assert {row["account_id"] for row in boss.rows["contact"].values()} <= set(boss.rows["account"])
    assert is_as_held(boss)


def test_pages_and_permissions_know_nothing_of_what_is_held(firm, boss):
    assert len(projection(firm, "boss")["account"]) == 10

    quiet = boss.accounts["A7"]
    edit = boss.edit("account", quiet, base=1_000, industry="Steel")
    boss.sync()

    assert boss.outcomes[edit["id"]]["is"] in ("applied", "merged")


def test_whoever_sees_what_fits_holds_all_of_it(boss):
    boss.rita.add("account", name="A8", kind="customer", owner_id="rita")
    boss.rita.sync()

    assert "accounts" not in Device(boss.firm, "ron").hello
    assert boss.rita.all_rows() == held_projection(boss.firm, "rita", None)


@pytest.mark.parametrize("entity", ["account", "contact", "activity", "task"])
def test_quiet_account_comes_back_whole_as_soon_as_anybody_changes_what_hangs_on_it(firm, boss, entity):
    quiet = boss.accounts["A7"]
    rita = boss.rita
    rita.sync()
    if entity == "account":
        rita.edit("account", quiet, industry="Steel")
    else:
        more = {
            "contact": {"name": "New"},
            "activity": {"kind": "note", "at_ms": firm.clock()},
            "task": {"title": "Call", "assignee_id": "rita"},
        }
        rita.add(entity, account_id=quiet, owner_id="rita", **more[entity])
    rita.sync()
    boss.sync()

    assert "A7" in held_accounts(boss)
    assert "C of A7" in {row["name"] for row in boss.rows["contact"].values()}
    assert is_as_held(boss)


def test_account_goes_quiet_again_when_others_are_newer(firm, boss):
    rita = boss.rita
    rita.sync()
    rita.edit("account", boss.accounts["A7"], industry="Steel")
    rita.sync()
    boss.sync()
    move_days(firm, 2)
    rita.sync()
    for name in ("A5", "A6"):
        rita.edit("contact", next(i for i, r in rita.rows["contact"].items() if r["name"] == f"C of {name}"), title="x")
    rita.sync()
    boss.sync()

    assert held_accounts(boss) == {"own 1", "own 2", "A5", "A6"}
    assert is_as_held(boss)


def test_device_that_was_away_while_an_account_came_and_went_holds_what_it_should(firm, boss):
    away = Device(firm, "boss", "away")
    away.accounts = boss.accounts
    away.sync()
    rita = boss.rita
    for days, name in ((1, "A7"), (2, "A6"), (3, "A7")):
        move_days(firm, days)
        rita.sync()
        rita.edit("account", boss.accounts[name], note=f"{days}")
        rita.sync()
        boss.sync()
    away.sync()

    assert held_accounts(away) == held_accounts(boss)
    assert is_as_held(away) and is_as_held(boss)


def test_nothing_is_quiet_any_more_when_all_of_it_fits_again(firm, boss, monkeypatch):
    monkeypatch.setattr(hot_accounts, "MOST_ACCOUNTS", 10)
    move_days(firm, 1)
    boss.sync()

    assert len(held_accounts(boss)) == 10
    assert "accounts" not in boss.hello
    assert is_as_held(boss) and boss.all_rows() == projection(firm, "boss")


def test_many_accounts_at_once_are_decided_on_at_once(firm, few, monkeypatch):
    monkeypatch.setattr(holding, "MANY_ACCOUNTS", 7)
    mona = Device(firm, "mona")
    mona.sync()
    sam = Device(firm, "sam", "desk")
    for number in range(10):
        sam.add("account", name=f"S{number}", kind="customer", owner_id="sam")
    sam.sync()

    as_server(firm, op("user", "sam", department_id="north"))
    mona.sync()

    assert len(mona.rows["account"]) == 4 and mona.hello["accounts"] == [4, 10]
    assert is_as_held(mona)


def test_change_while_accounts_are_ranked_is_not_lost(firm, boss):
    """The ranking is read before the writer applies it: what was changed in between stays."""
    with firm.look() as db:
        seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    for name in ("A0", "A7"):  # one that is held, and one that is quiet
        as_server(firm, op("account", boss.accounts[name], industry="Steel"))
    firm.write_now(lambda db: hot_accounts._hold(db, firm, "boss", {boss.accounts["own 1"]}, seq))
    boss.sync()

    assert held_accounts(boss) == {"own 1", "A0", "A7"}
    assert is_as_held(boss)


def test_greeting_tells_how_many_rows_will_come_counted_this_morning_or_now(firm, boss, monkeypatch):
    ageless = sum(len(rows) for name, rows in held_projection(firm, "boss", None).items() if name != "activity")
    monkeypatch.setattr(holding, "ROW_BYTES", {})
    monkeypatch.setattr(holding, "OTHER_ROW_BYTES", 100)
    monkeypatch.setattr(holding, "MOST_BYTES", ageless * 100 + 150)
    move_days(firm, 1)

    for _ in range(2):
        fresh = Device(firm, "boss", "fresh")
        fresh.sync()
        assert fresh.hello["rows"] == sum(map(len, fresh.all_rows().values()))
        assert is_as_held(fresh)
        choose_days(boss, 0)
