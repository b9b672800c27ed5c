"""One request and its answer, in httpx's words and in ours: what each error means for what was sent."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from capss_client._errors import ConfigError
from capss_client._files import opened
from capss_client._steps import Call, Lost, Reply, Unreachable

_NO_CONNECTION = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol,
)  # fmt: skip


def request_of(call: Call, stack: ExitStack) -> dict[str, Any]:
    """The arguments of httpx's ``stream``; files are open as long as ``stack`` is."""
    request: dict[str, Any] = {"method": call.method, "url": call.url, "headers": call.headers}
    if call.query:
        request["params"] = dict(call.query)
    if call.form is not None:
        request["data"] = dict(call.form)
    if call.document is not None:
        file = stack.enter_context(opened(call.document))
        request["files"] = {call.document.part: (call.document.path.name, file, "application/xml")}
    return request


ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError)  # of an exchange


def failure_of(error: Exception) -> Unreachable | Lost:
    """What an error of httpx, or of reading the file, means: that nothing was sent, or that it cannot be known."""
    words = "".join(char for char in str(error) if char.isprintable())[:200] or type(error).__name__
    if isinstance(error, _NO_CONNECTION):
        return Unreachable(words, lasting=_is_tls(error))
    return Lost(words)


def _is_tls(error: BaseException | None) -> bool:
    """Whether an error comes from a TLS handshake: then another try will not help."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def reply_of(response: httpx.Response, body: bytes) -> Reply:
    """An answer as flows take it."""
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


@contextmanager
def proxies_explained() -> Iterator[None]:
    """An httpx client that cannot be made is told as what it is.

    Raises:
        ConfigError: the proxy of the environment cannot be used.
    """
    try:
        yield
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the proxy that the environment names cannot be used ({error})",
            expected="HTTPS_PROXY with an http or https URL, or none",
            next_step="Nothing was sent: set it right, or unset it.",
        ) from None
