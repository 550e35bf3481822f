from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from kennel.vision.errors import LinkError
from kennel.vision.links import LinkFetcher, Rules
from tests.vision.servers import answer, serving


def fetcher(**changes: Any) -> LinkFetcher:
    """One that may ask this machine."""
    return LinkFetcher(Rules(**{"is_allowed": lambda address: True, **changes}))


def static(reply: bytes) -> Callable[[str, socket.socket], None]:
    return lambda target, client: client.sendall(reply)


def test_a_picture_is_fetched():
    with serving(static(answer(b"jpeg bytes"))) as url:
        assert fetcher().fetch(f"{url}/dog.jpg?size=2") == b"jpeg bytes"


@pytest.mark.parametrize(
    "link",
    [
        *("file:///etc/passwd", "ftp://a/b", "gopher://a", "http://", "dog.jpg", "http://a:0/b"),
        *("http://me:secret@a/b", "http://a/b c", "http://a/\r\nX: y", "http://a:99999/"),
        *("http://[::1", "//a/b", "javascript:alert(1)", ""),
    ],
)
def test_what_is_no_web_link_is_refused(link):
    with pytest.raises(LinkError):
        fetcher().fetch(link)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[::1]"),
        *("[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "[fe80::1]"),
        *("[64:ff9b::a00:1]", "100.64.0.1"),
    ],
)
def test_inner_addresses_are_refused_however_they_are_written(host):
    with pytest.raises(LinkError, match=r"not one of the public internet|can't be found"):
        LinkFetcher(Rules()).fetch(f"http://{host}:9/x")


def test_the_address_that_is_connected_to_is_the_one_that_was_checked(monkeypatch):
    """A name that resolves to something else the second time gets no second time."""
    with serving(static(answer(b"secret"))) as url:
        port = int(url.rpartition(":")[2])
        answers = itertools.chain(["93.184.216.34"], itertools.repeat("127.0.0.1"))

        def rebinding(host: str, port: int, **_: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (next(answers), port))]

        asked: list[Any] = []

        def connect(_: socket.socket, address: Any) -> None:
            asked.append(address)
            raise ConnectionRefusedError("nobody there")

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(socket.socket, "connect", connect)
        with pytest.raises(LinkError, match="can't be reached"):
            LinkFetcher(Rules()).fetch(f"http://rebind.example:{port}/x")
        assert asked == [("93.184.216.34", port)]


def test_every_redirect_is_checked():
    def only_first(address: str) -> bool:
        return next(answers)

    for target in ("http://127.0.0.1:1/x", "/other", "file:///etc/passwd", "//[::1]/x"):
        answers = itertools.chain([True], itertools.repeat(False))
        with (
            serving(static(answer(b"", status="302 Found", Location=target))) as url,
            pytest.raises(LinkError, match="refused"),
        ):
            fetcher(is_allowed=only_first).fetch(f"{url}/a")


def test_redirects_are_followed_so_far():
    def respond(target: str, client: socket.socket) -> None:
        step = int(target.strip("/"))
        reply = answer(b"", status="302 Found", Location=f"/{step - 1}") if step else answer(b"end")
        client.sendall(reply)

    with serving(respond) as url:
        assert fetcher().fetch(f"{url}/3") == b"end"
        with pytest.raises(LinkError, match="more than 3 times"):
            fetcher().fetch(f"{url}/4")


def test_too_much_is_not_read_whether_it_was_announced_or_not():
    def endless(target: str, client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        while True:
            client.sendall(b"x" * 65536)

    for respond in (endless, static(answer(b"x" * 200_000))):
        with (
            serving(respond) as url,
            pytest.raises(LinkError, match="larger than the 100,000 bytes"),
        ):
            fetcher(max_bytes=100_000).fetch(url)


def test_a_server_that_is_slow_in_any_way_is_left_in_time():
    done = threading.Event()

    def silent(target: str, client: socket.socket) -> None:
        done.wait(30)

    def dripping(target: str, client: socket.socket) -> None:
        client.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 9999\r\n\r\n"
        )
        while not done.wait(0.02):
            client.sendall(b"x")

    def dripping_head(target: str, client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not done.wait(0.02):
            client.sendall(b"x")

    try:
        for respond in (silent, dripping, dripping_head):
            with serving(respond) as url, pytest.raises(LinkError, match=r"within 0\.3 seconds"):
                fetcher(seconds=0.3).fetch(url)
    finally:
        done.set()


def test_a_page_is_no_picture_and_an_error_is_told():
    with (
        serving(static(answer(b"<html>", "text/html; charset=utf-8"))) as url,
        pytest.raises(LinkError, match="is text/html, not a picture"),
    ):
        fetcher().fetch(url)
    with (
        serving(static(answer(b"", status="403 Forbidden"))) as url,
        pytest.raises(LinkError, match="answered 403 Forbidden"),
    ):
        fetcher().fetch(url)


def test_a_file_whose_type_nobody_set_is_taken():
    with serving(static(answer(b"x", "binary/octet-stream"))) as url:
        assert fetcher().fetch(url) == b"x"


def test_a_body_that_breaks_off_is_not_taken_for_a_picture():
    short = answer(b"x" * 1000)[:-10]
    with serving(static(short)) as url, pytest.raises(LinkError, match=r"broke off|can't be"):
        fetcher().fetch(url)


def test_the_planes_own_s3_may_be_linked_to():
    with serving(static(answer(b"object"))) as url:
        own = LinkFetcher(Rules.of({"AWS_ENDPOINT_URL": url}))
        scope = "AKIA%2F20260101%2Fus-east-1%2F"
        signed = f"X-Amz-Credential={scope}s3%2Faws4_request&X-Amz-Signature=0"
        assert own.fetch(f"{url}/my-bucket/a/dog.jpg?{signed}") == b"object"
        assert own.fetch(f"{url}/my-bucket/dog.jpg") == b"object"


def test_nothing_else_of_the_plane_may_be_asked():
    with serving(static(answer(b"secret"))) as url:
        own = LinkFetcher(Rules.of({"AWS_ENDPOINT_URL": url}))
        port = int(url.rpartition(":")[2])
        for target in (
            f"{url}/_kennel/status",
            f"{url}/2015-03-31/functions/f",
            f"{url}/",
            f"{url}/bucket",
            f"{url}/bucket/",
            f"{url}/my-bucket/k?X-Amz-Credential=A%2F2%2Fr%2Fsts%2Faws4_request",
            f"http://127.0.0.1:{port + 1}/my-bucket/dog.jpg",
            f"https://127.0.0.1:{port}/my-bucket/dog.jpg",
        ):
            with pytest.raises(LinkError, match="not one of the public internet"):
                own.fetch(target)


def test_no_redirect_leads_to_the_planes_s3():
    with serving(static(answer(b"secret"))) as inside:
        away = static(answer(b"", status="302 Found", Location=f"{inside}/my-bucket/x"))
        with serving(away) as outside:
            port = outside.rpartition(":")[2]
            rules = Rules(endpoint=inside, is_allowed=lambda address: next(answers))
            answers = iter([True, False])
            with pytest.raises(LinkError, match="not one of the public internet"):
                LinkFetcher(rules).fetch(f"http://127.0.0.1:{port}/a")


def test_an_object_that_can_not_be_read_is_told(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAX")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with serving(static(answer(b"", status="404 Not Found"))) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(LinkError, match=r"s3://b/k can't be fetched: .*404"):
            fetcher().fetch("s3://b/k")
