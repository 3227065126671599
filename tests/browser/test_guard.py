"""What a device may show, and when: rules of the app lock and the lease over a real replica, the time passed in."""

from __future__ import annotations

import pytest

MINUTE_MS = 60_000
NOW = 1_795_500_000_000


@pytest.fixture(scope="module")
def page(chromium, checkout_url):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    yield page
    context.close()


@pytest.fixture
def device(page):
    """device("return device.locked(arg)", now): JavaScript over a device of its own (guard_runner.js)."""

    def run(work: str, arg=NOW):
        given = "({ work, arg }) => import('/tests/browser/guard_runner.js').then(({ run }) => run(work, arg))"
        return page.evaluate(given, {"work": work, "arg": arg})

    return run


def test_it_is_open_for_as_many_minutes_as_were_chosen_after_somebody_looked(device):
    seen = device("""
      const seen = [];
      for (const minutes of [1, 5, 15, 7]) {
        const at = arg + 10 * minutes * 60_000;
        if (device.lock) await device.change({ act: 'minutes', minutes, pin: PIN }, at);
        else await device.setPin(at, { minutes });
        await device.touch(at + 30_000);
        const last = at + 30_000 + device.lock.minutes * 60_000;
        seen.push([device.lock.minutes, device.locked(last), device.locked(last + 1)]);
      }
      return seen;
    """)

    assert seen == [[minutes, "", "app"] for minutes in (1, 5, 15, 5)]


def test_a_clock_that_was_set_back_locks_it(device):
    assert device("await device.setPin(arg); return [device.locked(arg - 60_000), device.locked(arg - 60_001)]") == [
        "",
        "app",
    ]


def test_it_is_locked_also_while_its_rows_are_not_whole_and_a_lease_is_not_asked_for_then(device):
    assert device("""
      await device.meet(arg - 31 * 86_400_000);
      const before = device.guard.locked(device.replica, arg, false);
      await device.setPin(arg);
      await device.close();
      return [before, device.guard.locked(device.replica, arg, false)];
    """) == ["", "app"]


def test_it_stays_open_and_stays_locked_when_the_worker_was_stopped(device):
    assert device("""
      await device.setPin(arg);
      await device.touch(arg + 200_000);
      await device.stop();
      const open = device.locked(arg + 400_000);
      await device.close();
      await device.stop();
      return [open, device.locked(arg + 1_000)];
    """) == ["", "app"]


def test_wrong_pins_wait_longer_and_longer_until_only_signing_in_helps(device):
    tries = device("""
      await device.setPin(arg);
      await device.close();
      const tries = [];
      for (let n = 0, now = arg; n < 10; n++) {
        const said = await device.unlock(n ? '1' : '000000', now);
        const { lock_wait_s: wait, lock_spent: spent } = device.words(now);
        tries.push([said, wait, spent]);
        now += wait * 1_000;
      }
      return [...tries, await device.unlock(PIN, arg + 1e9), device.locked(arg + 1e9)];
    """)

    waits = [0, 0, 30, 60, 300, 900, 1_800, 3_600, 3_600]
    assert tries[:9] == [["wrong", wait, False] for wait in waits]
    assert tries[9][0] == "spent" and tries[9][2] is True
    assert tries[10:] == ["spent", "app"]


def test_while_a_try_has_to_wait_not_even_the_right_pin_counts_and_a_new_worker_waits_as_well(device):
    assert device("""
      await device.setPin(arg);
      await device.close();
      for (let n = 0; n < 3; n++) await device.unlock('1', arg);
      await device.stop();
      const early = await device.unlock(PIN, arg + 29_000);
      const { failures } = device.lock;
      const later = await device.unlock(PIN, arg + 30_000);
      return [early, failures, later, device.lock.failures, device.locked(arg + 30_000)];
    """) == ["wait", 3, "", 0, ""]


def test_ten_wrong_pins_lock_it_also_under_whoever_tries_to_change_it(device):
    assert device("""
      await device.setPin(arg);
      let now = arg;
      for (let n = 0; n < 10; n++) {
        now += device.words(now).lock_wait_s * 1_000;
        await device.touch(now);
        await device.change({ act: 'off', pin: '1' }, now);
      }
      return [device.lock.failures, device.locked(now)];
    """) == [10, "app"]


def test_a_clock_that_was_set_back_by_years_makes_nobody_wait_for_years(device):
    assert device("""
      await device.setPin(arg);
      await device.close();
      for (let n = 0; n < 3; n++) await device.unlock('1', arg);
      return device.words(arg - 1e11).lock_wait_s;
    """) == 3_600


def test_a_try_is_written_down_before_it_is_looked_at(device):
    """Whoever ends the worker while it thinks has had this try."""
    meanwhile, afterwards = device("""
      await device.setPin(arg);
      await device.close();
      const seen = new Set();
      const watch = setInterval(() => seen.add(device.lock.failures), 1);
      await device.unlock(PIN, arg);
      clearInterval(watch);
      return [[...seen], device.lock.failures];
    """)

    assert 1 in meanwhile
    assert afterwards == 0


def test_no_pin_is_kept(device):
    kept = device("await device.setPin(arg); return JSON.stringify(device.replica.all('SELECT * FROM replica_meta'))")

    assert "493817" not in kept and "pin" in kept
    assert device("await device.setPin(arg); return device.lock.iterations") >= 600_000


@pytest.mark.parametrize(
    "form",
    [
        {"act": "pin", "pin_new": "111111", "pin_again": "111111"},
        {"act": "minutes", "minutes": "15"},
        {"act": "off"},
        {"act": "passkey", "made": '{"id": "a", "key": "b", "alg": -7}'},
    ],
    ids=lambda form: form["act"],
)
def test_who_changes_it_shows_that_they_can_open_it(device, form):
    before, wrong, after = device(
        """
      await device.setPin(arg.now);
      const before = device.lock;
      const wrong = await device.change({ ...arg.form, pin: '000000' }, arg.now);
      return [before, wrong, device.lock];
    """,
        {"now": NOW, "form": form},
    )

    assert wrong == {"pin": "wrong"}
    assert after == {**before, "failures": 1, "wait_until_ms": NOW}


@pytest.mark.parametrize(
    "typed, wrong",
    [
        (("12345", "12345"), {"pin_new": "pin_form"}),
        (("1" * 13, "1" * 13), {"pin_new": "pin_form"}),
        (("12a456", "12a456"), {"pin_new": "pin_form"}),
        (("123456", "123457"), {"pin_again": "pin_again"}),
    ],
)
def test_what_is_no_pin_becomes_none(device, typed, wrong):
    said = device("return [await device.setPin(0, arg), device.lock]", {"pin_new": typed[0], "pin_again": typed[1]})

    assert said == [wrong, None]


def test_a_signature_opens_it_once(device):
    assert device("""
      const { Authenticator } = await import('/tests/browser/authenticator.js');
      const own = await Authenticator.of(-7);
      await device.change({ act: 'passkey', made: own.made }, arg);
      await device.close();
      device.guard.ask();
      const proof = await own.prove(device.words(arg).lock_challenge);
      const first = [await device.unlock({ proof }, arg), device.locked(arg)];
      await device.close();
      const again = [await device.unlock({ proof }, arg), device.locked(arg)];
      device.guard.ask();
      return [first, again, await device.unlock({ proof: await own.prove(device.words(arg).lock_challenge) }, arg)];
    """) == [["", ""], ["wrong", "app"], ""]


def test_a_lock_that_the_firm_wants_cannot_be_taken_off_and_is_asked_for_where_there_is_none(device):
    assert device("""
      const free = device.locked(arg);
      await device.want('app_lock', 'required');
      const without = device.locked(arg);
      await device.setPin(arg);
      return [free, without, device.locked(arg), await device.change({ act: 'off', pin: PIN }, arg), device.lock.kind];
    """) == ["", "set_up", "", {"off": "asked_for"}, "pin"]


def test_another_person_who_signed_in_has_no_lock_of_the_one_before(device):
    assert device("""
      await device.setPin(arg);
      await device.close();
      await device.meet(arg);
      const same = device.locked(arg);
      await device.replica.tx((r) => r.setMeta('user', 'ron'));
      await device.meet(arg);
      return [same, device.locked(arg), device.lock];
    """) == ["app", "", None]


def test_a_session_that_was_ended_opens_it_with_the_next_contact_that_was_asked_for_afterwards(device):
    assert device("""
      await device.setPin(arg);
      await device.close();
      device.guard.asked(device.replica);
      await device.guard.leave(device.replica);
      await device.guard.met(device.replica, arg);
      const stale = device.locked(arg);
      await device.meet(arg);
      return [stale, device.locked(arg)];
    """) == ["app", ""]


# Days without contact: [days after NOW, ...] -> what is locked then, looked at one after the other.
LEASE = """
  const { days, want } = arg;
  if (want !== null) await device.want('lease_days', want);
  await device.meet(arg.now);
  return days.map((day) => device.locked(arg.now + day * 86_400_000));
"""


@pytest.mark.parametrize(
    "want, days, locked",
    [
        (None, [29.9, 30], ["", "lease"]),
        ("7", [6.9, 7], ["", "lease"]),
        ("0", [399, 4_000], ["", ""]),
        ("many", [29.9, 30], ["", "lease"]),
        # A clock that was set back takes nothing away, and goes on counting from where it stands.
        (None, [20, 0, 9.9], ["", "", ""]),
        (None, [20, 0, 10], ["", "", "lease"]),
        (None, [31, 0, -400], ["lease", "lease", "lease"]),
    ],
)
def test_after_so_many_days_without_contact_nothing_is_shown(device, want, days, locked):
    assert device(LEASE, {"want": want, "days": days, "now": NOW}) == locked


def test_days_without_contact_are_counted_from_the_last_one_and_over_restarts(device):
    assert device("""
      const DAY = 86_400_000, seen = [];
      await device.meet(arg);
      seen.push(device.locked(arg + 20 * DAY));
      await device.meet(arg + 20 * DAY);
      seen.push(device.locked(arg + 45 * DAY));
      await device.stop();
      seen.push(device.locked(arg + 49 * DAY));
      await device.stop();
      seen.push(device.locked(arg + 51 * DAY));
      await device.stop();
      seen.push(device.locked(arg)); // its clock is right again
      await device.meet(arg);
      seen.push(device.locked(arg));
      await device.stop();
      return [...seen, device.locked(arg + DAY)];
    """) == ["", "", "", "lease", "lease", "", ""]


def test_its_end_is_told_three_days_before(device):
    assert device("""
      const DAY = 86_400_000;
      await device.meet(arg);
      return [26.9, 27, 27.5, 29.1, 31].map((day) => device.words(arg + day * DAY).lease_left);
    """) == [None, 3, 3, 1, None]


def test_a_lease_that_is_over_is_not_opened_by_the_pin(device):
    assert device("""
      const late = arg + 31 * 86_400_000;
      await device.meet(arg);
      await device.setPin(arg);
      device.locked(late);
      return [device.locked(late), await device.unlock(PIN, late), device.locked(late)];
    """) == ["app", "", "lease"]
