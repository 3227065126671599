"""What people do about devices of their own, and a device that ends its own session because its lock was tried."""

from __future__ import annotations

from server.devices import waking

from .shell import client, signed_in_client
from .test_device_wipe import DAY_MS, admin, ask, audited, device_of, firm, phone  # noqa: F401


def test_nobody_empties_or_signs_out_the_device_in_their_hands_on_their_own_page(firm, phone):
    own = device_of(firm)["device_id"]

    for form in ({"act": "wipe", "trusted": "0"}, {"act": "wipe", "trusted": "1"}, {"act": "sign_out"}):
        assert phone.post(f"/me/devices/{own}", data=form).status_code == 200

    assert device_of(firm)["state"] == "live"
    assert ask(phone)[0] == 200


def test_an_order_on_ones_own_page_wants_a_fresh_proof(firm, phone):
    device_id = device_of(firm)["device_id"]
    stale = signed_in_client(firm, "ben")
    firm.clock.now_ms += DAY_MS

    answer = stale.post(f"/me/devices/{device_id}", data={"act": "wipe", "trusted": "0"})

    assert answer.status_code != 303
    assert ask(phone)[0] == 200


def test_signing_a_device_out_ends_that_one_alone(firm, phone):
    device_id = device_of(firm)["device_id"]
    other, another = signed_in_client(firm, "ben"), signed_in_client(firm, "ben")

    assert other.post(f"/me/devices/{device_id}", data={"act": "sign_out"}).status_code == 303

    assert [ask(one)[0] for one in (phone, other, another)] == [401, 200, 200]
    assert audited(firm)[-1] == ("device_signed_out", {"of": device_of(firm)["user_id"]})


def test_a_device_whose_lock_was_tried_too_often_ends_its_session_and_no_other(firm, phone):
    other = signed_in_client(firm, "ben")

    left = phone.post("/devices/leave", headers={"sec-fetch-site": "same-origin"})

    assert left.status_code == 204
    assert 'roadbook=""' in left.headers["set-cookie"]
    assert "clear-site-data" not in left.headers, "what is unsent stays"
    assert [ask(one)[0] for one in (phone, other)] == [401, 200]
    assert audited(firm)[-1][0] == "app_lock_reset"


def test_the_session_ends_though_the_browser_kept_the_cookie(firm, phone):
    kept = phone.cookies["roadbook"]
    phone.post("/devices/leave")

    again = client(firm)
    again.cookies.set("roadbook", kept)

    assert ask(again)[0] == 401
    assert again.post("/devices/leave").status_code == 204, "said twice it is no fault"
    assert [action for action, _ in audited(firm)].count("app_lock_reset") == 1


def test_a_device_that_is_to_be_emptied_is_woken_and_its_open_pages_hear_of_it(firm, phone, monkeypatch):
    user_id, device_id = device_of(firm)["user_id"], device_of(firm)["device_id"]
    place = ("place", user_id, device_id, "https://push.example/1", "p", "a", None, 1, 1, 0)
    firm.write_now(lambda conn: conn.execute(f"INSERT INTO push_subscription VALUES ({', '.join('?' * 10)})", place))
    told = []
    monkeypatch.setattr(firm.hub, "poke", told.extend)
    monkeypatch.setattr(firm.hub, "close_device", told.append)
    monkeypatch.setattr(waking, "wake", lambda courier, places, now_ms: told.extend(one["id"] for one in places))

    form = {"act": "wipe", "trusted": "0"}  # which ends its session, and the subscription with it
    signed_in_client(firm, "ben").post(f"/me/devices/{device_id}", data=form)

    assert told == [user_id, user_id, "place"]
