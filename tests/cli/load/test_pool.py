import asyncio
import ssl

import pytest

from kennel.cli.load.pool import Exchange, Pool
from kennel.gateway.capture.certificates import Signer, make_authority
from tests.cli.load.servers import CLOSE, OK_REPLY, STAY_SILENT, Scripted, scripted

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


def exchanges(
    *replies, count=1, timeout=30.0, most=10, tls=None
) -> tuple[list[Exchange], Scripted]:
    async def run() -> tuple[list[Exchange], Scripted]:
        async with scripted(*replies, tls=tls) as server:
            pool = Pool(server.url, timeout, most)
            done = [await pool.send(lambda: REQUEST) for _ in range(count)]
            pool.close()
            return done, server

    return asyncio.run(run())


def codes(done: list[Exchange]) -> list[str]:
    return [exchange.outcome.code for exchange in done]


def test_requests_share_a_connection():
    done, server = exchanges(count=5)
    assert codes(done) == ["ok"] * 5
    assert server.connections == 1
    assert all(exchange.ended >= exchange.sent for exchange in done)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK_REPLY,
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_reply_of_any_form_is_read_to_its_end(reply):
    done, server = exchanges(reply, count=2)
    assert codes(done) == ["ok", "ok"]
    assert server.connections == 1


def test_a_connection_that_the_server_means_to_close_is_not_used_again():
    reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    done, server = exchanges(reply, count=2)
    assert codes(done) == ["ok", "ok"]
    assert server.connections == 2


def test_an_idle_connection_that_was_closed_costs_no_request():
    done, server = exchanges(OK_REPLY, CLOSE, count=2)
    assert codes(done) == ["ok", "ok"]
    assert server.connections == 2


def test_a_fresh_connection_that_is_closed_fails_the_request():
    done, server = exchanges(CLOSE)
    assert codes(done) == ["ConnectionError"]
    assert len(server.requests) == 1


def test_half_a_reply_is_a_failure_and_is_not_asked_for_again():
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"

    async def run():
        async with scripted(OK_REPLY, half) as server:
            pool = Pool(server.url, 30.0, 10)
            await pool.send(lambda: REQUEST)
            sending = asyncio.create_task(pool.send(lambda: REQUEST))
            while len(server.requests) < 2:
                await asyncio.sleep(0)
            await asyncio.sleep(0.02)  # the half is on its way
            server.end()
            return await sending, server

    exchange, server = asyncio.run(run())
    assert exchange.outcome.code == "ConnectionError"
    assert len(server.requests) == 2


def test_what_is_not_http_fails_the_request():
    assert codes(exchanges(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")[0]) == ["ConnectionError"]


def test_a_silent_server_times_out():
    done, _ = exchanges(STAY_SILENT, timeout=0.05)
    assert codes(done) == ["Timeout"]
    assert done[0].outcome.message == "No answer within 0.05 s."


def test_no_server_fails_the_request():
    async def run():
        async with scripted() as server:
            url = server.url
        return await Pool(url, 30.0, 10).send(lambda: REQUEST)

    assert asyncio.run(run()).outcome.code == "ConnectionError"


def test_requests_beyond_the_limit_of_connections_wait_for_their_turn():
    async def run():
        async with scripted() as server:
            pool = Pool(server.url, 30.0, 2)
            done = await asyncio.gather(*(pool.send(lambda: REQUEST) for _ in range(20)))
            pool.close()
            return done, server.connections

    done, connections = asyncio.run(run())
    assert codes(done) == ["ok"] * 20
    assert connections <= 2


def test_a_request_that_is_given_up_while_it_waits_leaves_its_turn_to_others():
    async def run():
        async with scripted(STAY_SILENT) as server:
            pool = Pool(server.url, 30.0, 1)
            first = asyncio.create_task(pool.send(lambda: REQUEST))
            waiting = asyncio.create_task(pool.send(lambda: REQUEST))
            last = asyncio.create_task(pool.send(lambda: REQUEST))
            while not server.requests:
                await asyncio.sleep(0)
            waiting.cancel()
            first.cancel()
            exchange = await last
            pool.close()
            return exchange

    assert asyncio.run(run()).outcome.is_ok


def test_https_is_verified_against_the_bundle_that_clients_of_aws_use(tmp_path, monkeypatch):
    make_authority(tmp_path, ["localhost"])
    (tmp_path / "host.pem").write_bytes(Signer(tmp_path).host("localhost"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "host.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    done, server = exchanges(count=2, tls=tls)
    assert codes(done) == ["ok", "ok"]
    assert server.connections == 1
    monkeypatch.delenv("AWS_CA_BUNDLE")
    assert codes(exchanges(tls=tls)[0]) == ["ConnectionError"]
