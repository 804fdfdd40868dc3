"""Over TLS: a certificate that nobody vouches for is refused, and a slow server is cut off as it is without TLS."""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lenovo_pipeline.resources.inference import (
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
    ModelUnavailable,
)
from lenovo_pipeline.settings import Settings

CHAT = ("POST", "/chat/completions")
QUESTION = [Message("user", "Which?")]
SOURCE = ModelSource("openai", "small")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    place.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return place


@pytest.fixture
def configured(server: Any, settings: Settings, certificate: Path) -> Settings:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.listening.socket = context.wrap_socket(server.listening.socket, server_side=True)
    url = server.url.replace("http:", "https:")
    return settings.model_copy(update={"openai_url": url, "openai_api_key": SecretStr("secret")})


def test_a_certificate_that_is_not_trusted_is_refused_before_the_token_is_sent(server: Any, configured: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="has a certificate that is not trusted"):
        Inference(configured).open(SOURCE).generate(QUESTION, GenerationSettings())
    assert server.asked == []


def test_a_certificate_that_the_environment_vouches_for_is_trusted_and_slow_answers_are_cut_off(
    server: Any, configured: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    backend = Inference(configured).open(SOURCE)
    server.on(*CHAT, server.json({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}))
    assert backend.generate(QUESTION, GenerationSettings()).text == "yes"
    assert server.asked[0].headers["authorization"] == "Bearer secret"
    for slow in (server.silent(), server.dripping(b"HTTP/1.1 200 OK\r\nX-Patience: " + b"x" * 900, 0.05)):
        server.on(*CHAT, slow)
        with pytest.raises(GenerationFailed, match="time-out of 1 s"):
            backend.generate(QUESTION, GenerationSettings(timeout_s=1))
