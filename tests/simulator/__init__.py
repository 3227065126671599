"""What happens to a whole firm over months, in seconds: many phones, bad networks, crashes, moves of scope.

Steps are data (JSON lines), so that what breaks a promise can be kept, made smaller and played again:
`python -m tests.simulator run --seed 7 --steps 2000`, `python -m tests.simulator replay FILE`.
"""
