"""Where webhooks may go: never to an address of our own network, whatever the name says.

The address is checked that is connected to, so a name that means something else a moment later gains nothing. Refused
is what IANA's special-purpose registries call not globally reachable, multicast, and the metadata servers of clouds; an
IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as itself.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult

from anclora.kit.errors import SetupError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry
_REFUSED_V4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "shared by a carrier",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.0.2.0/24"): "for documents",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "for benchmarks",
    IPv4Network("198.51.100.0/24"): "for documents",
    IPv4Network("203.0.113.0/24"): "for documents",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
    IPv4Network("168.63.129.16/32"): "the metadata server of a cloud",
}
_REFUSED_V6 = {
    IPv6Network("::/128"): "unspecified",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("fc00::/7"): "private",
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("ff00::/8"): "multicast",
    IPv6Network("2001::/23"): "reserved",
    IPv6Network("2001:db8::/32"): "for documents",
    IPv6Network("3fff::/20"): "for documents",
}
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class RefusedAddressError(OSError):
    """The endpoint is at an address webhooks must not go to."""


def networks(text: str) -> tuple[Network, ...]:
    """The networks of `ANCLORA_HOOKS_ALLOW`, separated by commas.

    Raises:
        SetupError: one of them is none.
    """
    try:
        return tuple(ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise SetupError(f"ANCLORA_HOOKS_ALLOW: {error}. Write networks like 127.0.0.0/8,10.20.0.0/16.") from error


def why_refused(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Why nothing may go to an address, or None."""
    address = _inner(address)
    if any(address in network for network in allowed if network.version == address.version):
        return None
    if isinstance(address, IPv4Address):
        return next((why for network, why in _REFUSED_V4.items() if address in network), None)
    why = next((why for network, why in _REFUSED_V6.items() if address in network), None)
    return why or (None if address in _GLOBAL_V6 else "reserved")


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where that is what is reached in the end."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return IPv4Address(address.packed[-4:])
    return address


def check_literal(host: str, allowed: Sequence[Network]) -> None:
    """Refuse a host that is an address; a name is left to the resolver.

    Raises:
        RefusedAddressError: with the reason.
    """
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return
    _check(address, host, allowed)


class CheckedResolver(AbstractResolver):
    """Resolves names and refuses them when one of their addresses is refused: no connection is tried then.

    Args:
        inner: the resolver asked.
        allowed: networks that are open all the same.
    """

    def __init__(self, inner: AbstractResolver, allowed: Sequence[Network]) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Its addresses, each of them checked; the connection goes to just these. Raises `RefusedAddressError`."""
        found = await self._inner.resolve(host, port, family)
        for each in found:
            _check(ip_address(each["host"]), host, self._allowed)
        return found

    async def close(self) -> None:
        """Close the resolver asked."""
        await self._inner.close()


def _check(address: Address, host: str, allowed: Sequence[Network]) -> None:
    why = why_refused(address, allowed)
    if why is not None:
        raise RefusedAddressError(
            f"{host} is at {address}, which is {why}. Open its network with ANCLORA_HOOKS_ALLOW if it is meant."
        )
