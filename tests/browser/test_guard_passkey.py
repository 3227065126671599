"""A passkey as the app lock: only a fresh signature of that key, for this site, by its owner, opens it."""

from __future__ import annotations

import pytest

PROVE = """(async ({ alg, spoil, rounds }) => {
  const { isProof, newChallenge, passkeyLock } = await import('/service_worker/app_lock_passkey.js');
  const { Authenticator } = await import('/tests/browser/authenticator.js');
  const own = await Authenticator.of(alg);
  const signs = spoil.key ? await Authenticator.of(alg) : own;
  const given = [];
  for (let n = 0; n < rounds; n++) {
    const challenge = spoil.none ? '' : newChallenge();
    given.push(await isProof(passkeyLock(own.made), await signs.prove(challenge, spoil), challenge));
  }
  return given;
})(arg)"""


@pytest.fixture(scope="module")
def js(chromium, checkout_url):
    """As everywhere, but in one page: nothing here leaves anything in it."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    yield lambda expression, arg=None: page.evaluate("async (arg) => { return " + expression + "; }", arg)
    context.close()


@pytest.mark.parametrize("alg", [-7, -257])
def test_a_signature_of_its_owner_opens_it(js, alg):
    # Numbers that begin with zeros are written shorter: one in a hundred.
    rounds = 300 if alg == -7 else 2

    assert js(PROVE, {"alg": alg, "spoil": {}, "rounds": rounds}) == [True] * rounds


@pytest.mark.parametrize(
    "spoil",
    [
        {"client": {"challenge": "another"}},
        {"client": {"challenge": ""}},
        {"client": {"origin": "https://elsewhere.example"}},
        {"client": {"type": "webauthn.create"}},
        {"site": "elsewhere.example"},
        {"flags": 1},
        {"flags": 4},
        {"key": "another"},
        {"id": "another"},
        {"isChanged": True},
        {"none": True},
    ],
    ids=str,
)
def test_any_other_does_not(js, spoil):
    assert js(PROVE, {"alg": -7, "spoil": spoil, "rounds": 1}) == [False]


@pytest.mark.parametrize(
    "made",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"id": "a", "key": "b", "alg": 0}',
        '{"id": "", "key": "b", "alg": -7}',
        '{"id": "a", "key": 1, "alg": -7}',
    ],
)
def test_what_no_device_made_becomes_no_lock(js, made):
    assert js("(await import('/service_worker/app_lock_passkey.js')).passkeyLock(arg)", made) is None
