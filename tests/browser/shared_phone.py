"""One phone that tests of a module use, each after the other: made once, and its clock set rather than waited for.

A test that imports `shared` leaves it signed in and in contact, or finds a way back there itself.
"""

from __future__ import annotations

import pytest

from tests.browser.phone import phone_at
from tests.small_firm import make_firm

POST = """async ([path, form]) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  return (await fetch(path, { method: 'POST', body, redirect: 'manual' })).type === 'opaqueredirect';
}"""

# Compare with the server: answered when it was met.
MEET = """async () => {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  navigator.serviceWorker.controller.postMessage({ type: 'check' }, [port2]);
  return (await answer).why;
}"""

ASIDE = "/manifest.webmanifest"
CLOCK = "(ms) => { self.realNow ??= Date.now.bind(Date); Date.now = () => self.realNow() + ms; }"


@pytest.fixture(scope="module")
def shared(chromium, tmp_path_factory):
    """rita's, who is signed in and has a customer named Acme."""
    firm = make_firm(tmp_path_factory.mktemp("shared") / "firm")
    with phone_at(firm, chromium, has_touch=True) as phone:
        phone.sign_in()
        phone.add_customer("Acme")
        phone.wait_for_chip("synced")
        yield phone
    firm.close()


def post(phone, path: str, **form: str) -> bool:
    """Whether a form that is sent there leads on."""
    return aside(phone).evaluate(POST, [path, form])


def meet(phone) -> None:
    """The server is met, now."""
    assert aside(phone).evaluate(MEET) == ""


def set_clock(phone, ms: int) -> None:
    """The worker's clock goes wrong by so much; one that was stopped has a right one when it starts again."""
    aside(phone).evaluate("fetch('/locked').then(() => true)")
    [worker] = phone.context.service_workers
    worker.evaluate(CLOCK, ms)


def aside(phone):
    """A page that asks for nothing by itself and loads nothing anew, whatever becomes of the phone."""
    if phone.page.url != phone.url + ASIDE:
        phone.open(ASIDE)
    return phone.page
