"""admin, invite, code, second-factor: letting people in from the server itself."""

from __future__ import annotations

import argparse

from server import let_in

from .in_firm import tell


def add_to(commands) -> None:
    admin = commands.add_parser("admin", help="make somebody an administrator; in a new firm, its first one")
    admin.add_argument("person", nargs="?", help="login, name or id; left out, the set-up link")
    admin.set_defaults(command=administer)

    invite = commands.add_parser("invite", help="make an invite link for somebody")
    invite.add_argument("person", help="login, name or id; with --role, the name of a new person")
    invite.add_argument("--role", help="add the person first, in the role of this name")
    invite.set_defaults(command=tell(let_in.invite, "person", "role"))

    code = commands.add_parser("code", help="make a one-time code with which somebody signs in")
    code.add_argument("person", help="login, name or id")
    code.set_defaults(command=tell(let_in.code, "person"))

    second = commands.add_parser(
        "second-factor",
        help="take somebody's lost authenticator app and passkeys away",
        more="The password is enough again, until a role that needs a second factor asks for a new one.",
    )
    second.add_argument("person", help="login, name or id")
    second.set_defaults(command=tell(let_in.reset_second_factor, "person"))


def administer(options: argparse.Namespace) -> int:
    return tell(let_in.admin, "person", may_begin=options.person is None)(options)
