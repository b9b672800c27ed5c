"""What programs are told to trust: the CA's file as it is, and as a Java trust store."""

import threading
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.x509 import load_pem_x509_certificate

from capss_mock.serving.certificates import throw_away

PASSWORD = b"changeit"


class TrustStores:
    """Makes them in a directory; each CA's once.

    ``ca_file`` is what plays without TLS are told to trust: the variables are always set.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._java: dict[Path, Path] = {}
        self.ca_file = directory / "ca.pem"
        throw_away(self.ca_file)

    def java(self, ca_file: Path) -> Path:
        """A PKCS#12 trust store with that CA in it."""
        with self._lock:
            if ca_file not in self._java:
                certificate = load_pem_x509_certificate(ca_file.read_bytes())
                entry = PKCS12Certificate(certificate, b"capss-mock")
                store = self._directory / f"trust-{len(self._java)}.p12"
                store.write_bytes(serialize_java_truststore([entry], BestAvailableEncryption(PASSWORD)))
                self._java[ca_file] = store
            return self._java[ca_file]
