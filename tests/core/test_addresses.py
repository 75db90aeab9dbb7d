"""Where doors listen: one address or several, IPv4 and IPv6, and what is said of a wrong one."""

import pytest

from chatops.core.addresses import Address, BadAddress, listen, name_of, read_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("127.0.0.1:5222", [Address("127.0.0.1", 5222)]),
        ("[::1]:5222", [Address("::1", 5222)]),
        ("0.0.0.0:5222, [::]:5223", [Address("0.0.0.0", 5222), Address("::", 5223)]),  # noqa: S104
        ("chat.example.org:80,", [Address("chat.example.org", 80)]),
        (":5222", [Address("", 5222)]),
    ],
)
def test_a_setting_names_any_number_of_addresses(text: str, found: list[Address]) -> None:
    assert read_addresses(text) == found


@pytest.mark.parametrize(
    "text", ["5222", "::1:5222", "[::1]", "host:", "host:65536", "[::1:1", "a:²"]
)
def test_a_wrong_address_is_named(text: str) -> None:
    with pytest.raises(BadAddress, match="is no address"):
        read_addresses(f"127.0.0.1:1,{text}")


def test_who_listens_everywhere_is_told_by_the_domain() -> None:
    seen = [
        each.as_seen_by("example.org") for each in read_addresses("0.0.0.0:80,[::]:81,[::1]:82")
    ]
    assert seen == ["example.org:80", "example.org:81", "[::1]:82"]


def test_both_wildcards_can_have_the_same_port() -> None:
    first = listen("0.0.0.0:0")
    port = first[0].getsockname()[1]
    second = listen(f"[::]:{port}")
    assert [name_of(each) for each in (*first, *second)] == [f"0.0.0.0:{port}", f"[::]:{port}"]
    for each in (*first, *second):
        each.close()


def test_an_address_in_use_is_named_and_nothing_stays_open() -> None:
    taken = listen("127.0.0.1:0")
    port = taken[0].getsockname()[1]
    with pytest.raises(OSError, match=f"127.0.0.1:{port}"):
        listen(f"127.0.0.2:{port},127.0.0.1:{port}")
    for each in (*taken, *listen(f"127.0.0.2:{port}")):
        each.close()
