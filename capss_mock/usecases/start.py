"""Bringing a mock into being: its key, its store, its default client. The slow parts run in threads."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from capss_mock.clock import Clock, Entropy, RunningClock, SystemClock
from capss_mock.contract import defaults
from capss_mock.domain.clients import ApiClient, SecretChecker, hash_chosen
from capss_mock.domain.tokens import SigningKey
from capss_mock.settings import Settings
from capss_mock.store import Databases, Store
from capss_mock.usecases import Capss
from capss_mock.usecases.clients import default_client

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> "Future[T]":
    """Run ``work`` in a daemon thread; its result or error is in the future."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, daemon=True).start()
    return future


class Preparation:
    """Starts what takes long (an RSA key, the default secret's scrypt) while the imports run."""

    def __init__(self, entropy: Entropy, key: "SigningKey | Future[SigningKey] | None" = None) -> None:
        self.key: Future[SigningKey] = Future()
        if isinstance(key, SigningKey):
            self.key.set_result(key)
        elif key is not None:
            self.key = key
        else:
            kid = entropy.uuid()
            self.key = in_thread(lambda: SigningKey.generate(kid))
        self._secret_hash: Future[str] | None = None

    def hash_default_secret(self) -> "Future[str]":
        """The hash of the well-known secret, which takes its time; asked for early, it is there when it is needed."""
        if self._secret_hash is None:
            self._secret_hash = in_thread(lambda: hash_chosen(defaults.CLIENT_SECRET))
        return self._secret_hash


def _signing_key(settings: Settings, store: Store, made: "Future[SigningKey]", now_ns: int) -> "Future[SigningKey]":
    if settings.is_set("signing-key", "per-start") or settings.store is None:  # nobody will read what is kept
        return made
    stored = store.signing_key()
    if stored is not None:
        future: Future[SigningKey] = Future()
        future.set_result(SigningKey.load(*stored))
        return future

    def keep() -> SigningKey:
        key = made.result()
        store.add_signing_key(key.kid, key.pem(), now_ns)  # before anything can be signed with it
        return key

    return in_thread(keep)


def system_clock(settings: Settings) -> Clock:
    """The machine's clock, or one that started at the moment that the settings name."""
    return RunningClock(settings.now) if settings.now else SystemClock()


def start(
    settings: Settings,
    prepared: Preparation | None = None,
    clock: Clock | None = None,
    client: ApiClient | None = None,
    databases: Databases | None = None,
) -> Capss:
    """Open the store and give a working mock.

    Args:
        client: the one that it starts with; None: the well-known one.
        databases: where a temporary store is taken from, and given back to.

    Raises:
        StoreError: the store cannot be used.
    """
    entropy = Entropy(settings.seed)
    clock = clock or system_clock(settings)
    prepared = prepared or Preparation(entropy)
    now_ns = clock.now_ns()
    store = Store(settings.store, settings.run_id, now_ns, databases, client)
    with contextlib.ExitStack() as undo:
        undo.callback(store.close)
        checker = SecretChecker()
        if client is None and store.client(defaults.CLIENT_ID) is None:
            secret_hash = prepared.hash_default_secret().result()
            store.put_client(default_client(secret_hash))
            checker.remember(defaults.CLIENT_SECRET, secret_hash)
        key = _signing_key(settings, store, prepared.key, now_ns)
        undo.pop_all()
    return Capss(settings, store, clock, entropy, key, checker)
