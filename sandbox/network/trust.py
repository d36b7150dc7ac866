"""The certificates that this machine trusts, so that a sandbox trusts the same: an inspecting proxy's among them."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

VARIABLES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
)
"""What programs look at for the file of certificates."""

_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_MAX_BYTES = 16 * 1024**2
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?P<kind>(?:TRUSTED |X509 )?CERTIFICATE)-----[A-Za-z0-9+/=\s]+-----END (?P=kind)-----"
)


def host_certificates(environment: Mapping[str, str] = os.environ) -> bytes:
    """The certificates of the user's SSL_CERT_FILE, else of this machine; none where there is no such file.

    Only certificates: what else a file of the user's may hold, a private key say, is not for a sandbox.
    """
    usual = ssl.get_default_verify_paths()
    for place in (environment.get("SSL_CERT_FILE"), usual.cafile, usual.openssl_cafile, *_PLACES):
        if place and (found := _certificates(Path(place))):
            return found
    return b""


def _certificates(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES)
    except OSError:
        return b""
    return b"".join(found[0] + b"\n" for found in _CERTIFICATE.finditer(text))
