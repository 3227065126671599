"""What can be wrong with signing in, in words for the person who tries."""

from __future__ import annotations

from server.sign_in.passkeys import CopiedPasskey, StalePasskey, WrongPasskey
from server.sign_in.passwords import LEAST_LENGTH, MOST_LENGTH, MOST_LOGIN, UnfitLogin, UnfitPassword
from web.text import Text


def wait(text: Text, wait_ms: int) -> str:
    minutes = -(-wait_ms // 60_000)
    return text.ngettext(
        "Too many tries. Wait %(n)s minute, or sign in with a code.",
        "Too many tries. Wait %(n)s minutes, or sign in with a code.",
        minutes,
    )


def wait_for_code(text: Text, wait_ms: int) -> str:
    seconds = -(-wait_ms // 1000)
    return text.ngettext(
        "Too many wrong codes. Wait %(n)s second and try again.",
        "Too many wrong codes. Wait %(n)s seconds and try again.",
        seconds,
    )


def wait_for_second(text: Text, wait_ms: int) -> str:
    minutes = -(-wait_ms // 60_000)
    return text.ngettext(
        "Too many tries. Wait %(n)s minute and try again.", "Too many tries. Wait %(n)s minutes and try again.", minutes
    )


def wrong_passkey(text: Text, error: WrongPasskey) -> str:
    _ = text.gettext
    if isinstance(error, StalePasskey):
        return _("That took too long, or was sent twice. Please try again.")
    if isinstance(error, CopiedPasskey):
        return _("This passkey seems to have been copied and opens nothing. Use your password, and remove the passkey.")
    return _("This passkey does not open this Roadbook: it may have been removed. Use your password or another one.")


def wrong_digits(text: Text) -> str:
    return text.gettext("These digits are wrong, used or too old. Take those that the app shows now.")


def unreadable(text: Text) -> str:
    return text.gettext(
        "The server can no longer read what your app is checked with. Use a recovery code or a passkey, or ask an"
        " administrator to reset your second factor."
    )


def role_needs_second(text: Text) -> str:
    return text.gettext("Your role needs a second factor. Set up another one first, then remove this one.")


def unfit_login(text: Text, error: UnfitLogin) -> str:
    _ = text.gettext
    return {
        "required": _("Please fill this in."),
        "too_long": _("This is too long: at most %(most)s characters.", most=MOST_LOGIN),
        "has_spaces": _("A login has no spaces in it."),
        "taken": _("Somebody else has this login. Please choose another."),
    }[error.reason]


def unfit_password(text: Text, error: UnfitPassword) -> str:
    _ = text.gettext
    return {
        "too_short": _("This is too short: at least %(least)s characters.", least=LEAST_LENGTH),
        "too_long": _("This is too long: at most %(most)s characters.", most=MOST_LENGTH),
        "same_as_login": _("The password must not be the login."),
        "guessable": _("Passwords like this are guessed first. Please choose another, for example three words."),
    }[error.reason]
