"""The list of hosts: one form for each host, nothing else has one, and two lists allow what both do."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from orchestrator.plan.models import SandboxSettings
from policies.file import NetworkRules
from sandbox.network.addresses import METADATA, Reach, reach_of
from sandbox.network.allow_list import AllowList, Entry
from sandbox.network.hosts import HostRefused, address_of, canonical_host, joined, split_host

FEW_EXAMPLES = settings(max_examples=40)
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
FEW = st.sampled_from(["a", "b.a", "c.b.a", "d", "10.0.0.1", "10.0.0.2", "8.8.8.8", "[::1]", "[2606:4700::1]"])
PORTS = st.sampled_from([443, 80, 8443])


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A line of a list, of few hosts, so that two of them often meet."""
    host, port = draw(FEW), draw(PORTS)
    before = draw(st.sampled_from(["", "*."])) if host[0] in "abcd" else ""
    return f"{draw(st.sampled_from(['', 'private:']))}{before}{host}:{port}"


LISTS = st.lists(entries(), max_size=4).map(AllowList.of)


@FEW_EXAMPLES
@given(NAMES, st.randoms(use_true_random=False))
def test_a_name_has_one_form(name: str, random: object) -> None:
    """However it is written, it is the same; and that form is its own."""
    written = "".join(letter.upper() if random.random() < 0.5 else letter for letter in name)  # type: ignore[attr-defined]
    assert canonical_host(written) == canonical_host(f"{written}.") == name
    assert canonical_host(name) == name
    assert address_of(name) is None


@FEW_EXAMPLES
@given(st.ip_addresses())
def test_an_address_has_one_form(address: IPv4Address | IPv6Address) -> None:
    """That of its own, in which it is an address again."""
    text = joined(str(address), 443)
    for written in {text, text.upper()}:
        host, port = split_host(written)
        assert (host, port, address_of(host)) == (str(address), 443, address)


@FEW_EXAMPLES
@given(st.ip_addresses(v=4))
def test_other_ways_to_write_an_address_are_none(address: IPv4Address) -> None:
    """As one number, in hexadecimal or octal, with fewer parts: what some reader would take for the address."""
    parts = [int(part) for part in str(address).split(".")]
    number = int(address)
    others = {
        str(number),
        hex(number),
        ".".join(map(hex, parts)),
        ".".join(f"0{part:o}" for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        f"{address}.1",
        f"0{address}",
    }
    for written in others - {str(address)}:
        with pytest.raises(HostRefused):
            canonical_host(written)


@FEW_EXAMPLES
@given(st.text(max_size=30))
def test_whatever_has_a_form_is_plain(text: str) -> None:
    """Nothing but letters, digits, dashes, dots and colons is left, and it does not change any more."""
    try:
        host = canonical_host(text)
    except HostRefused:
        return
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.:")
    assert canonical_host(f"[{host}]" if ":" in host else host) == host


@pytest.mark.parametrize(
    "mark", ["\0", "\r", "\n", "\t", " ", "%", "/", "\\", "@", "#", "?", ",", "_", "\u212a", "\u3002", "\xad"]
)
def test_no_mark_is_passed_over(mark: str) -> None:
    """Not at the end, at the beginning or within: not what some would cut, strip, decode or fold away."""
    for written in (f"good{mark}.test", f"good.test{mark}", f"{mark}good.test", f"good.test{mark}.bad.test"):
        with pytest.raises(HostRefused):
            canonical_host(written)


@FEW_EXAMPLES
@given(LISTS, LISTS, FEW.map(lambda host: f"x.{host}" if host[0] in "abcd" else host) | FEW, PORTS)
def test_two_lists_allow_what_both_do(one: AllowList, two: AllowList, written: str, port: int) -> None:
    """No more and no less; and a private address only where both say so."""
    host = canonical_host(written)
    both, first, second = one.met(two).find(host, port), one.find(host, port), two.find(host, port)
    assert (both is not None) == (first is not None and second is not None)
    if both is not None and first is not None and second is not None:
        assert both.private == (first.private and second.private)


@FEW_EXAMPLES
@given(entries())
def test_an_entry_is_written_as_it_is_read(text: str) -> None:
    """What is shown of a list could be written in one."""
    assert Entry.of(str(Entry.of(text))) == Entry.of(text)


@pytest.mark.parametrize(
    ("text", "host", "allowed"),
    [
        ("example.org", "example.org:443", True),
        ("example.org", "example.org:80", False),
        ("example.org:80", "example.org:443", False),
        ("*.example.org", "a.example.org:443", True),
        ("*.example.org", "a.b.example.org:443", True),
        ("*.example.org", "example.org:443", False),
        ("*.example.org", "badexample.org:443", False),
        ("10.1.2.3:8443", "10.1.2.3:8443", True),
        ("[2606:4700:0::1]", "[2606:4700::1]:443", True),
    ],
)
def test_what_an_entry_means(text: str, host: str, allowed: bool) -> None:
    """The port is 443 where none is written; `*.` is what is below, not the name itself."""
    assert (AllowList.of([text]).find(*split_host(host)) is not None) is allowed


@pytest.mark.parametrize(
    "text",
    [
        *("169.254.169.254:80", "[fe80::1]:80", "0.0.0.0", "224.0.0.1", "255.255.255.255", "[::]", "[::ffff:10.0.0.1]"),
        *("168.63.129.16", "100.100.100.200", "[fd00:ec2::254]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "240.0.0.1"),
        *(
            "*.10.0.0.1",
            "2130706433",
            "0x7f.1",
            "127.1",
            "good.test:0",
            "good.test:65536",
            "good.test:x",
            "a..b",
            "*",
            "",
        ),
        *("private:", "*.*.a", "a.*.b", "good.test:80:80", "private:private:a", "*.private:a"),
    ],
)
def test_what_can_not_be_listed(text: str) -> None:
    """Addresses that are never reached, and what is no host: the plan is told so; a policy's allow nothing."""
    with pytest.raises(HostRefused):
        Entry.of(text)
    with pytest.raises(ValueError, match=r"host|address|port"):
        SandboxSettings(network=(text,))


@FEW_EXAMPLES
@given(st.text(alphabet="abx019.-:*[]", max_size=12) | entries())
def test_plan_and_policy_take_the_same(text: str) -> None:
    """What a plan takes for a host a policy takes, and the other way round but for what is never reached."""
    plan = taken(SandboxSettings, {"network": [text]})
    policy = taken(NetworkRules, {"allow": [text]})
    assert plan <= policy
    assert policy <= (plan or "no sandbox may reach" in why_not(text))


def taken(model: type[BaseModel], data: dict[str, list[str]]) -> bool:
    """Whether a file with it is loaded."""
    try:
        model.model_validate(data)
    except ValueError:
        return False
    return True


def why_not(text: str) -> str:
    """Why it is no entry."""
    try:
        Entry.of(text)
    except HostRefused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    ("addresses", "reach"),
    [
        (("8.8.8.8", "2606:4700::1111", "1.1.1.1"), Reach.PUBLIC),
        (
            ("10.0.0.1", "172.17.0.1", "192.168.0.1", "127.0.0.1", "127.255.0.1", "100.64.0.1", "::1", "fd12::1"),
            Reach.PRIVATE,
        ),
        (("0.0.0.0", "0.1.2.3", "169.254.1.1", "192.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"), Reach.NEVER),
        (("::", "fe80::1", "ff02::1", "fec0::1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808"), Reach.NEVER),
        (("2002:808:808::", "2001:0:808:808::", "64:ff9b:1::1", "2001:db8::1", "3fff::1", "192.0.2.1"), Reach.NEVER),
        (tuple(map(str, METADATA)), Reach.NEVER),
    ],
)
def test_how_far_an_address_may_be_reached(addresses: tuple[str, ...], reach: Reach) -> None:
    """Private ones are to be named, and those that are neither private nor plainly public are never reached."""
    assert {text: reach_of(ip_address(text)) for text in addresses} == dict.fromkeys(addresses, reach)


@FEW_EXAMPLES
@given(st.ip_addresses(v=6))
def test_no_address_hides_another(address: IPv6Address) -> None:
    """An IPv4 address within an IPv6 one is not reached by that way."""
    if address.ipv4_mapped or address.sixtofour or address.teredo:
        assert reach_of(address) is Reach.NEVER
