"""Addresses to listen at, ``host:port``, ``[v6]:port``, several with commas; and whose they are."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Self

from django.core.exceptions import ImproperlyConfigured

WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - names them, binds nothing
BACKLOG = 1024
LOOPBACK = "loopback"


class BadAddress(ImproperlyConfigured):
    """It is not the address of a door; says which, and how one looks."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a door may be. An empty host is every interface."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadAddress."""
        host, colon, port = text.strip().rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        right = colon and port.isascii() and port.isdecimal() and int(port) < 65_536
        if not right or (":" in bare and bare == host) or "[" in bare or "]" in bare:
            raise BadAddress(f"{text.strip()!r} is no address such as 127.0.0.1:5222, [::1]:5222.")
        return cls(bare, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def as_seen_by(self, domain: str) -> str:
        """The same for who connects to it: nobody connects to a wildcard."""
        return f"{domain}:{self.port}" if self.host in WILDCARDS else str(self)


def read_addresses(text: str) -> list[Address]:
    """All of a setting, none for an empty one. Raises BadAddress."""
    return [Address.parse(part) for part in text.split(",") if part.strip()]


def listen(text: str) -> list[socket.socket]:
    """Sockets for all addresses of a setting. Raises OSError, which says where, or BadAddress.

    ``[::]`` is IPv6 only: with ``0.0.0.0`` beside it both are served, on every system alike.
    """
    opened: list[socket.socket] = []
    try:
        for address in read_addresses(text):
            opened += _bind(address)
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _bind(address: Address) -> list[socket.socket]:
    try:
        found = socket.getaddrinfo(
            address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        places = dict.fromkeys((family, place) for family, _, _, _, place in found)
        return [_open(family, place) for family, place in places]
    except OSError as error:
        raise OSError(error.errno, f"{address}: {error.strerror or error}") from error


def _open(family: int, place: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    except OSError:
        listener.close()
        raise
    return listener


def name_of(listener: socket.socket) -> str:
    """Where it listens, as ``host:port``."""
    host, port = listener.getsockname()[:2]
    return str(Address(host, port))


def network_of(address: str) -> str:
    """What counts as one address: whoever has an IPv6 address has its whole network (/64).

    LOOPBACK for all addresses of this machine alone.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return LOOPBACK
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))
