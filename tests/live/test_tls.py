"""Who may be let in: loopback, a token, certificates, or whoever comes if that is said in words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tracetune.errors import InvalidSettings
from tracetune.live import tls
from tracetune.settings import ANYONE, ApiSettings, ServeSettings, Settings


def self_signed(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: S603 - ours
    return str(certificate), str(key)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machine_alone_needs_nothing(host: str) -> None:
    tls.check_open(Settings(serve=ServeSettings(host=host)))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "traces.example"])  # noqa: S104 - what is refused
def test_listening_to_others_without_a_token_is_refused_unless_it_is_told_so_in_words(host: str) -> None:
    with pytest.raises(InvalidSettings, match=host) as caught:
        tls.check_open(Settings(serve=ServeSettings(host=host)))

    tls.check_open(Settings(serve=ServeSettings(host=host), api=ApiSettings(ingest_token="secret")))  # noqa: S106 - of this test
    tls.check_open(Settings(serve=ServeSettings(host=host, open=ANYONE)))
    assert ANYONE in caught.value.hint


def test_certificate_and_key_go_together(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="one of serve"):
        tls.http_context(ServeSettings(tls_certificate="a.pem"))
    with pytest.raises(InvalidSettings, match="tls_client_ca needs"):
        tls.http_context(ServeSettings(tls_client_ca="ca.pem"))
    with pytest.raises(InvalidSettings, match="cannot be used"):
        tls.http_context(ServeSettings(tls_certificate=str(tmp_path / "no"), tls_key=str(tmp_path / "no")))


def test_files_make_contexts_and_without_them_there_is_none(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    settings = ServeSettings(tls_certificate=certificate, tls_key=key, tls_client_ca=certificate)

    context = tls.http_context(settings)

    assert context is not None
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert tls.grpc_credentials(settings) is not None
    assert tls.http_context(ServeSettings()) is tls.grpc_credentials(ServeSettings()) is None
