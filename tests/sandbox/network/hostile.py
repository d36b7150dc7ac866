"""Requests that no proxy should serve, with the name of an allowed host and its port in them, and what they are."""

from __future__ import annotations

GET = b"GET http://%s/ HTTP/1.1\r\nHost: good.test\r\n\r\n"
CONNECT = b"CONNECT %s HTTP/1.1\r\nHost: good.test\r\n\r\n"


def names(port: int) -> dict[str, bytes]:
    """Ways to write a host that is on no list, or that could be taken for one that is."""
    at = f":{port}".encode()
    return {
        "another host": b"bad.test" + at,
        "another port": b"good.test:1",
        "no port": b"good.test",
        "an empty port": b"good.test:",
        "a port with a sign": b"good.test:+" + at[1:],
        "a port with zeros": b"good.test:0" + at[1:],
        "a port out of range": b"good.test:65536",
        "a subdomain": b"sub.good.test" + at,
        "a longer name": b"good.test.bad.test" + at,
        "a longer beginning": b"notgood.test" + at,
        "two dots at the end": b"good.test.." + at,
        "a dot at the beginning": b".good.test" + at,
        "a NUL": b"good.test\0.bad.test" + at,
        "a NUL at the end": b"good.test\0" + at,
        "an escaped NUL": b"good.test%00.bad.test" + at,
        "a line's end": b"good.test\r\nX: y" + at,
        "a bare line's end": b"good.test\nX: y" + at,
        "an escaped line's end": b"good.test%0d%0a" + at,
        "a space": b"good.test .bad.test" + at,
        "a tab": b"good.test\t" + at,
        "an escaped dot": b"good%2etest" + at,
        "a user": b"good.test" + at + b"@bad.test" + at,
        "a user's way": b"bad.test@good.test" + at,
        "letters beyond ASCII": "g\u00f6od.test".encode() + at,
        "a letter that becomes ASCII": "\u212aood.test".encode() + at,
        "a wide dot": "good\u3002test".encode() + at,
        "loopback": b"127.0.0.1" + at,
        "loopback as one number": b"2130706433" + at,
        "loopback in hexadecimal": b"0x7f.0.0.1" + at,
        "loopback as one hexadecimal": b"0x7f000001" + at,
        "loopback in octal": b"0177.0.0.1" + at,
        "loopback in two parts": b"127.1" + at,
        "loopback with a dot": b"127.0.0.1." + at,
        "loopback of IPv6": b"[::1]" + at,
        "loopback mapped": b"[::ffff:127.0.0.1]" + at,
        "IPv6 without brackets": b"::1" + at,
        "IPv6 with a zone": b"[fe80::1%eth0]" + at,
        "brackets about a name": b"[good.test]" + at,
        "an open bracket": b"[::1" + at,
        "this machine": b"localhost" + at,
        "nothing": b"",
        "the metadata address": b"169.254.169.254:80",
        "the engine's bridge": b"172.17.0.1" + at,
        "a wildcard": b"*.test" + at,
        "a path": b"good.test/bad.test" + at,
        "a backslash": b"bad.test\\@good.test" + at,
        "a fragment": b"bad.test#good.test" + at,
        "a question": b"bad.test?good.test" + at,
        "a comma": b"good.test,bad.test" + at,
        "two hosts": b"good.test:bad.test" + at,
        "a name too long": b"a." * 127 + b"good.test" + at,
        "a label too long": b"a" * 64 + b".good.test" + at,
    }


def whole(port: int) -> dict[str, bytes]:
    """Requests that are wrong in another way than by the host."""
    host = f"good.test:{port}".encode()
    good = b"http://" + host + b"/"
    lengths = b" HTTP/1.1\r\nHost: good.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    return {
        "no host": b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n",
        "a star": b"OPTIONS * HTTP/1.1\r\nHost: " + host + b"\r\n\r\n",
        "TLS by the proxy": b"GET https://" + host + b"/ HTTP/1.1\r\nHost: good.test\r\n\r\n",
        "another scheme": b"GET ftp://" + host + b"/ HTTP/1.1\r\nHost: good.test\r\n\r\n",
        "a CONNECT to a URL": CONNECT % good,
        "a GET of a host": b"GET " + host + b" HTTP/1.1\r\nHost: good.test\r\n\r\n",
        "a CONNECT with a body": b"CONNECT " + host + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "two lengths": b"POST " + good + lengths,
        "two lengths that differ": b"POST "
        + good
        + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "another coding": b"POST "
        + good
        + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "two hosts": b"GET " + good + b" HTTP/1.1\r\nHost: good.test\r\nHost: bad.test\r\n\r\n",
        "no HTTP": b"hello\r\n\r\n",
        "TLS": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a head without end": b"GET " + good + b" HTTP/1.1\r\nHost: good.test\r\nX: " + b"x" * 70_000,
        "a space before the colon": b"GET " + good + b" HTTP/1.1\r\nHost : good.test\r\n\r\n",
        "a NUL in a header": b"GET " + good + b" HTTP/1.1\r\nHost: good.test\r\nX: a\0b\r\n\r\n",
    }


def requests(port: int) -> dict[str, bytes]:
    """All of them by name: each host as a tunnel and as a URL, but for those that the one or the other makes good."""
    both = {f"CONNECT to {what}": CONNECT % name for what, name in names(port).items()}
    plain = {f"GET from {what}": GET % name for what, name in names(port).items() if what != "a path"}
    return {**both, **plain, **whole(port)}
