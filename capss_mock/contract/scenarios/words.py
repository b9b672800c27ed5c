"""What the tables of scenarios are written with."""

from capss_mock.contract.faults import Do, Fault, Outcome, Scenario
from capss_mock.contract.model import Citation
from capss_mock.contract.rules import RULES

HTML = "<!DOCTYPE html>\n<html><head><title>CAPSS</title></head><body><h1>{word}</h1></body></html>\n"
PAGE = (("Content-Type", "text/html;charset=UTF-8"),)
JSON = (("Content-Type", "application/json"),)
FAULT_500 = '{"status":500,"error":"Internal Server Error"}'
SHEET = (Citation("sheet", "steps 8 and 9: what an answer holds"),)
KIT = (Citation("kit", "nothing is known of this; servers do it"),)
LOST = (
    Citation("hmrc-vat-api", "issues 362, 216, 697: the work was done, the answer was lost"),
    Citation("ksef", "issues 822, 830, 786: 500 on close, duplicates by the thousand"),
)
STUCK = (Citation("ksef", "issue 408: stuck in processing"),)
SOME = (Citation("ksef", "issue 407: of 1,000 items 600 were taken"),)
MAINTENANCE = (Citation("ksef", "issue 864: maintenance told as a client's error"),)
BUSY = (Citation("nav", "issues 393, 421, 783, 891: answers under load"), Citation("nav", "issue 743"))
TOKEN_RFC = (Citation("rfc6749", "5.2"),)
DUPS = (Citation("sheet", "step 9: hasDuplicates"),)
ONE_ONLY = "says that it does not know, and sends nothing again before somebody has looked"
AGAIN = "sends it once more, since nothing was stored, and confirms what is then saved"
REFUSED = "says that nothing was saved, and why"


def confirm(id_: str, sentence: str, citations: tuple[Citation, ...], good: str = "", **more: object) -> Scenario:
    told = good or "confirms that everything is saved"
    return Scenario(id_, Outcome.CONFIRM, sentence, told, citations, **more)  # type: ignore[arg-type]  # fields


def deny(id_: str, sentence: str, citations: tuple[Citation, ...], good: str, **more: object) -> Scenario:
    return Scenario(id_, Outcome.NOT, sentence, good, citations, **more)  # type: ignore[arg-type]  # fields


def either(id_: str, sentence: str, citations: tuple[Citation, ...], good: str, **more: object) -> Scenario:
    return Scenario(id_, Outcome.EITHER, sentence, good, citations, **more)  # type: ignore[arg-type]  # fields


def first(code: int, times: int = 1, **headers: str) -> Fault:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault("submit", status=code, times=times, headers=pairs)


def page(on: str, word: str, code: int = 200, *, after: bool = False, times: int | None = None) -> Fault:
    return Fault(on, status=code, after=after, times=times, headers=PAGE, body=HTML.replace("{word}", word))


def changed(on: str, **more: object) -> tuple[Fault, ...]:
    return (Fault(on, Do.CHANGE, after=True, times=None, **more),)  # type: ignore[arg-type]  # fields of Fault


def refused(on: str, rule: str, times: int | None = 1, **values: str) -> Fault:
    """Requests are refused as a rule refuses them; ``values`` fill its placeholders."""
    answer = RULES[rule].answer
    assert answer is not None, rule  # noqa: S101 - a refusal's rule has an answer
    headers = [(name, value.format(**values)) for name, value in answer.headers]
    if answer.content_type:
        headers.append(("Content-Type", answer.content_type))
    return Fault(on, status=answer.status, times=times, headers=tuple(headers), body=answer.body or "")
