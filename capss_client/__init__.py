"""A client for CAPSS, the California DOJ's Pawn and Secondhand Dealer System. Unofficial.

    from capss_client import Client

    with Client(base_url, client_id, client_secret) as capss:
        receipt = capss.upload("day.xml")
        result = capss.wait(receipt)
        result.confirmed, result.saved, result.duplicates, result.errors

It never says that something is saved unless CAPSS said so, and never sends a document a second time when the answer to
the first was lost. It stands alone: it knows nothing of ``capss_mock``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from capss_client._base import Options
    from capss_client._client import AsyncClient, Client
    from capss_client._config import InsecureWarning
    from capss_client._errors import AlreadySent, CapssError, ConfigError, NotSent, Refused, Undetermined
    from capss_client._flows import Progress
    from capss_client._models import OnDup, OnError, Receipt, Result, Token

_HOMES = {  # loaded when they are asked for: the command's help needs no httpx
    "_base": ("Options",),
    "_client": ("AsyncClient", "Client"),
    "_config": ("InsecureWarning",),
    "_errors": ("AlreadySent", "CapssError", "ConfigError", "NotSent", "Refused", "Undetermined"),
    "_flows": ("Progress",),
    "_models": ("OnDup", "OnError", "Receipt", "Result", "Token"),
}

__all__ = [
    "AlreadySent",
    "AsyncClient",
    "CapssError",
    "Client",
    "ConfigError",
    "InsecureWarning",
    "NotSent",
    "OnDup",
    "OnError",
    "Options",
    "Progress",
    "Receipt",
    "Refused",
    "Result",
    "Token",
    "Undetermined",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"capss_client.{home}"), name)
    raise AttributeError(f"module 'capss_client' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
