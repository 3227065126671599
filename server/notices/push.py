"""One web push: what it says (Declarative Web Push), encrypted for one browser (RFC 8291), signed (RFC 8292).

The payload says no more than a name and a verb.  `webpush` encrypts; the headers are made here, because it leaves the
port out of the audience, ignores a time to live of 0 and knows neither Urgency nor Topic.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from webpush import WebPush, WebPushSubscription
from webpush.vapid import VAPID

from server.database import sqlite3
from server.notices.outcome import SENT, Outcome, retry_after_ms
from server.notices.reach import NotAllowed, Reach, origin_of
from server.notices.recipients import Recipient
from web.reasons import N_
from web.text import Text

# What fits into one record of 4,096 bytes.
MOST_BYTES = 3_993
SHORT_TITLE = 80
SIGNED_FOR_S = 12 * 3_600
SIGNED_ANEW_S = 3_600

_HOUR_S = 3_600
# How long a push service keeps what it cannot deliver, and how it may treat the phone's battery.
TTL_S = {"approval": 72 * _HOUR_S, "decision": 72 * _HOUR_S, "mention": 24 * _HOUR_S, "reminder": _HOUR_S}
URGENCY = {"approval": "high", "decision": "normal", "mention": "normal", "reminder": "high"}
# What can be done in the notification itself, where the browser shows buttons: action, words, where it leads else.
ACTIONS = {"reminder": (("snooze", N_("In 10 minutes"), ""),)}
DECISIONS = (("approve", N_("Approve"), ""), ("reject", N_("Reject …"), "#reject"))


class Vapid:
    """The firm's key for push services: made once, and kept, or every phone would have to subscribe anew."""

    def __init__(self, private_pem: bytes, contact: str) -> None:
        """contact: mailto: or https: address that a push service can complain to."""
        key = serialization.load_pem_private_key(private_pem, None)
        self._key = key
        self.private_pem = private_pem
        self.public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = VAPID.get_application_server_key(key.public_key())
        self._contact = contact
        self._signed: dict[str, tuple[float, str]] = {}

    def authorization(self, endpoint: str) -> str:
        """The header for a push service; signed anew every hour."""
        audience = origin_of(urlsplit(endpoint))
        at, header = self._signed.get(audience, (0.0, ""))
        if time.time() - at > SIGNED_ANEW_S:
            at = time.time()
            claims = {"aud": audience, "exp": int(at) + SIGNED_FOR_S, "sub": self._contact}
            header = f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self.public_key}"
            self._signed[audience] = (at, header)
        return header


def vapid_pem(db: sqlite3.Connection) -> bytes:
    """The firm's private key, made at the first call. In the database: a restored copy still reaches every phone."""
    found = db.execute("SELECT value FROM meta WHERE name = 'vapid_key'").fetchone()
    if found is None:
        private_pem, _, _ = VAPID.generate_keys()
        db.execute("INSERT INTO meta (name, value) VALUES ('vapid_key', ?)", (private_pem.decode(),))
        return private_pem
    return found["value"].encode()


def tag_of(notice: Mapping) -> str:
    """Notifications of one tag replace each other: one for each thing that a tap leads to."""
    return f"{notice['kind']}:{notice['address']}"


def topic_of(tag: str) -> str:
    """A push service keeps only the last message of a topic: at most 32 letters."""
    return urlsafe_b64encode(hashlib.sha256(tag.encode()).digest()[:24]).decode()


def payload(
    notice: Mapping, said: str, person: Recipient, url: str, *, badge: int, is_repeated: bool, is_short: bool = False
) -> bytes:
    """url: of the app. is_short: as little as possible, for a service that found it too large."""
    text = Text(person.language, person.timezone, 0)
    approval = json.loads(notice["approval"]) if notice["approval"] else None
    data = {"key": notice["key"], "kind": notice["kind"], "for": person.user_id, "address": notice["address"]}
    if approval:
        data["approval"] = dict(zip(("id", "step", "hash"), approval, strict=True))
    notification = {
        "title": said[:SHORT_TITLE] if is_short else said,
        "navigate": url + notice["address"],
        "lang": person.language,
        "dir": "auto",
        "tag": tag_of(notice),
        # What is sent again after a crash makes no second noise.
        "renotify": not is_repeated,
        "data": data,
    }
    actions = DECISIONS if approval else ACTIONS.get(notice["kind"])
    if actions and not is_short:
        notification["actions"] = [
            {"action": action, "title": text.gettext(words), "navigate": url + notice["address"] + place}
            for action, words, place in actions
        ]
    message = {"web_push": 8030, "notification": notification, "app_badge": badge}
    encoded = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    if len(encoded) > MOST_BYTES and not is_short:
        return payload(notice, said, person, url, badge=badge, is_repeated=is_repeated, is_short=True)
    return encoded


def encrypt(message: bytes, subscription: Mapping, vapid: Vapid) -> bytes:
    """The body for one browser. Raises ValueError where it is too large, or the browser's keys are none."""
    if len(message) > MOST_BYTES:
        raise ValueError(f"{len(message)} bytes do not fit into a push")
    keys = {"auth": subscription["auth"], "p256dh": subscription["p256dh"]}
    told = WebPushSubscription(endpoint=subscription["endpoint"], keys=keys)
    # A fresh one for each message: what one call was given would leak into the next.
    sender = WebPush(vapid.private_pem, vapid.public_pem, subscriber="unused@roadbook.invalid")
    return sender.get(message, told).encrypted


def check_keys(p256dh: str, auth: str) -> None:
    """Raises ValueError unless a browser could have made these."""
    point, secret = _decoded(p256dh), _decoded(auth)
    if len(point) != 65 or len(secret) != 16:
        raise ValueError("a key of the wrong length")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def ttl_s(notice: Mapping, now_ms: int) -> int:
    most = TTL_S[notice["kind"]]
    return most if notice["until_ms"] is None else max(0, min(most, (notice["until_ms"] - now_ms) // 1000))


async def send(
    web: httpx2.AsyncClient,
    reach: Reach,
    vapid: Vapid,
    subscription: Mapping,
    notice: Mapping,
    message: bytes,
    now_ms: int,
) -> Outcome:
    """Hand one message to a push service."""
    endpoint = subscription["endpoint"]
    try:
        reach.check(endpoint)
        body = await asyncio.to_thread(encrypt, message, subscription, vapid)
        headers = {
            "Authorization": vapid.authorization(endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_s(notice, now_ms)),
            "Urgency": notice["urgency"] if notice["urgency"] != "normal" else URGENCY[notice["kind"]],
            "Topic": topic_of(tag_of(notice)),
        }
        answer = await web.post(endpoint, content=body, headers=headers)
    except NotAllowed as refused:
        return Outcome(refused.reason, is_final=True, is_gone=True)
    except ValueError:
        return Outcome("bad_keys", is_final=True, is_gone=True)
    except httpx2.HTTPError as error:
        return Outcome(f"no_answer {type(error).__name__}")
    return judge(answer.status_code, answer.headers.get("retry-after"), now_ms)


def judge(status: int, retry_after: str | None, now_ms: int) -> Outcome:
    if 200 <= status < 300:
        return SENT
    if status in (404, 410):
        return Outcome("gone", is_final=True, is_gone=True)
    # 413 is tried once more, short. 400, 401, 403: a clock or a key is wrong here, and may be put right.
    return Outcome(f"http_{status}", wait_ms=retry_after_ms(retry_after, now_ms))
