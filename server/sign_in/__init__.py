"""Signing in: passwords, one-time codes, invites, the first administrator, and the devices' sessions."""
