import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_records.webhooks.addresses import AddressPolicy, is_public, resolved
from golden_records.webhooks.endpoints import Endpoint, InvalidEndpoint, checked_endpoint, parsed_endpoint
from golden_records.webhooks.posting import Poster
from tests.golden_records.webhooks.receiver import ALLOWED, Canary, canary, receiving, replies

NOWHERE = AddressPolicy()

INWARD = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "2130706433", "017700000001", "0x7f000001", "0x7f.1",  # noqa: S104  # written down, not bound
    "0177.0.0.1", "0x7f.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[fe80::1]", "[fe80::1%25lo]", "[fd00::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "10.0.0.1",
    "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "192.0.2.1", "203.0.113.7", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
]  # fmt: skip

ODD_URLS = [
    "http://user@127.0.0.1:{port}/", "https://example.com@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@example.com/",
    "https://example.com\\@127.0.0.1:{port}/", "https://127.0.0.1 :{port}/", "https://127.0.0.1\t:{port}/",
    "https://127.0.0.1:{port}\r\nHost: example.com", "https://①②⑦.⓪.⓪.①:{port}/", "https://127。0。0。1:{port}/",
    "https://127.0.0.1%00.example.com:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/", "unix:///var/run/docker.sock", "//127.0.0.1:{port}/", "127.0.0.1:{port}", "https:///path", "https://",
    "https://127.0.0.1:99999/", "https://[::1", "javascript:alert(1)", "",
]  # fmt: skip


@pytest.fixture(scope="module")
def bird() -> Iterator[Canary]:
    with canary() as listening:
        yield listening


def _try(endpoint: Endpoint, policy: AddressPolicy = NOWHERE) -> str:
    with Poster(endpoint, policy, seconds=5.0) as poster:
        return poster.post(b"{}", {}).problem


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", INWARD)
def test_no_way_to_write_an_address_leads_inward(bird: Canary, scheme: str, host: str) -> None:
    url = f"{scheme}://{host}:{bird.port}/"
    try:
        endpoint = parsed_endpoint(url)
    except InvalidEndpoint:
        return
    if _knows(endpoint):
        with pytest.raises(InvalidEndpoint):
            checked_endpoint(url, NOWHERE)
    # Also where a subscription was written before the name led inward.
    assert _try(endpoint) in {"address_refused", "name_unknown"}
    assert bird.calls == []


def _knows(endpoint: Endpoint) -> bool:
    try:
        return bool(resolved(endpoint.host, endpoint.port))
    except OSError:
        return False


@pytest.mark.parametrize("form", ODD_URLS)
def test_odd_urls_are_refused_before_anything_is_looked_up(bird: Canary, form: str) -> None:
    with pytest.raises(InvalidEndpoint):
        parsed_endpoint(form.format(port=bird.port))
    assert bird.calls == []


def test_the_canary_does_sing_where_it_is_called(bird: Canary) -> None:
    calls: list[object] = []
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, bird.port)) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
    calls, bird.calls[:] = list(bird.calls), []
    assert len(calls) == 2


def test_a_name_that_answers_public_first_and_inward_later_is_not_followed(bird: Canary) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])
    endpoint = checked_endpoint(f"https://rebinding.example:{bird.port}/", NOWHERE, resolve=lambda *_: next(answers))
    with Poster(endpoint, NOWHERE, resolve=lambda *_: next(answers)) as poster:
        assert poster.post(b"{}", {}).problem == "address_refused"
    assert bird.calls == []


def test_what_was_checked_is_what_is_connected_to(bird: Canary) -> None:
    policy = AddressPolicy(allowed=(ip_network(f"{ALLOWED}/32"),))
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return [ALLOWED] if len(asked) == 1 else ["127.0.0.1"]

    with receiving() as receiver:
        endpoint = parsed_endpoint(f"http://rebinding.example:{receiver.port}/")
        with Poster(endpoint, policy, resolve=rebinding) as poster:
            assert [poster.post(b"{}", {}).status for _ in range(3)] == [204] * 3
    assert asked == ["rebinding.example"]
    assert bird.calls == []


def test_of_several_addresses_those_inside_are_left_out() -> None:
    policy = AddressPolicy(allowed=(ip_network(f"{ALLOWED}/32"),))
    with receiving() as receiver:
        endpoint = parsed_endpoint(f"http://mixed.example:{receiver.port}/")
        with Poster(endpoint, policy, resolve=lambda *_: ["127.0.0.1", "::1", ALLOWED]) as poster:
            assert poster.post(b"{}", {}).status == 204


def test_no_redirect_leads_inward(bird: Canary) -> None:
    policy = AddressPolicy(allowed=(ip_network(f"{ALLOWED}/32"),))
    with receiving() as receiver:
        receiver.reply = replies(302, Location=f"http://127.0.0.1:{bird.port}/")
        with Poster(parsed_endpoint(receiver.url), policy) as poster:
            assert poster.post(b"{}", {}).status == 302
    assert bird.calls == []


def test_an_internal_network_is_called_where_the_operator_allows_it_and_only_there() -> None:
    policy = AddressPolicy(allowed=(ip_network("10.20.0.0/16"), ip_network("fd12::/16")))
    assert policy.permits("10.20.3.4", encrypted=True)
    assert policy.permits("10.20.3.4", encrypted=False)
    assert policy.permits("::ffff:10.20.3.4", encrypted=True)
    assert policy.permits("fd12::1", encrypted=True)
    assert not policy.permits("10.21.3.4", encrypted=True)
    assert not policy.permits("fd13::1", encrypted=True)


def test_to_the_public_internet_nothing_goes_in_clear_text() -> None:
    assert NOWHERE.permits("93.184.215.14", encrypted=True)
    assert NOWHERE.permits("2606:2800:21f:cb07:6820:80da:af6b:8b2c", encrypted=True)
    assert not NOWHERE.permits("93.184.215.14", encrypted=False)
    with pytest.raises(InvalidEndpoint, match="without TLS"):
        checked_endpoint("http://crm.example/", NOWHERE, resolve=lambda *_: ["93.184.215.14"])


def test_a_name_that_nobody_knows_yet_may_be_written_down() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError(host, port)

    assert checked_endpoint("https://soon.example/in", NOWHERE, resolve=unknown).host == "soon.example"


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_does_not_hold_for_global(address: object) -> None:
    found = ip_address(str(address))
    if is_public(found):
        assert found.is_global or str(found).startswith("64:ff9b")
        assert not found.is_multicast
        assert not found.is_private
