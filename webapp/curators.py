"""Who may correct: tokens that the operator hands out, and the sessions that they open.

``DATA/curation/curators.json`` keeps a salted scrypt hash of each token; the token is shown once and kept nowhere.
A session is a signed cookie; it ends with the browser, after eight hours, or when the operator takes the token back.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer

from graph.curation import CurationError

SESSION_SECONDS = 8 * 3600
#: Wrong tokens that one address, and all addresses together, may send in ``_ATTEMPT_SECONDS``.
ATTEMPTS, ALL_ATTEMPTS = 10, 200
_ATTEMPT_SECONDS = 300
_NAME = re.compile(r"[\w.' -]{1,60}")
# 16 MiB and some 30 ms a guess; a token holds 256 random bits, so the hash guards the file rather than the token
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Curator:
    """``id`` is the first part of the token, in clear; ``name`` stands in published corrections."""

    id: str
    name: str
    added: str
    salt: str
    hash: str


@dataclass(frozen=True, slots=True)
class Session:
    """A curator who is signed in; ``csrf`` goes into every form."""

    curator: Curator
    csrf: str


class Curators:
    """The tokens of one data folder. Reads the file anew at each use, so that the operator's word counts at once."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "curation"
        self._file = self._folder / "curators.json"
        self._key_file = self._folder / ".session-key"

    def all(self) -> list[Curator]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[Curator])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as err:
            raise CurationError(f"{self._file} cannot be read: {err}") from err

    def add(self, name: str) -> str:
        """A new token for ``name``. Raises CurationError for a name that is taken or holds strange characters."""
        name = " ".join(name.split())
        if not _NAME.fullmatch(name):
            raise CurationError(f"{name!r} is no name: letters, digits, spaces, dots and hyphens, at most 60")
        known = self.all()
        if any(curator.name == name for curator in known):
            raise CurationError(f"{name} has a token already: take it back first with 'inspectgraph curation token'")
        own, secret, salt = secrets.token_hex(4), secrets.token_urlsafe(32), secrets.token_bytes(16)
        added = datetime.now(UTC).isoformat(timespec="seconds")
        self._write([*known, Curator(own, name, added, salt.hex(), _hashed(secret, salt).hex())])
        self._key()
        return f"{own}.{secret}"

    def remove(self, name: str) -> None:
        """Take a token back; its sessions end at once."""
        known = self.all()
        kept = [curator for curator in known if curator.name != name]
        if len(kept) == len(known):
            raise CurationError(f"there is no curator {name}: {', '.join(c.name for c in known) or 'none at all'}")
        self._write(kept)

    def of_token(self, token: str) -> Curator | None:
        """Whose token this is. Takes the time of one scrypt hash whether or not its first part is known."""
        own, _, secret = token.strip()[:200].partition(".")
        found = next((curator for curator in self.all() if curator.id == own), None)  # the first part is no secret
        salt = bytes.fromhex(found.salt) if found is not None else bytes(16)
        right = hmac.compare_digest(
            _hashed(secret, salt), bytes.fromhex(found.hash) if found is not None else bytes(32)
        )
        return found if right and found is not None else None

    def cookie(self, curator: Curator) -> str:
        return self._signer("session").dumps([curator.id, secrets.token_hex(8)])

    def session(self, cookie: str | None) -> Session | None:
        """The session that a cookie opens: None where it is forged, too old, or its token was taken back."""
        if not cookie or not self._key_file.is_file():
            return None
        try:
            own, _ = self._signer("session").loads(cookie, max_age=SESSION_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return None
        found = next((curator for curator in self.all() if curator.id == own), None)
        if found is None:
            return None
        return Session(found, hmac.new(self._key(), b"form:" + cookie.encode(), hashlib.sha256).hexdigest())

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._key(), salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})

    def _key(self) -> bytes:
        """The key that signs sessions: made once, readable by the operator alone, never part of a backup."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = self._key_file.read_bytes()
            if len(key) != 32:
                raise CurationError(
                    f"{self._key_file} is damaged: delete it; curators must then sign in anew"
                ) from None
            return key
        with os.fdopen(handle, "wb") as file:
            file.write(key := secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        return key

    def _write(self, curators: list[Curator]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / f".curators-{os.getpid()}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(curators)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._file)


def _hashed(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, dklen=32, **_SCRYPT)


class Attempts:
    """Counts wrong tokens by address, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = defaultdict(deque)

    def may_try(self, address: str) -> bool:
        since = time.monotonic() - _ATTEMPT_SECONDS
        with self._lock:
            for known in list(self._wrong):
                while self._wrong[known] and self._wrong[known][0] < since:
                    self._wrong[known].popleft()
                if not self._wrong[known]:
                    del self._wrong[known]
            total = sum(map(len, self._wrong.values()))
            return len(self._wrong.get(address, ())) < ATTEMPTS and total < ALL_ATTEMPTS

    def was_wrong(self, address: str) -> None:
        with self._lock:
            self._wrong[address].append(time.monotonic())
