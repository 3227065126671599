"""sync/openapi.json says what the endpoints really take and answer: the app is held to it, and it to the model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from server import sync_endpoint
from server.app import create_app
from server.sign_in import sessions
from sync.entities import BY_NAME
from sync.operations import _KEYS
from sync.values import LARGEST

from ..device import Device, named
from ..small_firm import as_server, make_firm, op
from .shell import settings as app_settings
from .shell import shared_parts

SYNC = Path(__file__).parent.parent.parent / "sync"
DOCUMENT = json.loads((SYNC / "openapi.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
URL = "http://localhost:8000"
# What an answer is judged by.  Other checks of schemathesis want a wrong operation to fail the whole request; here it
# is refused in an answer that is 200, so that it blocks nothing.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def validator(name: str):
    """Of one schema of the document, with the others that it refers to."""
    return jsonschema_rs.validator_for({**SCHEMAS[name], "components": DOCUMENT["components"]})


LINES = {"/sync": validator("SyncLine"), "/sync/check": validator("CheckLine")}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The real app over a firm in which something is going on; rita is signed in."""
    firm = make_firm(tmp_path_factory.mktemp("firm"))
    as_server(
        firm,
        op("account", "acme", name="Acme", owner_id="rita"),
        op("contact", "wang", name="王芳", account_id="acme", owner_id="rita"),
    )
    device = {"device_id": "phone-rita", "device_name": "Phone", "started_by": "password"}
    token = firm.write_now(lambda db: sessions.start(db, user_id="rita", now_ms=firm.clock(), **device))
    app = create_app(firm, app_settings(firm.path, URL), **shared_parts())
    yield firm, app, token
    firm.close()


@pytest.mark.parametrize("path", LINES)
@pytest.mark.parametrize("mode", GenerationMode)
def test_any_request_is_answered_as_documented(served, path, mode):
    """Such as the document allows, and such as it does not."""
    _, app, token = served
    document = schemathesis.openapi.from_dict(DOCUMENT)
    document.app = app

    @settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=document[path]["POST"].as_strategy(generation_mode=mode))
    def holds(case) -> None:
        answer = case.call(cookies={"roadbook": token}, base_url=URL)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code == 200:
            lines_are_documented(path, answer.text)
        elif mode.is_positive and not re.search(r"\d\.0\b", json.dumps(case.body)):
            # 7.0 is a whole number to JSON Schema, and none that a device writes.
            assert answer.status_code in (409, 413), answer.text

    holds()


def lines_are_documented(path: str, text: str) -> None:
    for line in text.splitlines():
        LINES[path].validate(json.loads(line))


def test_lines_of_a_busy_day_are_documented(tmp_path):
    """Every kind of line: hello, outcomes, forgets of both kinds, rows, end; a proof that differs and mends."""
    firm = make_firm(tmp_path)
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme")
    event = rita.add("event", title="Visit", start_ms=1, end_ms=2, attendee_ids=["rita"])
    rita.sync()
    as_server(firm, op("account", account, owner_id="sam"), {**op("event", event), "delete": True, "set": {}})
    device = {"device_id": rita.id, "device_name": "Phone", "started_by": "password"}
    http = TestClient(create_app(firm, app_settings(firm.path, URL), **shared_parts()), base_url=URL)
    http.cookies.set(
        "roadbook", firm.write_now(lambda db: sessions.start(db, user_id="rita", now_ms=firm.clock(), **device))
    )
    rita.add("account", name="New")
    rita.edit("account", "absent", name="x")
    asked = {"protocol": 1, "schema": "", "cursor": rita.cursor, "ops": rita.outbox}

    said = http.post("/sync", json=asked).text
    rita.take(named(said.splitlines(), rita.outbox))
    rita.sync()
    wrong = {"protocol": 1, "schema": rita.hello["schema"], "cursor": rita.cursor, "sums": {"account": "0"}}
    differs = http.post("/sync/check", json=wrong).text
    mended = http.post("/sync/check", json={**wrong, "sums": {"account": {"zz": "0"}}}).text
    firm.close()

    lines_are_documented("/sync", said)
    lines_are_documented("/sync/check", differs + mended)
    assert kinds_of(said) >= {"hello", "outcome", "forget", "rows", "end"}
    assert kinds_of(differs + mended) >= {"check", "replace", "end"}


def kinds_of(text: str) -> set[str]:
    return {kind for line in text.splitlines() for kind in json.loads(line)}


# --- the document and the model -----------------------------------------------------------------------


def test_limits_are_the_servers():
    request = SCHEMAS["SyncRequest"]
    assert request["x-most-bytes"] == sync_endpoint.MOST_BYTES
    assert request["properties"]["ops"]["maxItems"] == sync_endpoint.MOST_OPERATIONS
    assert request["properties"]["protocol"] == {"const": sync_endpoint.PROTOCOL}
    chunk = request["properties"]["chunk"]
    assert (chunk["minimum"], chunk["maximum"]) == (sync_endpoint.FEWEST_ROWS_IN_A_CHUNK, sync_endpoint.ROWS_IN_A_CHUNK)
    clock = request["properties"]["clock"]
    assert (clock["minimum"], clock["maximum"]) == (-LARGEST, LARGEST)


def test_entities_and_keys_of_an_operation_are_the_models():
    operation = SCHEMAS["Operation"]["properties"]
    assert operation["entity"]["enum"] == list(BY_NAME)
    assert set(operation) == _KEYS
    assert SCHEMAS["RowsLine"]["properties"]["rows"]["enum"] == list(BY_NAME)
    kinds = {bucket.kind for entity in BY_NAME.values() for bucket in entity.buckets}
    forgets = SCHEMAS["ForgetLine"]["properties"]["forget"]["oneOf"]
    assert set(forgets[0]["properties"]["bucket"]["prefixItems"][0]["enum"]) == kinds


def test_errors_are_those_of_the_protocol():
    table = (SYNC / "PROTOCOL.md").read_text("utf-8").split("## Errors")[1]
    told = dict(re.findall(r'^\| (\d{3}) \| `\{"error": "(\w+)"', table, re.MULTILINE))
    answers = DOCUMENT["paths"]["/sync"]["post"]["responses"]
    documented = {
        status: SCHEMAS[answer["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
        for status, answer in answers.items()
        if status != "200"
    }
    assert set(told) == set(documented)
    for status, code in told.items():
        assert code in documented[status]["properties"]["error"]["enum"]
