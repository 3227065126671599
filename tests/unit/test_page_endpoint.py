import pytest

from server.page_endpoint import refusals
from sync.forms import FormResult
from tests.unit.shell import add_person, client, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def anna(firm):
    return signed_in_client(firm)


FORM = {"row.s": "sticky//0", "s.body": "Call back <soon>", "s.colour": "red"}


def stickies(firm):
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute("SELECT body, colour FROM sticky WHERE deleted = 0")]


def test_a_page_needs_somebody_signed_in(firm):
    answer = client(firm).get("/stickies?q=x")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fstickies%3Fq%3Dx")


def test_a_post_is_saved_and_leads_on(firm, anna):
    answer = anna.post("/stickies?q=call", data=FORM)

    assert (answer.status_code, answer.headers["location"]) == (303, "/stickies?q=call")
    assert stickies(firm) == [("Call back <soon>", "red")]
    assert "Call back &lt;soon&gt;" in anna.get("/stickies?q=call").text


def test_a_post_leads_to_the_row_that_it_made(firm, anna):
    answer = anna.post("/stickies", data=FORM | {"next": "/stickies/{s}"})

    assert anna.get(answer.headers["location"]).text == "<p>Call back &lt;soon&gt;</p>"


def test_a_post_never_leads_to_another_site(anna):
    answer = anna.post("/stickies", data=FORM | {"next": "//evil.example/"})

    assert answer.headers["location"] == "/stickies"


def test_a_partial_post_gets_the_fragment_itself(anna):
    answer = anna.post("/stickies", data=FORM, headers={"hx-request-type": "partial"})

    assert answer.status_code == 200
    assert "<title>" not in answer.text and "Call back" in answer.text
    assert "HX-Request-Type" in answer.headers["vary"]


def test_bad_input_comes_back_with_reason_and_text(firm, anna):
    answer = anna.post("/stickies", data=FORM | {"s.colour": "mauve"})

    assert answer.status_code == 422
    assert "s.colour: Please choose one from the list." in answer.text
    assert "Call back &lt;soon&gt;</textarea>" in answer.text
    assert stickies(firm) == []


def test_what_the_server_refuses_comes_back_with_reason_and_text(firm, anna):
    anna.post("/stickies", data=FORM)
    add_person(firm, "Ben Otto", login="ben")
    with firm.look() as conn:
        sticky_id, version = conn.execute("SELECT id, version FROM sticky").fetchone()

    edit = {"row.s": f"sticky/{sticky_id}/{version}", "s.body": "mine now", "s.body.was": "Call back <soon>"}
    answer = signed_in_client(firm, "ben").post("/stickies", data=edit)

    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert "mine now</textarea>" in answer.text
    assert stickies(firm) == [("Call back <soon>", "red")]


def test_a_page_shows_only_what_the_person_may_see(firm, anna):
    made = anna.post("/stickies", data=FORM | {"next": "/stickies/{s}"}).headers["location"]
    add_person(firm, "Ben Otto", login="ben")
    ben = signed_in_client(firm, "ben")

    assert "Call back" not in ben.get("/stickies").text
    assert ben.get(made).status_code == 404


def test_an_encoded_path_part_is_decoded_once(anna):
    anna.post("/stickies", data=FORM)

    assert "Call back" in anna.get("/stickies/of/r%65d").text
    assert anna.get("/stickies/of%2Fred").status_code == 404


def test_a_broken_form_is_a_clear_400(anna):
    answer = anna.post("/stickies", data={"row.s": "no such thing"})

    assert answer.status_code == 400


def test_an_unknown_address_is_a_page_with_a_next_step(anna):
    answer = anna.get("/nowhere")

    assert answer.status_code == 404
    assert 'href="/"' in answer.text


def test_history_names_the_device(firm, anna):
    anna.post("/stickies", data=FORM)

    with firm.look() as conn:
        device = conn.execute("SELECT device_id FROM session").fetchone()[0]
        assert conn.execute("SELECT DISTINCT device_id FROM history WHERE entity = 'sticky'").fetchall()[0][0] == device


def test_a_refusal_stands_beside_its_field_else_beside_its_slot():
    result = FormResult(
        ops=[{"id": "1", "row": "x"}, {"id": "2", "row": "y"}],
        rows_by_slot={"a": "x", "b": "y"},
        values={"a.name": "Acme"},
    )
    named = {"id": "1", "is": "rejected", "reason": "too_long", "detail": {"field": "name", "most": 3}}
    bare = {"id": "1", "is": "rejected", "reason": "read_only", "detail": {}}
    dragged = {"id": "2", "is": "rejected", "reason": "group", "detail": {}}

    assert refusals(result, [named, dragged]) == {"a.name": ("too_long", named["detail"])}
    assert refusals(result, [bare, dragged]) == {"row.a": ("read_only", {})}
    assert refusals(result, [{"id": "1", "is": "conflict"}]) == {}
