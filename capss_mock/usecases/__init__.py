"""One method per thing a caller wants. Holds settings, store, clock and keys; knows no Flask."""

from concurrent.futures import Future

from capss_mock.clock import Clock, Entropy
from capss_mock.domain.clients import SecretChecker
from capss_mock.domain.tokens import SigningKey
from capss_mock.settings import Settings
from capss_mock.store import Store
from capss_mock.usecases.submissions import Submissions
from capss_mock.usecases.tokens import Tokens


class Capss:
    """What CAPSS does, as far as it is known: tokens, and the submissions made with them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        key: "Future[SigningKey]",
        checker: SecretChecker | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        checker = checker or SecretChecker()
        self._parts = (entropy, key, checker)
        self.tokens = Tokens(settings, store, clock, entropy, key, checker)
        self.submissions = Submissions(settings, store, clock, entropy)

    @property
    def key(self) -> "Future[SigningKey]":
        """The key that signs tokens."""
        return self._parts[1]

    def under(self, settings: Settings) -> "Capss":
        """The same, with the same store, clock and keys, under other settings."""
        entropy, key, checker = self._parts
        return Capss(settings, self.store, self.clock, entropy, key, checker)
