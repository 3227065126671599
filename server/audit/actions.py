"""What the audit log may say: every action, in words.  An action that is not listed here cannot be noted.

An action is never renamed: the log keeps for years what it was called.
"""

from __future__ import annotations

from web.reasons import N_

ACTIONS: dict[str, str] = {
    # Signing in
    "signed_in": N_("Signed in"),
    "signed_out": N_("Signed out"),
    "sign_in_failed": N_("Sign-in refused"),
    "sign_ins_failed": N_("More sign-ins refused within an hour"),
    "device_added": N_("New device"),
    "device_signed_out": N_("Device signed out"),
    "proved": N_("Confirmed who they are"),
    "proof_failed": N_("Confirmation refused"),
    "password_changed": N_("Password changed"),
    "passkey_added": N_("Passkey added"),
    "passkey_removed": N_("Passkey removed"),
    "passkey_suspect": N_("Passkey seems to have been copied"),
    "totp_on": N_("Authenticator app switched on"),
    "totp_off": N_("Authenticator app switched off"),
    "recovery_codes_made": N_("New recovery codes"),
    "recovery_code_used": N_("Recovery code used"),
    "second_factor_reset": N_("Second factor reset by an administrator"),
    "second_factor_of_role": N_("Second factor of a role"),
    "invite_made": N_("Invite link made"),
    "invite_used": N_("Invite link used"),
    "code_made": N_("One-time code made"),
    # Devices
    "wipe_ordered": N_("Device to be emptied"),
    "wipe_taken_back": N_("Order to empty a device taken back"),
    "wipe_done": N_("Device emptied"),
    "wiped_unsent": N_("Device emptied without its unsent entries"),
    "app_lock_reset": N_("App lock reset"),
    "lease_changed": N_("Days without contact changed"),
    # Administration
    "firm_set_up": N_("Firm set up"),
    "row_made": N_("Made"),
    "row_changed": N_("Changed"),
    "row_deleted": N_("Deleted"),
    "person_deactivated": N_("Person deactivated"),
    "person_activated": N_("Person activated"),
    "became_administrator": N_("Became an administrator"),
    "robot_saved": N_("Robot saved"),
    "robot_deleted": N_("Robot deleted"),
    "setting_changed": N_("Setting changed"),
    "conflicts_settled": N_("Conflicts settled for others"),
    "handover_made": N_("Handover"),
    # Data in and out
    "imported": N_("Imported"),
    "exported": N_("Exported"),
    "audit_exported": N_("Audit log exported"),
    # The server
    "restored": N_("Put back from a copy"),
    "upgraded": N_("Upgraded"),
    "frozen": N_("Frozen for a move"),
    "thawed": N_("Thawed"),
}
