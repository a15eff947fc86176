"""Where a call may not go: the table of what is refused, each with its own error code."""

import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.automation.servers import (
    HERE,
    a_call,
    answering,
    names,
    redirecting,
    serving,
    to_here,
)
from workflows.automation.http.addresses import BadAddress, internal_address_code, read_address
from workflows.automation.http.client import CallFailed, HttpCall, make_http_call


def refusal(what: HttpCall, **more: Any) -> CallFailed:
    """The failure of a call, which must come."""
    with pytest.raises(CallFailed) as caught:
        make_http_call(what, **more)
    return caught.value


# -- addresses that are written out -----------------------------------------------------------

WRITTEN_OUT = [
    ("http://127.0.0.1", "loopback_address"),
    ("http://127.0.0.1:8000/x", "loopback_address"),
    ("http://127.1", "loopback_address"),
    ("http://127.255.255.254", "loopback_address"),
    ("http://2130706433", "loopback_address"),
    ("http://0x7f000001", "loopback_address"),
    ("http://0x7f.1", "loopback_address"),
    ("http://0177.0.0.1", "loopback_address"),
    ("http://017700000001", "loopback_address"),
    ("http://127.0.0.1.", "loopback_address"),
    ("http://0.0.0.0", "loopback_address"),
    ("http://0", "loopback_address"),
    ("http://１２７.０.０.１", "loopback_address"),
    ("http://127。0。0。1", "loopback_address"),
    ("http://[::1]", "loopback_address_v6"),
    ("https://[::1]:8443/", "loopback_address_v6"),
    ("http://[0:0:0:0:0:0:0:1]", "loopback_address_v6"),
    ("http://[::]", "loopback_address_v6"),
    ("http://[::ffff:127.0.0.1]", "loopback_address_v6"),
    ("http://[::ffff:7f00:1]", "loopback_address_v6"),
    ("http://169.254.169.254", "link_local_address"),
    ("http://169.254.169.254/latest/meta-data/", "link_local_address"),
    ("http://2852039166", "link_local_address"),
    ("http://0xa9fea9fe", "link_local_address"),
    ("http://0251.0376.0251.0376", "link_local_address"),
    ("http://[fe80::1]", "link_local_address"),
    ("http://[fe80::1%25eth0]", "link_local_address"),
    ("http://[::ffff:169.254.169.254]", "link_local_address"),
    ("http://10.0.0.1", "private_address"),
    ("http://10.1", "private_address"),
    ("http://172.16.0.1", "private_address"),
    ("http://172.31.255.255", "private_address"),
    ("http://192.168.1.1", "private_address"),
    ("http://100.64.0.1", "private_address"),
    ("http://100.127.255.255", "private_address"),
    ("http://[fc00::1]", "private_address"),
    ("http://[fd12:3456::1]", "private_address"),
    ("http://[fec0::1]", "private_address"),
    ("http://[::ffff:10.0.0.1]", "private_address"),
    ("http://0.1.2.3", "reserved_address"),
    ("http://192.0.0.8", "reserved_address"),
    ("http://192.0.0.170", "reserved_address"),
    ("http://192.0.2.1", "reserved_address"),
    ("http://198.51.100.1", "reserved_address"),
    ("http://203.0.113.1", "reserved_address"),
    ("http://198.18.0.1", "reserved_address"),
    ("http://192.88.99.1", "reserved_address"),
    ("http://224.0.0.1", "reserved_address"),
    ("http://239.255.255.250", "reserved_address"),
    ("http://240.0.0.1", "reserved_address"),
    ("http://255.255.255.255", "reserved_address"),
    ("http://[ff02::1]", "reserved_address"),
    ("http://[2001:db8::1]", "reserved_address"),
    ("http://[3fff::1]", "reserved_address"),
    ("http://[100::1]", "reserved_address"),
    ("http://[2001::7f00:1]", "reserved_address"),
    ("http://[::127.0.0.1]", "reserved_address"),
    ("http://[64:ff9b::127.0.0.1]", "reserved_address"),
    ("http://[64:ff9b::a00:1]", "reserved_address"),
    ("http://[64:ff9b::169.254.169.254]", "reserved_address"),
    ("http://[64:ff9b:1::1]", "reserved_address"),
    ("http://[2002:7f00:1::]", "reserved_address"),
    ("http://[2002:c0a8:101::1]", "reserved_address"),
]


@pytest.mark.parametrize(("url", "code"), WRITTEN_OUT)
def test_an_inside_address_is_refused_with_its_own_code(url: str, code: str) -> None:
    failed = refusal(a_call(url), resolve=names())
    assert failed.code == code
    assert not failed.retry
    assert failed.message.endswith("can allow that host.")


PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1"),
    *("192.167.0.1", "192.0.1.1", "126.0.0.1", "128.0.0.1", "223.255.255.255", "11.0.0.1"),
    *("2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    "2002:808:808::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_not_inside(text: str) -> None:
    assert internal_address_code(ip_address(text)) is None


@given(st.ip_addresses(v=4))
def test_no_address_that_is_not_global_is_let_through(address: Any) -> None:
    if not address.is_global or address.is_multicast:
        assert internal_address_code(address) is not None
        assert internal_address_code(ip_address(f"::ffff:{address}")) is not None
        assert internal_address_code(ip_address(f"64:ff9b::{address}")) is not None


@given(st.ip_addresses(v=6))
def test_no_v6_address_that_is_not_global_is_let_through(address: Any) -> None:
    if address.ipv4_mapped or address.sixtofour or address in ip_network("64:ff9b::/96"):
        return  # what they wrap decides
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert internal_address_code(address) is not None


# -- names ------------------------------------------------------------------------------------

LEADS_INSIDE: list[str | list[str]] = [
    *("169.254.169.254", "127.0.0.1", "10.0.0.1", "::1", "fe80::1", "fd00::1", "0.0.0.0"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    ["8.8.8.8", "169.254.169.254"],
    ["2606:4700:4700::1111", "8.8.8.8", "::1"],
]


@pytest.mark.parametrize("answer", LEADS_INSIDE, ids=str)
def test_a_name_with_any_inside_address_is_refused(answer: str | list[str]) -> None:
    failed = refusal(a_call("http://harmless.example/x"), resolve=names(harmless_example=answer))
    assert failed.code == "name_resolves_inside"
    assert not failed.retry
    assert "harmless.example" in failed.message


def test_localhost_is_looked_up_by_the_system_and_refused() -> None:
    assert refusal(a_call("http://localhost:1/")).code == "name_resolves_inside"


def test_a_second_dns_answer_changes_nothing() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        ip = "127.0.0.1" if len(asked) > 1 else "203.0.114.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    with serving(answering()) as server:
        failed = refusal(
            a_call(f"http://twofaced.example:{server.port}/", timeout=0.5), resolve=rebinding
        )
    assert asked == ["twofaced.example"]
    assert failed.code in ("timed_out", "cannot_connect")
    assert server.heard == []


def test_an_unknown_name_is_told_from_an_inside_one() -> None:
    failed = refusal(a_call("http://nowhere.example/"), resolve=names())
    assert (failed.code, failed.retry) == ("name_not_found", True)


# -- what the owner allowed -------------------------------------------------------------------


def test_an_allowed_host_may_be_inside() -> None:
    with serving(answering(b"hello")) as server:
        assert make_http_call(to_here(server.url)).body == b"hello"
        named = a_call(f"http://ERP.intern:{server.port}/", allowed_hosts=frozenset({"erp.intern"}))
        assert make_http_call(named, resolve=names(erp_intern=HERE)).body == b"hello"


def test_only_the_text_that_was_allowed_is_allowed() -> None:
    with serving(answering()) as server:
        for host, code in {
            "2130706433": "loopback_address",
            "127.1": "loopback_address",
            "127.0.0.2": "loopback_address",
            "[::1]": "loopback_address_v6",
            "localhost": "name_resolves_inside",
        }.items():
            assert refusal(to_here(f"http://{host}:{server.port}/")).code == code
    assert server.heard == []


def test_an_allowed_v6_host_may_be_written_with_or_without_brackets() -> None:
    for text in ("::1", "[::1]"):
        what = a_call("http://[::1]:9/", allowed_hosts=frozenset({text}), timeout=1.0)
        assert refusal(what).code == "cannot_connect"


# -- redirects --------------------------------------------------------------------------------

INSIDE_BY_REDIRECT = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://127.0.0.2/",
    "http://0x7f000002/",
    "//10.0.0.1/",
    "http://inner.example/",
    "https://192.168.0.1/",
]


@pytest.mark.parametrize("to", INSIDE_BY_REDIRECT)
def test_a_redirect_inside_is_refused_with_its_own_code(to: str) -> None:
    with serving(redirecting(to)) as server:
        failed = refusal(to_here(server.url), resolve=names(inner_example="169.254.169.254"))
        assert failed.code == "redirect_inside"
        assert not failed.retry
        assert len(server.heard) == 1


def test_a_redirect_of_a_redirect_inside_is_refused() -> None:
    with (
        serving(redirecting("http://169.254.169.254/")) as second,
        serving(redirecting(second.url)) as first,
    ):
        assert refusal(to_here(first.url)).code == "redirect_inside"
        assert len(second.heard) == 1


def test_a_post_that_is_redirected_inside_goes_nowhere() -> None:
    with serving(redirecting("http://169.254.169.254/", status="307 Moved")) as server:
        failed = refusal(to_here(server.url, method="POST", body=b"{}"))
        assert (failed.code, failed.status) == ("redirected", 307)


# -- too much ---------------------------------------------------------------------------------

GIGABYTE = 1_000_000_000


def flooding(head: str, part: bytes = b"x" * 65536) -> Callable[[socket.socket, bytes], None]:
    """Sends a gigabyte, as long as somebody takes it; notes on the function how much went."""

    def behave(sock: socket.socket, _: bytes) -> None:
        sock.sendall(head.encode())
        with suppress(OSError):
            while behave.sent < GIGABYTE:  # type: ignore[attr-defined]
                sock.sendall(part)
                behave.sent += len(part)  # type: ignore[attr-defined]

    behave.sent = 0  # type: ignore[attr-defined]
    return behave


LENGTHS = {
    "told": f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n",
    "untold": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    "compressed": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
    "a redirect": f"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: {GIGABYTE}\r\n\r\n",
}


@pytest.mark.parametrize("head", LENGTHS.values(), ids=LENGTHS)
def test_an_answer_of_a_gigabyte_is_cut(head: str) -> None:
    flood = flooding(head)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serving(flood) as server:
        failed = refusal(to_here(server.url, timeout=20.0))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (failed.code, failed.retry) == ("answer_too_large", False)
    assert failed.status in (200, 302)
    assert 0 < len(failed.answer) <= 4096
    assert flood.sent < 30_000_000  # type: ignore[attr-defined]
    assert grown < 50_000, f"the process grew by {grown} kB"


def test_a_gigabyte_in_chunks_is_cut() -> None:
    flood = flooding(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b"x" * 65536 + b"\r\n",
    )
    with serving(flood) as server:
        assert refusal(to_here(server.url, timeout=20.0)).code == "answer_too_large"
    assert flood.sent < 30_000_000  # type: ignore[attr-defined]


def test_a_head_without_end_is_cut() -> None:
    with serving(flooding("HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n")) as server:
        assert refusal(to_here(server.url, timeout=20.0)).code == "broken_answer"


def test_an_answer_as_long_as_allowed_is_taken_whole() -> None:
    with serving(answering(b"x" * 1000)) as server:
        assert len(make_http_call(to_here(server.url, max_bytes=1000)).body) == 1000
        assert refusal(to_here(server.url, max_bytes=999)).code == "answer_too_large"


# -- no address at all ------------------------------------------------------------------------

MALFORMED = [
    *("", "erp.example.com", "/orders", "ftp://example.com/", "file:///etc/passwd"),
    *("gopher://example.com/", "unix:///run/docker.sock", "javascript:alert(1)", "http://"),
    *("http:///path", "http://user:secret@example.com/", "http://user@example.com/"),
    *("http://example.com:0/", "http://example.com:99999/", "http://example.com:x/"),
    *("http://exa mple.com/", "http://example.com/a b", "http://example.com/\r\nX: y"),
    *("http://127.0.0.1\\@example.com/", "http://[::1", "http://[zz]/", "http://[::1].example/"),
    *("http://a..b/", "http://.example.com/", "http://-/", "http://exam%70le.com/"),
    *("http://example.com\t/", "http://\x00example.com/", "http://" + "a" * 300 + ".com/"),
    *("http://example.com/orders/..", "http://example.com/a/../b", "http://example.com/./a"),
    *("http://example.com/a/%2e%2E/b", "http://example.com/a/.%2e%2fb"),
    *("http://ex\u202eample.com/", "http://a\u2100b.com/"),
]


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_address_is_refused(url: str) -> None:
    failed = refusal(a_call(url), resolve=names())
    assert failed.code == "bad_address"
    assert not failed.retry
    assert "secret" not in str(failed)


def test_dots_within_a_name_are_no_climbing() -> None:
    for path in ("/v1.2/a..b", "/...", "/.well-known/x", "/a.", "/x?up=../y"):
        assert read_address("http://example.com" + path).path == path


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"http://{text}/", f"http://example.com/{text}"):
        with suppress(BadAddress):
            target = read_address(url)
            assert target.path.isascii()
            assert target.host.isascii()
            assert not set(target.path + target.host) & set(" \r\n\t\\")
