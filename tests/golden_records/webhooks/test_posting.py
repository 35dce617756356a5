import datetime as dt
import ssl
import time
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from golden_records.webhooks import posting
from golden_records.webhooks.addresses import AddressPolicy
from golden_records.webhooks.endpoints import parsed_endpoint
from golden_records.webhooks.posting import BYTES_READ, Answer, Poster
from tests.golden_records.webhooks.receiver import ALLOWED, Received, Receiver, hangs_up, receiving, replies

POLICY = AddressPolicy(allowed=(ip_network(f"{ALLOWED}/32"),))


def _sent(url: str, *, seconds: float = 5.0, addresses: tuple[str, ...] = (ALLOWED,)) -> Answer:
    with Poster(parsed_endpoint(url), POLICY, seconds=seconds, resolve=lambda _host, _port: addresses) as poster:
        return poster.post(b'{"n": 1}', {"Content-Type": "application/json", "webhook-id": "m1"})


def test_a_message_arrives_with_its_headers_and_the_answer_is_told() -> None:
    with receiving() as receiver:
        receiver.reply = replies(202, b"thank you")
        answer = _sent(receiver.url)
    assert (answer.status, answer.problem, answer.text) == (202, "", "thank you")
    [message] = receiver.received
    assert (message.path, message.body) == ("/webhooks", b'{"n": 1}')
    assert message.headers["host"] == f"{ALLOWED}:{receiver.port}"
    assert message.headers["webhook-id"] == "m1"


def test_messages_to_one_endpoint_share_a_connection() -> None:
    callers: set[object] = set()

    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        callers.add(handler.client_address)
        replies(204)(message, handler)

    with receiving() as receiver, Poster(parsed_endpoint(receiver.url), POLICY) as poster:
        receiver.reply = reply
        assert [poster.post(b"{}", {}).status for _ in range(5)] == [204] * 5
    assert len(callers) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with receiving() as elsewhere, receiving() as receiver:
        receiver.reply = replies(status, Location=elsewhere.url)
        assert _sent(receiver.url).status == status
    assert elsewhere.received == []


def test_an_endpoint_that_drips_its_answer_does_not_hold_us() -> None:
    def drip(message: Received, handler: BaseHTTPRequestHandler) -> None:
        del message
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.05)

    with receiving() as receiver:
        receiver.reply = drip
        answer = _sent(receiver.url, seconds=0.4)
    assert (answer.status, answer.problem) == (None, "timeout")


def test_an_endpoint_that_never_stops_talking_is_not_listened_to() -> None:
    written: list[int] = []

    def babble(message: Received, handler: BaseHTTPRequestHandler) -> None:
        del message
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        while True:
            written.append(handler.wfile.write(b"bla " * 4096))

    with receiving() as receiver:
        receiver.reply = babble
        answer = _sent(receiver.url)
    assert answer.status == 200
    assert answer.text == ("bla " * 4096)[:500]
    # What lies in the buffers of two sockets comes on top; an answer without end would not stop at all.
    assert sum(written) < 200 * BYTES_READ


def test_an_endpoint_that_hangs_up_is_told_from_one_that_is_not_there() -> None:
    with receiving() as receiver:
        receiver.reply = hangs_up
        assert _sent(receiver.url).problem == "broken_answer"
    assert _sent(receiver.url).problem == "unreachable"


def test_a_name_that_nobody_knows() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError(host, port)

    with Poster(parsed_endpoint("https://nobody.example/"), POLICY, resolve=unknown) as poster:
        assert poster.post(b"{}", {}).problem == "name_unknown"


def test_the_next_address_of_a_name_is_tried_where_the_first_is_down() -> None:
    with receiving() as receiver:
        receiver_url = receiver.url.replace(ALLOWED, "crm.example")
        policy = AddressPolicy(allowed=(ip_network("127.0.0.0/8"),))
        with Poster(parsed_endpoint(receiver_url), policy, resolve=lambda *_: ("127.0.0.3", ALLOWED)) as poster:
            assert poster.post(b"{}", {}).status == 204


@pytest.mark.parametrize(("sent", "heard"), [("17", 17.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("9" * 400, None)])
def test_when_to_come_back(sent: str, heard: float | None) -> None:
    with receiving() as receiver:
        receiver.reply = replies(503, Retry_After=sent)
        assert _sent(receiver.url).retry_after == heard


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    """Make a server's own certificate, which is also its authority."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


def _over_tls(receiver: Receiver, host: str) -> Answer:
    return _sent(f"https://{host}:{receiver.port}/")


def test_the_certificate_must_be_of_the_name_and_not_only_of_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = _certificate(tmp_path, "crm.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.crt"))
    monkeypatch.setattr(posting, "trusted_authorities", posting.trusted_authorities.__wrapped__)
    with receiving(wrap=lambda plain: context.wrap_socket(plain, server_side=True)) as receiver:
        assert _over_tls(receiver, "crm.example").status == 204
        assert _over_tls(receiver, "other.example").problem == "certificate"


def test_a_certificate_of_an_authority_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    context = _certificate(tmp_path, "crm.example")
    with receiving(wrap=lambda plain: context.wrap_socket(plain, server_side=True)) as receiver:
        assert _over_tls(receiver, "crm.example").problem == "certificate"
    assert receiver.received == []
