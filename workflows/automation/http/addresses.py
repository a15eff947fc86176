"""Where a call may go: addresses read strictly, and those inside the company refused.

An address that looks harmless can lead inside: odd ways to write 127.0.0.1, IPv4 inside IPv6, a
name whose DNS answer points there. So what is checked is never the text but the IP address that
is connected to.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.utils.translation import gettext, gettext_lazy

Address = IPv4Address | IPv6Address
Resolver = Callable[..., list[Any]]
"""Gives the addresses of a name, as `socket.getaddrinfo` does."""

PORTS: Final = {"http": 80, "https": 443}
LOOPBACK, LOOPBACK_V6 = "loopback_address", "loopback_address_v6"
LINK_LOCAL, PRIVATE, RESERVED = "link_local_address", "private_address", "reserved_address"

WHAT_IT_IS: Final = {
    LOOPBACK: gettext_lazy("this machine itself"),
    LOOPBACK_V6: gettext_lazy("this machine itself"),
    LINK_LOCAL: gettext_lazy("a link-local address, where machines keep their own credentials"),
    PRIVATE: gettext_lazy("an address inside the company's network"),
    RESERVED: gettext_lazy("an address that is no public host's"),
}

_LOOPBACK_4: Final = (ip_network("127.0.0.0/8"), ip_network("0.0.0.0/32"))
_LINK_LOCAL_4: Final = ip_network("169.254.0.0/16")
_PRIVATE_4: Final = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
# Stated here because `is_global` knows some of them only in later Pythons.
_RESERVED_4: Final = tuple(
    ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3")
)
_LOOPBACK_6: Final = (IPv6Address("::1"), IPv6Address("::"))
_LINK_LOCAL_6: Final = ip_network("fe80::/10")
_PRIVATE_6: Final = (ip_network("fc00::/7"), ip_network("fec0::/10"))
_PUBLIC_6: Final = ip_network("2000::/3")
_RESERVED_6: Final = tuple(ip_network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64: Final = ip_network("64:ff9b::/96")

_NOT_IN_AN_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(:[0-9]*)?")
# Servers take `..` out of a path, so a value of a request could lead to another call.
_CLIMBS: Final = re.compile(r"(^|/)(\.|%2e){1,2}(/|%2f|$)", re.IGNORECASE)
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


class BadAddress(ValueError):
    """The text is no address that can be called; the message says what to change."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One address to call, taken apart once, so that nothing reads its text a second way."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom credentials were given for."""
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        """The host as the `Host` header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address, to work out relative ones from it."""
        return f"{self.scheme}://{self.host_header}{self.path}"


def read_address(text: str, *, base: str = "") -> Target:
    """Take an http or https address apart. Raises BadAddress."""
    parts, port = _split_address(text, base)
    _require_plain_parts(parts, port)
    path = quote(parts.path or "/", safe="%/:@!$&'()*+,;=-._~[]", errors="replace")
    query = quote(parts.query, safe="%/?:@!$&'()*+,;=-._~[]", errors="replace")
    return Target(
        scheme=parts.scheme,
        host=_normalize_host(parts.hostname or ""),
        port=port or PORTS[parts.scheme],
        path=f"{path}?{query}" if query else path,
    )


def _split_address(text: str, base: str) -> tuple[SplitResult, int | None]:
    if _NOT_IN_AN_ADDRESS.search(text):
        raise BadAddress(
            gettext("An address has no spaces, line ends or backslashes; write %20 or %5C.")
        )
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        return parts, parts.port
    except ValueError:
        raise BadAddress(
            gettext("The address cannot be read; check its host and its port.")
        ) from None


def _require_plain_parts(parts: SplitResult, port: int | None) -> None:
    if parts.scheme not in PORTS:
        raise BadAddress(gettext("An address begins with https:// or http://."))
    if parts.username is not None or parts.password is not None:
        raise BadAddress(
            gettext(
                "An address holds no user name or password; choose how the connection signs in."
            )
        )
    if not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise BadAddress(gettext("The address cannot be read; check its host and its port."))
    if port == 0:
        raise BadAddress(gettext("There is no port 0; leave the port out or correct it."))
    if _CLIMBS.search(parts.path):
        raise BadAddress(gettext("The path climbs with '..' or '.'; write where it leads."))


def _normalize_host(text: str) -> str:
    """A host in one spelling: lower case, ASCII, without the dot that may end it."""
    if ":" in text and text.isascii():
        return text
    try:
        host = text.encode("idna").decode() if not text.isascii() else text
    except UnicodeError:
        host = ""
    host = host.lower().removesuffix(".")
    if not _HOST.fullmatch(host) or ".." in host:
        raise BadAddress(gettext("The address has no host that can be looked up; correct it."))
    return host


# -- which addresses are inside ---------------------------------------------------------------


def literal_address(host: str) -> Address | None:
    """The IP address that a host is written as, in any way the system would read (`127.1`,
    `0x7f000001`, `2130706433`); None for a name. Raises BadAddress."""
    if ":" in host:
        try:
            return IPv6Address(host.partition("%")[0])
        except ValueError:
            raise BadAddress(
                gettext("What is in [brackets] is no IPv6 address; correct it.")
            ) from None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def internal_address_code(address: Address) -> str | None:
    """The error code of an address that is not a public host's; None for one that is."""
    if isinstance(address, IPv4Address):
        return _internal_code_ipv4(address)
    mapped = address.ipv4_mapped
    if mapped is not None:
        code = _internal_code_ipv4(mapped)
        return LOOPBACK_V6 if code == LOOPBACK else code
    if address in _LOOPBACK_6:
        return LOOPBACK_V6
    if address in _LINK_LOCAL_6:
        return LINK_LOCAL
    if any(address in network for network in _PRIVATE_6):
        return PRIVATE
    wrapped = _embedded_ipv4(address)
    if wrapped is not None:
        return RESERVED if _internal_code_ipv4(wrapped) else None
    return None if _is_public_ipv6(address) else RESERVED


def _internal_code_ipv4(address: IPv4Address) -> str | None:
    if any(address in network for network in _LOOPBACK_4):
        return LOOPBACK
    if address in _LINK_LOCAL_4:
        return LINK_LOCAL
    if any(address in network for network in _PRIVATE_4):
        return PRIVATE
    reserved = any(address in network for network in _RESERVED_4) or not address.is_global
    return RESERVED if reserved else None


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway (NAT64, 6to4) would send this one on to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour


def _is_public_ipv6(address: IPv6Address) -> bool:
    reserved = any(address in network for network in _RESERVED_6)
    return address in _PUBLIC_6 and address.is_global and not reserved


def addresses_in(answer: list[Any]) -> list[Address]:
    """The IP addresses of a resolver's answer, each once, in its order."""
    texts = [str(row[4][0]).partition("%")[0] for row in answer]
    return [ip_address(text) for text in dict.fromkeys(texts)]
