"""httpx over h2, which is HTTP/2 in Python.

client.py all <url> <ca.pem>           every case once; prints {case: "ok" or what went wrong}
client.py load <host:port> [ca.pem]    asks until its standard input ends; prints {"requestCount": n, "failed": {what: how often}}
"""

import asyncio
import json
import ssl
import sys
import threading
import traceback

import httpx

UNARY = "/grpc.testing.TestService/UnaryCall"
MIB = 1 << 20
AT_ONCE = 16
PLAIN = {"accept-encoding": "identity"}


async def ask(client, body, **how):
    answer = await client.post(UNARY, json=body, **how)
    assert answer.http_version == "HTTP/2", answer.http_version
    return answer


def size_of(answer):
    assert answer.status_code == 200, answer.text
    return len(answer.json().get("payload", {}).get("body", "")) * 3 // 4


async def sizes(client):
    for size in (0, 3, 16_383, 3 * MIB):
        assert size_of(await ask(client, {"responseSize": size})) == size, size
    body = {"responseSize": 3, "payload": {"body": "A" * (2 * MIB)}}
    assert size_of(await ask(client, body)) == 3


async def side_by_side(client):
    answers = await asyncio.gather(*(ask(client, {"responseSize": 3 * i}) for i in range(600)))
    assert [size_of(answer) for answer in answers] == [3 * i for i in range(600)]


async def left_early(client):
    """Large answers of which little is read, and answers that nobody waits for; the connection serves on."""
    for _ in range(3):
        async with client.stream("POST", UNARY, json={"responseSize": 3 * MIB}) as answer:
            async for _ in answer.aiter_bytes():
                break
        try:
            await ask(client, {}, headers={"x-wait-ms": "3000"}, timeout=httpx.Timeout(60, read=0.05))
            raise AssertionError("an answer that takes 3 s came within 50 ms")
        except httpx.ReadTimeout:
            pass
    assert size_of(await ask(client, {"responseSize": 9})) == 9


async def headers(client):
    echo = "e" * 8190
    answer = await ask(client, {}, headers={"x-echo": echo, "cookie": "a=1; b=2"})
    assert size_of(answer) == 8190
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/nothing")).status_code == 404


def opened(url, ca):
    trusted = ssl.create_default_context(cafile=ca)
    how = {"base_url": url, "verify": trusted, "timeout": 60, "trust_env": False, "headers": PLAIN}
    return httpx.AsyncClient(http1=False, http2=True, **how)


async def run_all(url, ca):
    outcome = {}
    for case in (sizes, side_by_side, left_early, headers):
        try:
            async with opened(url, ca) as client:
                await case(client)
            outcome[case.__name__] = "ok"
        except BaseException:
            outcome[case.__name__] = traceback.format_exc()[-600:]
    print(json.dumps(outcome))


async def run_load(target, ca=None):
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    failed = {}
    asked = 0
    async with opened(f"https://{target}" if ca else f"http://{target}", ca) as client:

        async def again():
            nonlocal asked
            while not over.is_set():
                asked += 1
                try:
                    got = size_of(await ask(client, {"responseSize": 999}))
                    what = None if got == 999 else f"{got} bytes"
                except Exception as error:
                    what = f"{type(error).__name__}: {error}"
                if what is not None:
                    failed[what] = failed.get(what, 0) + 1

        await asyncio.gather(*(again() for _ in range(AT_ONCE)))
    print(json.dumps({"requestCount": asked, "failed": failed}))


asyncio.run({"all": run_all, "load": run_load}[sys.argv[1]](*sys.argv[2:]))
