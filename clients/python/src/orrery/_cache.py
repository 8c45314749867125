"""Tables that were fetched before, by their hash: a version never changes, so it is fetched once."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

_LARGEST = 20 << 30
_verified: dict[Path, tuple[int, int]] = {}


def cached(sha256: str, fetch: Callable[[IO[bytes]], None]) -> Path:
    """The file with this hash, fetched where it is not there yet, or no longer what it was."""
    folder = _folder()
    place = folder / f"{sha256}.parquet"
    if _is_whole(place, sha256):
        # When it was asked for last; the time of change stays, which tells whether it is what was verified.
        os.utime(place, ns=(time.time_ns(), place.stat().st_mtime_ns))
        return place
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=".arriving-", dir=folder)
    try:
        with os.fdopen(handle, "w+b") as target:
            fetch(target)
        os.replace(aside, place)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    _verified[place] = _look(place)
    _make_room(folder, place)
    return place


def _folder() -> Path:
    named = os.environ.get("ORRERY_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orrery"


def _look(place: Path) -> tuple[int, int]:
    facts = place.stat()
    return facts.st_size, facts.st_mtime_ns


def _is_whole(place: Path, sha256: str) -> bool:
    """Read once by each process: disks forget, and people edit."""
    try:
        look = _look(place)
        if _verified.get(place) == look:
            return True
        digest = hashlib.sha256()
        with place.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return False
    if digest.hexdigest() != sha256:
        return False
    _verified[place] = look
    return True


def _make_room(folder: Path, keep: Path) -> None:
    """Removes what was longest not asked for, beyond ``ORRERY_CACHE_BYTES`` (20 GiB)."""
    limit = int(os.environ.get("ORRERY_CACHE_BYTES") or _LARGEST)
    files = sorted(((one.stat().st_atime_ns, one) for one in folder.glob("*.parquet")), reverse=True)
    total = 0
    for _, file in files:
        total += file.stat().st_size
        if total > limit and file != keep:
            file.unlink(missing_ok=True)
