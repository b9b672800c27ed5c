"""Credentials and tokens: how they are written down, how long they are kept, and where."""

import base64
import contextlib
import json
import os
import stat
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

from capss_client._errors import ConfigError
from capss_client._models import Hidden, Token
from capss_client._steps import Clock

LEEWAY_S = 60  # a token is not used in its last minute


def basic(client_id: str, client_secret: str) -> str:
    """The value of Basic credentials: id and secret are form-encoded first (RFC 6749, 2.3.1), then base64.

    ``curl -u`` does not form-encode: of an id or a secret that has ``%``, ``+`` or a space in it, curl sends something
    else than this, and a server that keeps to the RFC (the stack behind CAPSS does, inferred) takes it for something
    else. Letters, digits and ``.-_`` are the same in both.
    """
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A token and the time of day, in seconds since 1970, until which it may be used."""

    value: str
    until: float


class Keeper:
    """The token of one API client: in memory and, if asked for, in a file that only its owner can read.

    Not safe to use from several threads by itself: whoever drives flows holds a lock.

    Args:
        file: where tokens are kept between programs; None: nowhere. One that can no longer be used later on is left
            out, with a warning: a token can be had without it.
        name: whose token it is there: the token URL and the client id.

    Raises:
        ConfigError: the file can be read by others, or cannot be used.
    """

    def __init__(self, clock: Clock, file: Path | None = None, name: str = "") -> None:
        self._clock, self._file, self._name = clock, file, name
        self._held: Held | None = None
        if file is not None:
            self._entries(file)
            if not os.access(file.parent, os.W_OK):
                raise _unusable(file, "its directory cannot be written")

    def get(self, refused: str = "") -> str:
        """A token that is good for a minute more and is not the refused one; empty if there is none."""
        for held in (self._held, self._read() if self._file and not self._held else None):
            if held and held.value != refused and self._clock() < held.until:
                self._held = held
                return held.value
        self._held = None
        return ""

    def put(self, token: Token, asked_at: float) -> None:
        """Keep a new token, which was asked for at this time of day."""
        self._held = Held(Hidden(token.value), asked_at + token.expires_in - LEEWAY_S)
        if self._file:
            try:
                self._write(self._file, self._held)
            except ConfigError as error:
                self._leave_out(error)

    def _leave_out(self, error: ConfigError) -> None:
        self._file = None
        warnings.warn(f"{error.found}: tokens are not kept", RuntimeWarning, stacklevel=2)

    def _read(self) -> Held | None:
        assert self._file is not None  # noqa: S101 - asked for only where there is one
        try:
            entry = self._entries(self._file).get(self._name)
        except ConfigError as error:
            self._leave_out(error)
            return None
        if (
            isinstance(entry, dict)
            and isinstance(entry.get("token"), str)
            and isinstance(entry.get("until"), int | float)
        ):
            return Held(Hidden(entry["token"]), float(entry["until"]))
        return None

    @staticmethod
    def _entries(path: Path) -> dict[str, object]:
        try:
            with path.open(encoding="utf-8") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise ConfigError(
                        f"others can read the token cache {path}",
                        expected="a file for its owner only",
                        next_step=f"Make it so: chmod 600 {path}, or delete it.",
                    )
                values = json.load(file)
        except FileNotFoundError:
            return {}
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            return {}  # it is only a cache
        except OSError as error:
            raise _unusable(path, str(error.strerror)) from None
        return values if isinstance(values, dict) else {}

    def _write(self, file: Path, held: Held) -> None:
        entries = {**self._entries(file), self._name: {"token": held.value, "until": held.until}}
        try:
            handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # 0600 from the start
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    json.dump(entries, out)
                Path(name).replace(file)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise _unusable(file, str(error.strerror)) from None


def _unusable(file: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"the token cache {file} cannot be used ({reason})",
        expected="a file that can be read and written",
        next_step="Choose another one, or none.",
    )
