"""TLS for the mock: a throw-away certificate authority, or the user's own certificate."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from capss_mock.contract.defaults import DOJ_HOSTS

HOST_NAMES = ("localhost", "127.0.0.1", "::1", *DOJ_HOSTS)

WRONG_NAME = "another-host.invalid"


class CertificateError(Exception):
    """A certificate cannot be used or written; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A server context and, for a throw-away authority, where its certificate (never its key) was written.

    ``fault`` is what is wrong with the certificate, by wish.
    """

    context: ssl.SSLContext
    ca_file: Path | None = None
    fault: str = ""


def throw_away(ca_file: Path, extra_host: str = "", fault: str = "") -> Tls:
    """Make an authority and a leaf for localhost and the DOJ's host names; write the authority's certificate.

    The private keys never leave this process's memory.

    Args:
        fault: what is wrong with the leaf: ``untrusted`` (of another authority), ``expired``, ``wrong-name``.

    Raises:
        CertificateError: ``ca_file`` cannot be written.
    """
    import trustme

    authority = trustme.CA(organization_name="capss-mock throw-away CA")
    names = dict.fromkeys((*HOST_NAMES, extra_host) if extra_host else HOST_NAMES)
    signer = trustme.CA(organization_name="capss-mock untrusted CA") if fault == "untrusted" else authority
    now = datetime.now(UTC)
    leaf = signer.issue_cert(
        *([WRONG_NAME] if fault == "wrong-name" else names),
        not_before=now - timedelta(days=30) if fault == "expired" else None,
        not_after=now - timedelta(days=1) if fault == "expired" else None,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    try:
        authority.cert_pem.write_to_path(str(ca_file))
    except OSError as error:
        raise CertificateError(f"cannot write the CA certificate to {ca_file}: {error.strerror}") from None
    return Tls(context, ca_file, fault)


def own(certificate: Path, key: Path | None) -> Tls:
    """Use the user's certificate chain (PEM) and key; without ``key`` it is in the same file.

    Raises:
        CertificateError: a file cannot be read, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        for path in (certificate, key or certificate):
            path.open("rb").close()  # OpenSSL's error would not name the file
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        reason = (error.reason or "not PEM").replace("_", " ").lower()
        raise CertificateError(f"cannot use the certificate {certificate}: {reason}") from None
    except OSError as error:
        raise CertificateError(f"cannot read the certificate {error.filename}: {error.strerror}") from None
    except ValueError:
        raise CertificateError(f"cannot use the key of {certificate}: it is encrypted") from None
    return Tls(context)
