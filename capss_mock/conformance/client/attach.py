"""For a program that no command can start (a point of sale on Windows): a person starts it, and says what it told."""

from collections.abc import Callable

from capss_mock.conformance.client.evidence import Ending
from capss_mock.conformance.client.play import Opened, Performed
from capss_mock.conformance.client.program import Place

ANSWERS = {"s": (0, "saved"), "n": (1, "not saved, or not known")}
Ask = Callable[[str], str]
Say = Callable[[str], None]


def attached(say: Say, ask: Ask) -> Callable[[Opened, dict[str, str], Place], Performed]:
    """What is done instead of running a program: say what to set, wait, and ask what it told.

    Args:
        say: prints a line.
        ask: prints a question, and gives the answer.
    """

    def perform(run: Opened, environ: dict[str, str], _place: Place) -> Performed:
        say("")
        say(f"scenario {run.part.name}")
        for label, name in (
            ("address", "CAPSS_BASE_URL"),
            ("token at", "CAPSS_TOKEN_URL"),
            ("client id", "CAPSS_CLIENT_ID"),
            ("secret", "CAPSS_CLIENT_SECRET"),
            ("send", "CAPSS_FILE"),
            ("trust", "CAPSS_CA_FILE"),
        ):
            needed = name != "CAPSS_CA_FILE" or environ["CAPSS_BASE_URL"].startswith("https")
            if environ.get(name) and needed:
                say(f"  {label:<10} {environ[name]}")
        while True:
            told = ask("Let it send; then: what did it tell you? [s]aved, [n]ot saved or not known").strip().lower()[:1]
            if told in ANSWERS:
                code, _ = ANSWERS[told]
                return Performed(Ending(code, 0))

    return perform
