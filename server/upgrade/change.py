"""From one release to another: rehearse, stop, copy, start, look; and back again where anything fails.

While the new release is on trial the earlier one lies untouched beside it, code and database.  Every step may be the
last one that is carried out: what is found then runs, or is put right by the next `roadbook upgrade`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import journal, result, trial, units
from .database import ASIDE, DONE, KEPT, NAME
from .journal import Entry, Journal
from .release import Place, python_of, version_of
from .result import Failed
from .services import Services

# Beside what the copies take.
RESERVE_BYTES = 256_000_000
STEP_TAKES_S = 3_600
# How long a server may take to start, beside three times what changing the database took in the rehearsal.
PATIENCE_S = 60.0


class WentBack(Failed):
    """It did not work, and the earlier release serves again."""


@dataclass(frozen=True)
class Change:
    """folders: of all firms. say: tells people what goes on."""

    place: Place
    folders: tuple[Path, ...]
    services: Services
    say: Callable[[str], None] = print
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "journal", Journal(self.place.folder))

    def to(self, after: str) -> float:
        """Returns for how many seconds nobody was served. Raises WentBack, or Failed where nothing was changed."""
        entry = Entry(journal.REHEARSING, self.place.current(), after)
        self._check_room()
        self.journal.write(entry, journal.REHEARSING)
        try:
            entry = self._rehearse(entry)
        except Failed:
            self.journal.end()
            raise
        return self._change(entry)

    def finish_earlier(self) -> None:
        """Put right what an upgrade that was cut short has left. Raises Failed."""
        entry = self.journal.read()
        if entry is None:
            return
        self.say(f"An upgrade from {entry.before} to {entry.after} was cut short ({entry.step}).")
        if entry.step == journal.STARTING:
            self._see_it_serve(entry)
        elif entry.step == journal.GOING_BACK and (self._is_on_trial(entry) or self._is_partly_back(entry)):
            self._go_back(entry)
        else:
            # Nothing runs differently, but the server may be down.
            if entry.step != journal.REHEARSING:
                self.services.start()
            self._leave_as_is(entry)
            self.say(f"{self.place.current()} is in use, as before.")

    def back(self, before: str) -> None:
        """By hand, to the copy that was taken when this release came. Raises Failed."""
        if before == self.place.current():
            raise Failed(f"{before} is in use already")
        for folder in self.folders:
            if (folder / NAME).exists() and not (folder / KEPT / before / NAME).exists():
                raise Failed(f"{folder} has no copy from before the upgrade from {before}. Nothing was changed")
        entry = self.journal.write(Entry(journal.GOING_BACK, before, self.place.current()), journal.GOING_BACK)
        self.say(self._go_back(entry))

    # --- the steps ---

    def _rehearse(self, entry: Entry) -> Entry:
        """With the server running. Returns the entry with how long to wait for the new release."""
        took_s = 0.0
        for folder in self.folders:
            self.say(f"Rehearsing with a copy of {folder} …")
            took_s += self._step(entry.after, "rehearse", folder)["seconds"]
        return self.journal.write(entry, journal.REHEARSING, patience_s=PATIENCE_S + 3 * took_s)

    def _change(self, entry: Entry) -> float:
        stopped_at = time.monotonic()
        self.say("Stopping the server …")
        entry = self.journal.write(entry, journal.STOPPING)
        try:
            self.services.stop()
            for folder in self.folders:
                self._step(entry.after, "keep", folder, entry.before, entry.after, str(entry.patience_s))
            entry = self.journal.write(entry, journal.STARTING)
        except BaseException as failed:  # whoever is tired of waiting must not leave everybody without a server
            self.services.start()
            self._leave_as_is(entry)
            if not isinstance(failed, Failed | OSError):
                raise
            raise WentBack(f"{failed}. {entry.before} serves again; nothing was changed") from None
        return self._see_it_serve(entry) - stopped_at

    def _see_it_serve(self, entry: Entry) -> float:
        """The new release in use, to stay or not. Returns since when it serves."""
        try:
            self.place.use(entry.after)
            units.put(self.place.release(entry.after), self.place.release(entry.before))
            self.say(f"Starting {entry.after} …")
            self.services.start()
            healthy_at = self.services.wait_until_healthy(version_of(self.place.release(entry.after)), entry.patience_s)
        except (Failed, OSError) as failed:
            self._check_trial(entry, failed)
            entry = self.journal.write(entry, journal.GOING_BACK, why=str(failed))
            raise WentBack(self._go_back(entry)) from None
        for folder in self.folders:
            self._step(entry.after, "finish", folder, entry.before, entry.after)
        self.journal.end()
        self.say(f"{entry.after} is in use.")
        return healthy_at

    def _check_trial(self, entry: Entry, failed: Exception) -> None:
        """What was said to be safe after the trial is on no device any more: only people may decide to go back then.
        Raises Failed."""
        if not self._is_on_trial(entry):
            self._leave_as_is(entry)
            raise Failed(
                f"{failed}. {entry.after} stays in use: its trial is long over, and going back would take away what"
                f" was written since. See journalctl -u roadbook. To go back all the same: roadbook upgrade --back"
                f" {entry.before}"
            ) from None

    def _is_on_trial(self, entry: Entry) -> bool:
        kept = [folder for folder in self.folders if (folder / KEPT / entry.before / NAME).exists()]
        return all(trial.is_on(folder) or _is_back(folder, entry) for folder in kept)

    def _is_partly_back(self, entry: Entry) -> bool:
        return any(_is_back(folder, entry) for folder in self.folders)

    def _go_back(self, entry: Entry) -> str:
        """The earlier code on the earlier database. Returns what happened. Raises Failed where people have to help."""
        self.say(f"Going back to {entry.before} …")
        try:
            self.services.stop()
            told = [self._step(entry.after, "put-back", folder, entry.before, entry.after) for folder in self.folders]
        except Failed as failed:
            raise Failed(
                f"{_first(entry.why)}Going back to {entry.before} stopped: {failed}. Until it is done nobody is served."
                " When the cause is gone: roadbook upgrade"
            ) from None
        self.place.use(entry.before)
        units.put(self.place.release(entry.before), self.place.release(entry.after))
        try:
            self.services.start()
            self.services.wait_until_healthy(version_of(self.place.release(entry.before)), entry.patience_s)
        except Failed as failed:
            raise Failed(
                f"{_first(entry.why)}{entry.before} is in use again, on the database from before, but {failed}."
                " See journalctl -u roadbook; when the cause is gone: roadbook upgrade"
            ) from None
        self.journal.end()
        written = " ".join(_said_of(one) for one in told if one["written"])
        back = f"{_first(entry.why)}{entry.before} serves again, on the database from before. {written}"
        return back.strip()

    def _leave_as_is(self, entry: Entry) -> None:
        for folder in self.folders:
            self._step(entry.after, "finish", folder)
        self.journal.end()

    # --- how ---

    def _step(self, release: str, step: str, folder: Path, *names: str) -> dict:
        """Carry out a step of database.py with a release's code, as whoever owns the firm. Raises Failed."""
        code = self.place.release(release)
        command = [python_of(code), "-P", "-m", "server.upgrade.database", step, folder, *names]
        try:
            ran = subprocess.run(
                command,
                cwd=code,
                env=_environment(code),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=STEP_TAKES_S,
                **_as_owner(folder),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Failed(f"the step `{step}` of {release} could not be done with {folder}: {error}") from None
        told = result.read(ran.stdout)
        if told is None:
            raise Failed(f"{release} ended before it was done with {folder}: {ran.stderr.strip()[-400:]}")
        if not told["ok"]:
            raise Failed(told["why"])
        return told

    def _check_room(self) -> None:
        """A copy to go back to, one more where it comes to that, and one for the rehearsal."""
        needed: dict[int, int] = {}
        for folder in self.folders:
            if (folder / NAME).exists():
                device = os.stat(folder).st_dev
                size = sum(file.stat().st_size for file in (folder / NAME, folder / f"{NAME}-wal") if file.exists())
                needed[device] = needed.get(device, RESERVE_BYTES) + 2 * size + size // 4
        for folder in self.folders:
            free, more = shutil.disk_usage(folder).free, needed.get(os.stat(folder).st_dev, 0)
            if free < more:
                raise Failed(
                    f"no room for the copies: {folder} has {free / 1e9:.1f} GB free, {more / 1e9:.1f} GB are needed."
                    " Free some; nothing was changed"
                )


@contextmanager
def only_one(place: Place) -> Iterator[None]:
    """Raises Failed where another upgrade is under way."""
    try:
        lock = os.open(place.folder / ".upgrade.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Failed(f"{place.folder} cannot be written to ({error.strerror}). Try: sudo roadbook upgrade …") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Failed("another upgrade is under way. Wait for it") from None
    finally:
        os.close(lock)


def _environment(code: Path) -> dict[str, str]:
    """Steps read no settings, and need no secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
    return kept | {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}


def _as_owner(folder: Path) -> dict:
    """No file of another owner gets among a firm's own."""
    owner = os.stat(folder)
    if os.geteuid() != 0 or owner.st_uid == 0:
        return {"umask": 0o077}
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": [], "umask": 0o077}


def _is_back(folder: Path, entry: Entry) -> bool:
    """Whether the earlier database was put back already, so that people may have worked with it since."""
    return (folder / ASIDE / entry.after / DONE).exists()


def _first(why: str) -> str:
    return f"{why}. " if why else ""


def _said_of(told: dict) -> str:
    if told["written"] < 0:
        return f"What was written in between lies in {told['aside']}; it cannot be read."
    return (
        f"{told['written']} changes were written in between; they lie in {told['aside']}."
        " Devices send theirs again by themselves."
    )
