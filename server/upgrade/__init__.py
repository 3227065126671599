"""Changing to another release, and back again by itself where that fails.

The earlier database is copied before the new code touches it, and what devices send while the new release is on trial
stays on them: whichever way it ends, nothing that was acknowledged is lost.
"""
