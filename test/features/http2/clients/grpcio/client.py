"""grpc-c++ as a client, by its Python package grpcio.

client.py all <host:port> [ca.pem]    every case once; prints {case: "ok" or what went wrong}
client.py load <host:port> [ca.pem]   asks until its standard input ends; prints {"requestCount": n, "failed": {what: how often}}

Messages are written by hand, so that no package for protobuf is needed.
"""

import json
import queue
import sys
import threading
import traceback

import grpc

SERVICE = "/grpc.testing.TestService/"
MIB = 1 << 20
# Nothing takes so long, in seconds.
LONG = 60
AT_ONCE = 16


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def held(number, content):
    """A field with a length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def simple(size=0, body=b"", status=None):
    out = b"\x10" + varint(size)
    if body:
        out += held(3, held(2, body))
    if status:
        out += held(7, b"\x08" + varint(status[0]) + held(2, status[1].encode()))
    return out


def streamed(parameters, status=None):
    out = b"".join(held(2, b"\x08" + varint(size) + b"\x10" + varint(us)) for size, us in parameters)
    return out + (held(7, b"\x08" + varint(status[0]) + held(2, status[1].encode())) if status else b"")


def body_of(message):
    """Of Payload in the answer, which has one field, and so has the answer."""
    if not message:
        return b""
    for _ in range(2):
        at = 1
        while message[at] > 127:
            at += 1
        message = message[at + 1 :]
        if not message:
            return b""
    return message


def channel(target, ca, *options):
    all_options = (("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0), *options)
    if ca is None:
        return grpc.insecure_channel(target, all_options)
    with open(ca, "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()), all_options)


def unary(of):
    return of.unary_unary(SERVICE + "UnaryCall")


def stream(of):
    return of.unary_stream(SERVICE + "StreamingOutputCall")


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what} {str(got)[:200]} in place of {str(wanted)[:200]}")


def fails(call, code):
    try:
        call()
    except grpc.RpcError as error:
        equal(error.code(), code, error.details())
        return error
    raise AssertionError(f"no {code}")


CASES = {}


def case(options=()):
    def keep(function):
        CASES[function.__name__] = (function, options)
        return function

    return keep


@case()
def sizes(of):
    for size in (0, 1, 16_383, 16_384, 65_535, 65_536, MIB, 4 * MIB, 16 * MIB):
        equal(len(body_of(unary(of)(simple(size), timeout=LONG))), size)
    for size in (1, 16_384, 65_536, 3 * MIB):
        equal(len(body_of(unary(of)(simple(1000, bytes(size)), timeout=LONG))), 1000)


@case()
def too_large_a_request(of):
    fails(lambda: unary(of)(simple(1, bytes(5 * MIB)), timeout=LONG), grpc.StatusCode.RESOURCE_EXHAUSTED)
    equal(len(body_of(unary(of)(simple(7), timeout=LONG))), 7)


@case()
def compressed(of):
    for size in (0, 100, MIB):
        answer = unary(of)(simple(size, bytes(size)), timeout=LONG, compression=grpc.Compression.Gzip)
        equal(len(body_of(answer)), size)
    # What the server does not know it names, and says what it does.
    deflate = lambda: unary(of)(simple(1, bytes(1000)), timeout=LONG, compression=grpc.Compression.Deflate)
    error = fails(deflate, grpc.StatusCode.UNIMPLEMENTED)
    sent = {key: value for key, value in (*error.initial_metadata(), *error.trailing_metadata())}
    told = f"{error.details()} {sent}"
    if "gzip" not in told:
        raise AssertionError(told)


@case()
def deadlines(of):
    wait = (("x-wait-ms", "3000"),)
    fails(lambda: unary(of)(simple(1), timeout=0.2, metadata=wait), grpc.StatusCode.DEADLINE_EXCEEDED)
    slow = stream(of)(streamed([(1, 0), (1, 60_000_000)]), timeout=0.5)
    equal(len(body_of(next(slow))), 1)
    fails(lambda: next(slow), grpc.StatusCode.DEADLINE_EXCEEDED)
    equal(len(body_of(unary(of)(simple(7), timeout=LONG))), 7)


@case()
def cancelled(of):
    calls = [unary(of).future(simple(1), metadata=(("x-wait-ms", "3000"),)) for _ in range(50)]
    for call in calls:
        call.cancel()
    equal({call.code() for call in calls}, {grpc.StatusCode.CANCELLED})
    for _ in range(20):
        slow = stream(of)(streamed([(100_000, 0)] * 50))
        next(slow)
        slow.cancel()
        equal(slow.code(), grpc.StatusCode.CANCELLED)
    equal(len(body_of(unary(of)(simple(7), timeout=LONG))), 7)


@case((("grpc.max_metadata_size", 64 << 10),))
def metadata(of):
    echo = "".join(chr(33 + i % 90) for i in range(8 << 10))
    answer = unary(of)(simple(1), timeout=LONG, metadata=(("x-echo", echo),))
    equal(body_of(answer).decode(), echo)
    more = [(f"x-many-{i}", "v" * 50) for i in range(80)]
    binary = [("x-some-bin", bytes(range(256))), ("x-some-bin", b""), ("x-empty", "")]
    for _ in range(3):  # the second time from tables, if there are any
        answer = unary(of)(simple(1), timeout=LONG, metadata=(*more, *binary, ("x-echo", "here ~!")))
        equal(body_of(answer), b"here ~!")
    # More than the server has said that it takes; the connection goes on.
    fails(lambda: unary(of)(simple(1), timeout=LONG, metadata=(("x-large", "l" * 40_000),)), grpc.StatusCode.RESOURCE_EXHAUSTED)
    equal(len(body_of(unary(of)(simple(7), timeout=LONG))), 7)


@case()
def error_details(of):
    words = "there ☺ is\nnone, 100 %"
    error = fails(lambda: unary(of)(simple(1, status=(5, words)), timeout=LONG), grpc.StatusCode.NOT_FOUND)
    equal(error.details(), words)
    sent = {key: value for key, value in error.trailing_metadata()}
    status = sent.get("grpc-status-details-bin", b"")
    for part in (b"type.googleapis.com/grpc.testing.EchoStatus", words.encode()):
        if part not in status:
            raise AssertionError(f"no {part} in {status}")
    equal({**dict(error.initial_metadata()), **sent}.get("x-told"), "yes")
    slow = stream(of)(streamed([(1, 0)] * 3, status=(9, words)), timeout=LONG)
    for _ in range(3):
        equal(len(body_of(next(slow))), 1)
    equal(fails(lambda: next(slow), grpc.StatusCode.FAILED_PRECONDITION).details(), words)
    nothing = of.unary_unary(SERVICE + "Nothing")
    fails(lambda: nothing(b"", timeout=LONG), grpc.StatusCode.UNIMPLEMENTED)
    fails(lambda: of.unary_unary("/no.such/Thing")(b"", timeout=LONG), grpc.StatusCode.UNIMPLEMENTED)
    fails(lambda: unary(of)(b"\xff\xff", timeout=LONG), grpc.StatusCode.INVALID_ARGUMENT)


@case()
def streams(of):
    sizes_asked = [i * 300 for i in range(300)]
    got = stream(of)(streamed([(size, 0) for size in sizes_asked]), timeout=LONG)
    equal([len(body_of(one)) for one in got], sizes_asked)
    equal(got.code(), grpc.StatusCode.OK)
    equal(list(stream(of)(streamed([]), timeout=LONG)), [])


@case((("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)))
def slow_readers_side_by_side(of):
    """Each is read a message at a time, in turns: what is not read stays with the server."""
    readers = [stream(of)(streamed([(50_000, 0)] * 20), timeout=LONG) for _ in range(20)]
    for _ in range(20):
        for reader in readers:
            equal(len(body_of(next(reader))), 50_000)
    for reader in readers:
        equal(list(reader), [])
        equal(reader.code(), grpc.StatusCode.OK)


@case(
    (
        ("grpc.keepalive_time_ms", 20),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )
)
def keepalive_pings(of):
    """One a second, which is the most that it sends: a server of gRPC's closes the connection at the third."""
    got = stream(of)(streamed([(1, 0)] + [(1, 1_500_000)] * 3), timeout=LONG)
    equal([len(body_of(one)) for one in got], [1] * 4)
    equal(len(body_of(unary(of)(simple(7), timeout=LONG))), 7)


@case()
def many_at_once(of):
    """More than a connection has streams: the rest waits for its turn."""
    calls = [unary(of).future(simple(i * 10), timeout=LONG) for i in range(1000)]
    equal([len(body_of(call.result())) for call in calls], [i * 10 for i in range(1000)])
    waiting = [unary(of).future(simple(1), timeout=LONG, metadata=(("x-wait-ms", "200"),)) for _ in range(400)]
    equal({len(body_of(call.result())) for call in waiting}, {1})


def run_all(target, ca):
    outcome = {}
    for name, (function, options) in CASES.items():
        if function is keepalive_pings and ca is not None:
            continue  # it takes seconds, and TLS makes no difference
        try:
            with channel(target, ca, *options) as of:
                function(of)
            outcome[name] = "ok"
        except BaseException:
            outcome[name] = traceback.format_exc()[-600:]
    print(json.dumps(outcome))


def run_load(target, ca):
    over = threading.Event()
    failed = {}
    asked = queue.SimpleQueue()
    lock = threading.Lock()
    with channel(target, ca) as of:

        def again():
            count = 0
            while not over.is_set():
                count += 1
                try:
                    got = len(body_of(unary(of)(simple(1000), timeout=LONG)))
                    what = None if got == 1000 else f"{got} bytes"
                except grpc.RpcError as error:
                    what = f"{error.code()}: {error.details()}"
                if what is not None:
                    with lock:
                        failed[what] = failed.get(what, 0) + 1
            asked.put(count)

        threads = [threading.Thread(target=again) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        over.set()
        for thread in threads:
            thread.join()
    print(json.dumps({"requestCount": sum(asked.get() for _ in threads), "failed": failed}))


if __name__ == "__main__":
    mode, target, ca = (*sys.argv[1:], None)[:3]
    {"all": run_all, "load": run_load}[mode](target, ca)
