"""How a call ends: in time, with what came, and with nothing told to whom it does not concern."""

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.automation.servers import (
    HERE,
    Server,
    a_call,
    answering,
    names,
    redirecting,
    serving,
    to_here,
)
from workflows.automation.http import client as caller
from workflows.automation.http.client import CallFailed, HttpAnswer, HttpCall, make_http_call

SECRET = "s3cr3t-t0ken"


def refusal(what: HttpCall, **more: Any) -> CallFailed:
    """The failure of a call, which must come."""
    with pytest.raises(CallFailed) as caught:
        make_http_call(what, **more)
    return caught.value


# -- what goes out and comes back -------------------------------------------------------------


def test_an_answer_is_given_whatever_its_status() -> None:
    with serving(
        answering(b"no", status="404 Not Found", headers="X-Two: a\r\nX-Two: b\r\n")
    ) as server:
        answer = make_http_call(to_here(server.url + "/x"))
    assert (answer.status, answer.body, answer.headers["x-two"]) == (404, b"no", "a, b")


def test_what_is_sent_is_what_was_asked() -> None:
    with serving(answering()) as server:
        make_http_call(
            to_here(
                f"{server.url}/orders/ü?q=a%20b&n=1",
                method="POST",
                headers={"X-Api-Key": SECRET, "Idempotency-Key": "k-1"},
                body=b'{"amount": 1}',
            )
        )
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /orders/%C3%BC?q=a%20b&n=1 HTTP/1.1"
    assert f"Host: {HERE}:{server.port}" in lines
    assert {"X-Api-Key: " + SECRET, "Idempotency-Key: k-1", "Content-Length: 13"} < set(lines)
    assert "Accept-Encoding: identity" in lines
    assert body == b'{"amount": 1}'


def test_a_post_without_a_body_says_so() -> None:
    with serving(answering()) as server:
        make_http_call(to_here(server.url, method="POST"))
    assert b"Content-Length: 0" in server.heard[0]


def test_a_head_has_no_body() -> None:
    with serving(answering(b"12345")) as server:
        assert make_http_call(to_here(server.url, method="HEAD")) == HttpAnswer(
            200, {"content-length": "5"}, b""
        )


def test_an_answer_before_the_body_is_taken_counts() -> None:
    def impatient(sock: socket.socket, head: bytes) -> None:
        answering(b"too big", status="413 Too Large", headers="Connection: close\r\n")(sock, head)

    with serving(impatient) as server:
        assert make_http_call(to_here(server.url, method="POST", body=b"x" * 100_000)).status == 413


def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with serving(answering(b"direct")) as server:
        assert make_http_call(to_here(server.url)).body == b"direct"


HEADERS = [
    *[{"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A": "a\rb"}, {"X-A": "a\x00b"}],
    *[{"X-A\r\nX-B": "b"}, {"X A": "b"}, {"": "b"}, {"X-Ü": "b"}, {"X-A:": "b"}],
    *[{"Host": "inner.example"}, {"content-length": "0"}, {"Transfer-Encoding": "chunked"}],
    *[{"Connection": "keep-alive"}, {"Upgrade": "websocket"}, {"accept-encoding": "gzip"}],
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_no_header_begins_another_or_steers_the_call(headers: dict[str, str]) -> None:
    with serving(answering()) as server:
        assert refusal(to_here(server.url, headers=headers)).code == "bad_header"
    assert server.heard == []


def test_nothing_secret_is_in_what_is_printed() -> None:
    what = to_here(
        "http://127.0.0.1:9/", headers={"Authorization": SECRET}, body=SECRET.encode(), timeout=1.0
    )
    assert SECRET not in repr(what)
    failed = refusal(what)
    assert SECRET not in repr(failed) + str(failed)
    assert SECRET not in repr(HttpAnswer(200, {"set-cookie": SECRET}, SECRET.encode()))


# -- time -------------------------------------------------------------------------------------


def dripping(head: bytes) -> Any:
    """Sends the head, then a byte each tenth of a second, for ever."""

    def behave(sock: socket.socket, _: bytes) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(b"x")
            time.sleep(0.1)

    return behave


def silent(sock: socket.socket, _: bytes) -> None:
    """Takes the request and says nothing."""
    time.sleep(3)


def chatty(sock: socket.socket, _: bytes) -> None:
    """Says `100 Continue` for ever."""
    while True:
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


TOO_SLOW = {
    "silent": silent,
    "drips its head": dripping(b"HTTP/1.1 200 OK\r\nX-Long: "),
    "drips its body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "drips without length": dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
    "chatty": chatty,
}


@pytest.mark.parametrize("behave", TOO_SLOW.values(), ids=TOO_SLOW)
def test_a_call_ends_when_its_time_is_over(behave: Any) -> None:
    with serving(behave) as server:
        began = time.monotonic()
        failed = refusal(to_here(server.url, timeout=0.6))
        took = time.monotonic() - began
    assert (failed.code, failed.retry) == ("timed_out", True)
    assert 0.5 < took < 1.5


def test_what_dripped_in_is_shown() -> None:
    with serving(TOO_SLOW["drips its body"]) as server:
        failed = refusal(to_here(server.url, timeout=0.6))
    assert failed.status == 200
    assert set(failed.answer) == set(b"x")


def test_the_clock_runs_on_over_redirects() -> None:
    def slow(sock: socket.socket, head: bytes) -> None:
        time.sleep(0.4)
        redirecting("/again")(sock, head)

    with serving(slow) as server:
        began = time.monotonic()
        assert refusal(to_here(server.url, timeout=0.6)).code == "timed_out"
    assert time.monotonic() - began < 1.5


def test_a_receiver_that_takes_nothing_ends_too() -> None:
    listener = socket.create_server((HERE, 0))
    with listener:
        what = to_here(
            f"http://{HERE}:{listener.getsockname()[1]}/",
            method="POST",
            body=b"x" * 20_000_000,
            timeout=0.6,
        )
        assert refusal(what).code == "timed_out"


def test_a_lookup_that_hangs_ends_too() -> None:
    def hanging(*_: Any, **__: Any) -> Any:
        time.sleep(2)

    began = time.monotonic()
    failed = refusal(a_call("http://slow.example/", timeout=0.4), resolve=hanging)
    assert (failed.code, failed.retry) == ("timed_out", True)
    assert time.monotonic() - began < 1.5


# -- nobody there, or nonsense ----------------------------------------------------------------


def test_nobody_there_is_worth_another_try() -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    failed = refusal(to_here(f"http://{HERE}:{port}/"))
    assert (failed.code, failed.retry) == ("cannot_connect", True)


def test_the_next_address_of_a_name_is_tried() -> None:
    with serving(answering(b"second")) as server:
        what = a_call(
            f"http://two.example:{server.port}/", allowed_hosts=frozenset({"two.example"})
        )
        assert make_http_call(what, resolve=names(two_example=["::1", HERE])).body == b"second"


BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a wrong chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_no_http_is_told_so(said: bytes) -> None:
    with serving(lambda sock, _: sock.sendall(said)) as server:
        failed = refusal(to_here(server.url))
    assert (failed.code, failed.retry) == ("broken_answer", True)


# -- TLS --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `tls.example` that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tls.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("tls.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "tls.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Server]:
    """A server that speaks TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(answering(b"secure"), context=context) as server:
        yield server


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The company trusts that certificate, as it would: by the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    caller._trusted_certificates.cache_clear()
    yield
    caller._trusted_certificates.cache_clear()


def by_name(name: str, server: Server, **changes: Any) -> HttpCall:
    """A call to the secure server by one of its names."""
    return a_call(
        f"https://{name}:{server.port}/", allowed_hosts=frozenset({name, HERE}), **changes
    )


KNOWN = names(tls_example=HERE, other_example=HERE)


def test_a_certificate_that_nobody_signed_is_refused(secure: Server) -> None:
    failed = refusal(by_name("tls.example", secure, headers={"X": SECRET}), resolve=KNOWN)
    assert (failed.code, failed.retry) == ("tls_failed", False)
    assert "self-signed" in failed.message
    assert secure.heard == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_the_company_trusts_is_taken(secure: Server) -> None:
    assert make_http_call(by_name("tls.example", secure), resolve=KNOWN).body == b"secure"


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(secure: Server) -> None:
    for name in ("other.example", HERE):
        failed = refusal(by_name(name, secure), resolve=KNOWN)
        assert (failed.code, failed.retry) == ("tls_failed", False)
    assert secure.heard == []


def test_a_server_without_tls_is_told_so() -> None:
    with serving(answering()) as server:
        failed = refusal(by_name("tls.example", server, timeout=3.0), resolve=KNOWN)
    assert failed.code == "tls_failed"


def test_a_handshake_that_never_ends_ends() -> None:
    with socket.create_server((HERE, 0)) as listener:
        server = Server(listener.getsockname()[1])
        failed = refusal(by_name("tls.example", server, timeout=0.5), resolve=KNOWN)
    assert failed.code == "timed_out"


# -- redirects --------------------------------------------------------------------------------

TOLD = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Cookie": SECRET, "Accept": "a/b"}


def once_elsewhere(to: str, status: str = "302 Found") -> Any:
    """Redirects `/`, and answers anything else."""

    def behave(sock: socket.socket, head: bytes) -> None:
        first = head.split()[1] == b"/"
        (redirecting(to, status=status) if first else answering(b"there"))(sock, head)

    return behave


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_a_redirect_on_the_same_host_is_followed_with_its_headers(method: str, status: str) -> None:
    with serving(once_elsewhere("there?x=1", status)) as server:
        assert make_http_call(to_here(server.url, method=method, headers=TOLD)).status == 200
    assert server.heard[1].startswith(f"{method} /there?x=1 ".encode())
    assert f"Authorization: Bearer {SECRET}".encode() in server.heard[1]


def test_another_host_is_told_no_secret() -> None:
    with (
        serving(answering(b"other")) as other,
        serving(redirecting(f"http://localhost:{other.port}/")) as server,
    ):
        what = to_here(server.url, headers=TOLD, allowed_hosts=frozenset({HERE, "localhost"}))
        assert make_http_call(what).body == b"other"
    assert SECRET.encode() in server.heard[0]
    assert SECRET.encode() not in other.heard[0]
    assert b"Accept: a/b" in other.heard[0]


def test_another_port_of_the_host_is_told_no_secret() -> None:
    with serving(answering()) as other, serving(redirecting(other.url)) as server:
        make_http_call(to_here(server.url, headers=TOLD))
    assert SECRET.encode() not in other.heard[0]


@pytest.mark.usefixtures("trusted")
def test_a_way_back_without_tls_is_told_no_secret(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with (
        serving(answering()) as plain,
        serving(redirecting(f"http://tls.example:{plain.port}/"), context=context) as server,
    ):
        make_http_call(by_name("tls.example", server, headers=TOLD), resolve=KNOWN)
    assert SECRET.encode() not in plain.heard[0]


def test_a_host_does_not_get_back_what_was_dropped() -> None:
    with (
        serving(answering()) as last,
        serving(redirecting(f"http://localhost:{last.port}/back")) as middle,
        serving(redirecting(f"http://localhost:{middle.port}/")) as first,
    ):
        both = frozenset({HERE, "localhost"})
        make_http_call(to_here(first.url, headers=TOLD, allowed_hosts=both))
    assert SECRET.encode() not in last.heard[0]


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    with serving(redirecting("/again")) as server:
        failed = refusal(to_here(server.url))
    assert (failed.code, failed.retry) == ("too_many_redirects", False)
    assert len(server.heard) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_not_sent_elsewhere(method: str) -> None:
    with serving(redirecting("/there", status="308 Moved")) as server:
        failed = refusal(to_here(server.url, method=method))
    assert (failed.code, failed.status, failed.retry) == ("redirected", 308, False)
    assert failed.answer == b"over there"
    assert len(server.heard) == 1


def test_a_body_is_not_sent_elsewhere() -> None:
    with serving(redirecting("/there")) as server:
        assert refusal(to_here(server.url, body=b"{}")).code == "redirected"
    assert len(server.heard) == 1


@pytest.mark.parametrize("to", ["ftp://example.com/", "http://a:b@example.com/", "http://[zz]/"])
def test_a_redirect_to_no_address_is_refused(to: str) -> None:
    with serving(redirecting(to)) as server:
        assert refusal(to_here(server.url)).code == "bad_address"


def test_a_redirect_that_says_no_place_is_an_answer() -> None:
    with serving(answering(b"choose", status="302 Found")) as server:
        assert make_http_call(to_here(server.url)).status == 302
