"""Robots of WeCom, DingTalk and Feishu: what each is sent, how it is signed, and what its answers mean.

All three take plain text and links here, never markup: a name can then address nobody and hide no link.  Each takes
about 20 messages a minute, so that what waits for one robot goes in one message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx2

from server.notices.outcome import SENT, Outcome, retry_after_ms
from server.notices.reach import ROBOT_HOSTS, NotAllowed, Reach

KINDS = tuple(ROBOT_HOSTS)
# A robot that said it was asked too often is left alone so long; between two messages, so long.
TOO_OFTEN_MS = 60_000
REST_MS = 4_000
MOST_LINES = 6
# What fits into one message of WeCom.
MOST_BYTES = 2_048


@dataclass(frozen=True)
class Line:
    """One thing that a robot says, and where it leads."""

    said: str
    url: str


async def send(
    web: httpx2.AsyncClient, origins: frozenset[str], robot: Mapping, heading: str, lines: list[Line], now_ms: int
) -> Outcome:
    """robot: its kind, url and secret. heading: what the message is called where there is room for it."""
    if robot["kind"] not in ROBOT_HOSTS:
        return Outcome("unknown_robot", is_final=True)
    url, body = message(robot, heading, lines, now_ms)
    try:
        Reach(ROBOT_HOSTS[robot["kind"]], origins).check(robot["url"])
        answer = await web.post(url, json=body)
    except NotAllowed as refused:
        return Outcome(refused.reason, is_final=True)
    except httpx2.HTTPError as error:
        return Outcome(f"no_answer {type(error).__name__}")
    return judge(robot["kind"], answer, now_ms)


def message(robot: Mapping, heading: str, lines: list[Line], now_ms: int) -> tuple[str, dict]:
    """The address with its signature, and the JSON."""
    return {"wecom": _wecom, "dingtalk": _dingtalk, "feishu": _feishu}[robot["kind"]](robot, heading, lines, now_ms)


def _wecom(robot: Mapping, heading: str, lines: list[Line], now_ms: int) -> tuple[str, dict]:
    """The secret is the key in the address."""
    room = MOST_BYTES // len(lines)
    content = "\n".join(f"{_cut(line.said, room - len(line.url.encode()) - 2)}\n{line.url}" for line in lines)
    return robot["url"], {"msgtype": "text", "text": {"content": content}}


def _cut(text: str, most_bytes: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= most_bytes else encoded[: max(most_bytes - 3, 0)].decode(errors="ignore") + "…"


def _dingtalk(robot: Mapping, heading: str, lines: list[Line], now_ms: int) -> tuple[str, dict]:
    """Signed by HMAC-SHA256 of time in milliseconds and secret, under the secret, in the address."""
    url = robot["url"]
    if robot["secret"]:
        sign = quote(_signature(robot["secret"], f"{now_ms}\n{robot['secret']}"), safe="")
        url += f"{'&' if urlsplit(url).query else '?'}timestamp={now_ms}&sign={sign}"
    if len(lines) == 1:
        line = lines[0]
        link = {"title": heading, "text": line.said, "messageUrl": line.url, "picUrl": ""}
        return url, {"msgtype": "link", "link": link}
    content = "\n".join(f"{line.said}\n{line.url}" for line in lines)
    return url, {"msgtype": "text", "text": {"content": content}}


def _feishu(robot: Mapping, heading: str, lines: list[Line], now_ms: int) -> tuple[str, dict]:
    """Signed by HMAC-SHA256 of nothing, under time in seconds and secret, in the body."""
    rows = [[{"tag": "a", "text": line.said, "href": line.url}] for line in lines]
    body: dict = {"msg_type": "post", "content": {"post": {"zh_cn": {"title": heading, "content": rows}}}}
    if robot["secret"]:
        seconds = str(now_ms // 1000)
        body |= {"timestamp": seconds, "sign": _signature(f"{seconds}\n{robot['secret']}", "")}
    return robot["url"], body


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


# Codes of their own: asked too often; wrong address, secret, keyword or network, which somebody has to put right.
TOO_OFTEN = {"wecom": {45009}, "dingtalk": {130101, 90018, 410100}, "feishu": {11232, 11233}}
WRONG = {
    "wecom": {93000, 40008, 40058, 93004, 93008, 93017},
    "dingtalk": {300001, 310000, 400013, 400101, 400102, 400105, 400106, 430101, 430102, 430103, 430104},
    "feishu": {19001, 19002, 19021, 19022, 19024, 9499, 10003},
}


def judge(kind: str, answer: httpx2.Response, now_ms: int) -> Outcome:
    """They answer 200 to almost everything: what counts is the code in the JSON."""
    if answer.status_code == 429:
        return Outcome("too_often", wait_ms=retry_after_ms(answer.headers.get("retry-after"), now_ms) or TOO_OFTEN_MS)
    try:
        said = answer.json()
        code = said.get("errcode") if kind != "feishu" else said.get("code", said.get("StatusCode"))
        words = str(said.get("errmsg") or said.get("msg") or "")[:120]
    except (ValueError, AttributeError):
        return Outcome(f"http_{answer.status_code}")
    if code == 0 and answer.status_code < 300:
        return SENT
    if code in TOO_OFTEN[kind]:
        return Outcome("too_often", wait_ms=TOO_OFTEN_MS)
    return Outcome(f"robot {code} {words}".strip(), is_final=code in WRONG[kind])
