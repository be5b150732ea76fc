"""Hostile tests that look for a way out over the network. The host listens, and hears nothing."""

from pathlib import Path

import pytest

from tests.support.hostile import attack, listening, own_addresses
from tests.support.sandbox import engine  # noqa: F401  a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

REACH = """
import errno, socket
import pytest

UNREACHABLE = (errno.ENETUNREACH, errno.ECONNREFUSED)  # refused: by the container's own loopback
ADDRESSES = {addresses}


@pytest.mark.parametrize("address", ADDRESSES)
def test_tcp(address):
    with socket.socket() as out, pytest.raises(OSError) as raised:
        out.settimeout(5)
        out.connect((address, {tcp}))
    assert raised.value.errno in UNREACHABLE


@pytest.mark.parametrize("address", ADDRESSES)
def test_udp(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        if address.startswith("127."):
            out.sendto(b"hello", (address, {udp}))  # into its own loopback
        else:
            with pytest.raises(OSError) as raised:
                out.sendto(b"hello", (address, {udp}))
            assert raised.value.errno == errno.ENETUNREACH


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "192.0.2.1", "2001:db8::1"])
def test_metadata_service_and_the_world(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as out, pytest.raises(OSError) as raised:
        out.settimeout(5)
        out.connect((address, 80))
    assert raised.value.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL)


@pytest.mark.parametrize("name", ["example.org", "host.docker.internal", "gateway.docker.internal"])
def test_names(name):
    with pytest.raises(OSError):
        socket.getaddrinfo(name, 80)


def test_a_query_sent_by_hand():
    query = bytes.fromhex("000101000001000000000000076578616d706c65036f72670000010001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, pytest.raises(OSError):
        out.sendto(query, ("192.0.2.53", 53))


def test_an_abstract_socket_of_the_host():
    with socket.socket(socket.AF_UNIX) as out, pytest.raises(OSError) as raised:
        out.connect("\\0{abstract}")
    assert raised.value.errno == errno.ECONNREFUSED


@pytest.mark.parametrize("kind", [("AF_INET", "SOCK_RAW", 1), ("AF_PACKET", "SOCK_RAW", 768)])
def test_raw_packets(kind):
    family, type_, protocol = kind
    with pytest.raises(PermissionError):
        socket.socket(getattr(socket, family), getattr(socket, type_), protocol)


def test_no_interface_can_be_made():
    import fcntl, struct
    with socket.socket() as any_, pytest.raises(OSError):
        fcntl.ioctl(any_, 0x8914, struct.pack("16sH14x", b"eth0", 1))  # SIOCSIFFLAGS
"""


async def test_nothing_outside_can_be_reached(tmp_path: Path) -> None:
    with listening() as ear:
        code = REACH.format(addresses=own_addresses(), tcp=ear.tcp, udp=ear.udp, abstract=ear.abstract)
        receipt = await attack(tmp_path, code)

    wrong = [f"{case.name}: {case.message}" for case in receipt.cases or [] if case.outcome != "passed"]
    assert (receipt.verdict, wrong) == ("passed", []), receipt.output
    assert ear.heard == []


async def test_sockets_to_the_hypervisor(tmp_path: Path) -> None:
    code = """
        import socket
        def test_vsock():
            try:
                socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
            except OSError:
                return
            raise AssertionError("a socket to the hypervisor can be made")
    """
    receipt = await attack(tmp_path, code)

    if receipt.verdict == "failed":
        pytest.xfail("AF_VSOCK knows no network namespace, and this engine's seccomp profile lets it be")
    assert receipt.verdict == "passed"
