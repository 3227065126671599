"""Passkeys: keys that a phone, a computer or a security key holds, and opens by finger, face or PIN.

The server keeps public keys only.  A passkey proves that the device is there and that its owner opened it, so it counts
as both factors.  Only answers for this site's own address count, each to a challenge of its own (challenges.py).
Functions that change rows belong in a write job.
"""

from __future__ import annotations

import ipaddress
import json
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from server.sign_in.challenges import GOOD_FOR_MS, Challenges, SpentChallenge

# A person with more has lost count of them.
MOST_KEYS = 20
MOST_NAME = 60
# An answer with a long certificate chain is a few kB.
MOST_ANSWER = 20_000


class WrongPasskey(Exception):
    """The answer does not prove a passkey of this site; nobody is told more."""


class StalePasskey(WrongPasskey):
    """The challenge is used up or too old: asking again helps."""


class CopiedPasskey(WrongPasskey):
    """The key's counter went back: two devices seem to hold what only one should. Names whose it is."""

    def __init__(self, user_id: str, key_id: str) -> None:
        super().__init__(f"passkey {key_id}")
        self.user_id = user_id
        self.key_id = key_id


class TooManyPasskeys(Exception):
    """This person has MOST_KEYS already."""


def are_possible(url: str) -> bool:
    """Browsers know passkeys under a host name with https, and on the machine itself; never under a bare number."""
    parts = urlsplit(url)
    try:
        ipaddress.ip_address(parts.hostname or "")
        return False
    except ValueError:
        return parts.scheme == "https" or parts.hostname == "localhost"


def rp_id(url: str) -> str:
    return urlsplit(url).hostname or ""


def origin(url: str) -> str:
    """The address as a browser says it: without the port that is meant anyway."""
    parts = urlsplit(url)
    is_usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}" + ("" if is_usual else f":{parts.port}")


# --- registering -------------------------------------------------------------------------------------


def registration_options(conn, url: str, person: dict, firm_name: str, challenge: bytes) -> str:
    """What the browser is asked, as JSON. person: id, name, login."""
    return options_to_json(
        generate_registration_options(
            rp_id=rp_id(url),
            rp_name=firm_name or "Roadbook",
            user_id=person["id"].encode(),
            user_name=person["login"] or person["name"],
            user_display_name=person["name"],
            challenge=challenge,
            timeout=GOOD_FOR_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=_descriptors(conn, person["id"]),
        )
    )


def verified_registration(answer: str, challenges: Challenges, url: str, browser: str, user_id: str, now_ms: int):
    """What a browser answered: the new key, and how it can be reached. Raises WrongPasskey."""
    try:
        credential = parse_registration_credential_json(_sized(answer))
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        challenges.take(challenge, "register", browser, user_id, now_ms)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id(url),
            expected_origin=origin(url),
            require_user_verification=True,
        )
    except SpentChallenge:
        raise StalePasskey from None
    # Whatever a stranger's bytes make the parsers raise: the answer proves nothing.
    except Exception as error:
        raise WrongPasskey(type(error).__name__) from None
    return verified, [way.value for way in credential.response.transports or []]


def store(conn, user_id: str, name: str, verified, transports: list[str], now_ms: int) -> str:
    """Keep a verified new key; returns its id. Raises TooManyPasskeys, WrongPasskey where it is somebody's already."""
    if conn.execute("SELECT count(*) FROM passkey WHERE user_id = ?", (user_id,)).fetchone()[0] >= MOST_KEYS:
        raise TooManyPasskeys
    key_id = bytes_to_base64url(verified.credential_id)
    added = conn.execute(
        "INSERT INTO passkey (id, user_id, public_key, sign_count, is_synced, transports, name, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (
            key_id,
            user_id,
            verified.credential_public_key,
            verified.sign_count,
            int(verified.credential_backed_up),
            json.dumps(transports),
            name.strip()[:MOST_NAME],
            now_ms,
        ),
    )
    if not added.rowcount:
        raise WrongPasskey("known already")
    return key_id


# --- signing in and proving --------------------------------------------------------------------------


def sign_in_options(url: str, challenge: bytes, conn=None, user_id: str = "") -> str:
    """What the browser is asked, as JSON: any passkey of this site, or one of this person's."""
    return options_to_json(
        generate_authentication_options(
            rp_id=rp_id(url),
            challenge=challenge,
            timeout=GOOD_FOR_MS,
            allow_credentials=_descriptors(conn, user_id) if user_id else None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


async def sign_in(
    firm, answer: str, challenges: Challenges, url: str, browser: str, purpose: str = "sign_in", user_id: str = ""
) -> str:
    """The user id of whoever answered; user_id: who it must be. Raises WrongPasskey and what is below it."""
    now_ms = firm.clock()
    try:
        credential = parse_authentication_credential_json(_sized(answer))
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        challenges.take(challenge, purpose, browser, user_id, now_ms)
        key = _find(firm, credential.id)
        _check_holder(key, credential.response.user_handle, user_id)
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id(url),
            expected_origin=origin(url),
            credential_public_key=key["public_key"],
            # Counters are compared below, where a copied key is told from a wrong answer.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except SpentChallenge:
        raise StalePasskey from None
    except WrongPasskey:
        raise
    except Exception as error:
        raise WrongPasskey(type(error).__name__) from None
    if not await firm.write(lambda conn: _count(conn, credential.id, verified, now_ms)):
        raise CopiedPasskey(key["user_id"], credential.id)
    return key["user_id"]


def _find(firm, key_id: str):
    with firm.look() as conn:
        key = conn.execute(
            "SELECT passkey.user_id, passkey.public_key FROM passkey JOIN user ON user.id = passkey.user_id"
            " WHERE passkey.id = ? AND user.is_active = 1 AND user.deleted = 0",
            (key_id,),
        ).fetchone()
    if key is None:
        raise WrongPasskey("unknown")
    return key


def _check_holder(key, user_handle: bytes | None, user_id: str) -> None:
    if user_handle is not None and user_handle != key["user_id"].encode():
        raise WrongPasskey("another person's")
    if user_id and key["user_id"] != user_id:
        raise WrongPasskey("another person's")


def _count(conn, key_id: str, verified, now_ms: int) -> bool:
    """Note the use; False where the counter did not go on. A key on several devices counts nothing: 0 for ever."""
    changed = conn.execute(
        "UPDATE passkey SET sign_count = :count, is_synced = :synced, last_used_ms = :now"
        " WHERE id = :id AND (:count > sign_count OR (:count = 0 AND sign_count = 0))",
        {
            "count": verified.new_sign_count,
            "synced": int(verified.credential_backed_up),
            "now": now_ms,
            "id": key_id,
        },
    )
    return changed.rowcount > 0


# --- the keys that there are -------------------------------------------------------------------------


def keys(conn, user_id: str) -> list:
    return conn.execute(
        "SELECT id, name, is_synced, created_at_ms, last_used_ms FROM passkey WHERE user_id = ?"
        " ORDER BY created_at_ms, id",
        (user_id,),
    ).fetchall()


def remove(conn, user_id: str, key_id: str) -> bool:
    return conn.execute("DELETE FROM passkey WHERE id = ? AND user_id = ?", (key_id, user_id)).rowcount > 0


def _descriptors(conn, user_id: str) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key["id"])) for key in keys(conn, user_id)]


def _sized(answer: str) -> str:
    if len(answer) > MOST_ANSWER:
        raise WrongPasskey("too long")
    return answer
