"""For a program that no command can start (a point of sale on Windows): a person starts it, and says what it told."""

from collections.abc import Callable

from capss_mock.conformance.client.evidence import Ending
from capss_mock.conformance.client.play import Opened, Performed
from capss_mock.conformance.client.program import Place
from capss_mock.contract.scenarios import SCENARIOS

_ANSWERS = {"s": 0, "n": 1}
_SHOWN = {
    "address": "CAPSS_BASE_URL",
    "token at": "CAPSS_TOKEN_URL",
    "client id": "CAPSS_CLIENT_ID",
    "secret": "CAPSS_CLIENT_SECRET",
    "send": "CAPSS_FILE",
    "trust": "CAPSS_CA_FILE",
}
Ask = Callable[[str], str]
Say = Callable[[str], None]


def attached(say: Say, ask: Ask, total: int) -> Callable[[Opened, dict[str, str], Place], Performed]:
    """What is done instead of running a program: say what to set, wait, and ask what it told.

    Args:
        say: prints a line.
        ask: asks a question, and gives the answer.
        total: how many scenarios there are.
    """
    number = 0

    def perform(run: Opened, environ: dict[str, str], _place: Place) -> Performed:
        nonlocal number
        number += 1
        say("")
        say(f"{number} of {total}: scenario {run.part.name}. {SCENARIOS[run.part.scenario].sentence}")
        for label, name in _SHOWN.items():
            needed = name != "CAPSS_CA_FILE" or environ["CAPSS_BASE_URL"].startswith("https")
            if environ.get(name) and needed:
                say(f"  {label:<10} {environ[name]}")
        while True:
            told = ask("Let it send. What did it then tell you: [s]aved, or [n]ot saved, not known?").strip().lower()
            if told[:1] in _ANSWERS:
                return Performed(Ending(_ANSWERS[told[:1]], 0, by_hand=True))
            say("please answer s or n")

    return perform
