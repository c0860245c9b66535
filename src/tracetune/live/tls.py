"""TLS of the receivers, and who may be let in at all: the rules of listening beyond this machine."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path

import grpc

from tracetune.errors import InvalidSettings
from tracetune.settings import ANYONE, ServeSettings, Settings


def check_open(settings: Settings) -> None:
    """Refuse to listen beyond this machine to whoever comes, unless that was asked for in words.

    Raises:
        InvalidSettings: serve.host is not this machine alone, and nothing says who may come.
    """
    serve = settings.serve
    guarded = settings.api.ingest_token or serve.tls_client_ca or serve.open == ANYONE
    if not guarded and not _is_loopback(serve.host):
        raise InvalidSettings(
            f"serve.host is {serve.host}, which others can reach, and there is no api.ingest_token",
            hint=f"set api.ingest_token or serve.tls_client_ca, or serve.open to '{ANYONE}'",
        )


def http_context(settings: ServeSettings) -> ssl.SSLContext | None:
    """For HTTP; None where no certificate is set.

    Raises:
        InvalidSettings: a file cannot be used, or one is missing.
    """
    if not _has_tls(settings):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        if settings.tls_client_ca:
            context.load_verify_locations(settings.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        raise InvalidSettings(
            f"the TLS files cannot be used: {error}", hint="look at serve.tls_certificate, tls_key and tls_client_ca"
        ) from error
    return context


def grpc_credentials(settings: ServeSettings) -> grpc.ServerCredentials | None:
    """For gRPC; None where no certificate is set. The files were tried by ``http_context`` before."""
    if not _has_tls(settings):
        return None
    key, certificate = Path(settings.tls_key).read_bytes(), Path(settings.tls_certificate).read_bytes()
    authorities = Path(settings.tls_client_ca).read_bytes() if settings.tls_client_ca else None
    return grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=authorities, require_client_auth=authorities is not None
    )


def _has_tls(settings: ServeSettings) -> bool:
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise InvalidSettings("one of serve.tls_certificate and serve.tls_key is set", hint="set both or none")
    if settings.tls_client_ca and not settings.tls_certificate:
        raise InvalidSettings("serve.tls_client_ca needs serve.tls_certificate and serve.tls_key")
    return bool(settings.tls_certificate)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
