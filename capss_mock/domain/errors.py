"""How the domain says no.

Exception
├── Refusal    a request is answered as a rule of the contract says
└── KitFault   the mock itself failed; never the caller's mistake
"""


class Refusal(Exception):
    """A request that a rule refuses.

    Args:
        rule: id of the rule; its ``answer`` is what goes over the wire.
        detail: for the console only, one line without secrets or person data.
        values: what the answer's placeholders stand for.
    """

    def __init__(self, rule: str, detail: str = "", **values: str) -> None:
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule
        self.detail = detail
        self.values = values


class KitFault(Exception):
    """The mock could not do its work (a child process died, say)."""
