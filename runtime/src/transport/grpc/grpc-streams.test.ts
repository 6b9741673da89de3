import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Code } from "../../failure.ts";
import { connected, echo, send, started, until } from "../../testing/grpc-rig.ts";
import { GRPC, H2Upstream, type Received, refuse } from "../../testing/h2-upstream.ts";
import { TestStream } from "../../testing/stream-rig.ts";
import { frame } from "../../wire/frame.ts";
import type { GrpcClient } from "./grpc-client.ts";

// Server streams of an upstream that is Node's; held-windows.test.ts has what only frames show.

const upstream = new H2Upstream();
let client: GrpcClient;
beforeEach(async () => {
  upstream.answer = () => {};
  await upstream.start();
  client = connected(upstream.url, { maxReplyBytes: 1 << 20 });
});
afterEach(async () => {
  await upstream.stop();
  upstream.received.splice(0);
  upstream.sessions.splice(0);
});

const begin = ({ stream }: Received): void => stream.respond(GRPC, { waitForTrailers: true });
const item = (text: string): Buffer => frame(Buffer.from(text));
const flagged = (flags: number): Buffer => Buffer.concat([Buffer.of(flags), item("b").subarray(1)]);
/** Ends it with a status, behind these bytes. */
const end = ({ stream }: Received, status: Record<string, string>, bytes?: Buffer): void => {
  stream.on("wantTrailers", () => stream.sendTrailers(status));
  stream.end(bytes);
};
const all =
  (...steps: readonly ((to: Received) => void)[]) =>
  (to: Received): void => {
    for (const step of steps) step(to);
  };
const OK = { "grpc-status": "0" };

function answerWith(to: Received, items: readonly Buffer[]): void {
  begin(to);
  end(to, { ...OK, "x-last": "yes" }, Buffer.concat(items));
}

describe("a server stream", () => {
  test("a stream gives its items in order, then its end", async () => {
    upstream.answer = (to) => {
      answerWith(to, [item("a"), item(""), item("c")]);
    };
    const stream = new TestStream(client);
    expect(await stream.end).toMatchObject({ trailers: { "x-last": "yes" } });
    expect(stream.texts).toEqual(["a", "", "c"]);
    expect(stream.events).toEqual(["opened", "item", "item", "item", "ended"]);
    expect(stream.headers).toMatchObject({ "content-type": "application/grpc+proto" });
  });
  test("a stream ends with any number that is 0", async () => {
    upstream.answer = all(begin, (to) => end(to, { "grpc-status": "00" }, item("a")));
    const stream = new TestStream(client);
    expect(await stream.end).toMatchObject({ trailers: { "grpc-status": "00" } });
    expect(stream.texts).toEqual(["a"]);
  });
  test("a stream opens before its first item, and items arrive as they are sent", async () => {
    const stream = new TestStream(client);
    const to = await upstream.next();
    begin(to);
    to.stream.write(""); // headers leave with it
    await stream.opened();
    expect(stream.events).toEqual(["opened"]);
    to.stream.write(item("a"));
    await stream.came(1);
    to.stream.write(item("b").subarray(0, 3));
    to.stream.write(item("b").subarray(3));
    await stream.came(2);
    expect(stream.texts).toEqual(["a", "b"]);
    stream.cancel();
    expect(await to.closed).toBe(8);
    expect(stream.events).toEqual(["opened", "item", "item"]);
  });
  test("a stream gives no more items than demanded, and its end after all of them", async () => {
    upstream.answer = (to) => {
      answerWith(to, [item("a"), item("b"), item("c")]);
    };
    const stream = new TestStream(client, 0);
    await stream.opened();
    await send(client).outcome.catch(() => {});
    expect(stream.events).toEqual(["opened"]);
    stream.take(1);
    await stream.came(1);
    stream.take(1);
    await stream.came(2);
    expect(stream.texts).toEqual(["a", "b"]);
    stream.take(1);
    expect(await stream.end).toMatchObject({ trailers: OK });
    expect(stream.texts).toEqual(["a", "b", "c"]);
  });
  test.each<[string, (to: Received) => void, object, string[]]>([
    [
      "refused",
      (to) => refuse(to, "5", { "grpc-message": "no%20such" }),
      { kind: "status", code: Code.NOT_FOUND, message: "no such" },
      [],
    ],
    [
      "a status behind items",
      all(begin, (to) => end(to, { "grpc-status": "14" }, item("a"))),
      { kind: "status", code: Code.UNAVAILABLE },
      ["a"],
    ],
    [
      "a status that is no number behind items",
      all(begin, (to) => end(to, { "grpc-status": "+1" }, item("a"))),
      { kind: "status", code: Code.UNKNOWN },
      ["a"],
    ],
    [
      "unknown flags behind items",
      all(begin, (to) => end(to, OK, Buffer.concat([item("a"), flagged(0x82)]))),
      { kind: "invalid", message: "a frame with flags 130" },
      ["a"],
    ],
    [
      "HTTP alone",
      ({ stream }) => stream.respond({ ":status": 503 }, { endStream: true }),
      { kind: "status", code: Code.UNAVAILABLE },
      [],
    ],
    [
      "no gRPC",
      all(
        ({ stream }) => stream.respond({ ":status": 200, "content-type": "text/html" }),
        ({ stream }) => void stream.end("<html>"),
      ),
      { kind: "invalid" },
      [],
    ],
    [
      "no trailers",
      all(
        ({ stream }) => stream.respond(GRPC),
        ({ stream }) => void stream.end(item("a")),
      ),
      { kind: "invalid", message: "missing trailers" },
      ["a"],
    ],
    [
      "an item cut short",
      all(begin, (to) => end(to, OK, item("abc").subarray(0, 6))),
      { kind: "invalid", message: "no whole message" },
      [],
    ],
    [
      "a compressed item",
      all(begin, (to) => end(to, OK, Buffer.concat([item("a"), Buffer.from([1, 0, 0, 0, 0])]))),
      { kind: "invalid", message: "a compressed message" },
      ["a"],
    ],
    [
      "an item that is too large",
      all(begin, (to) => void to.stream.write(Buffer.from([0, 0, 16, 0, 1]))),
      { kind: "invalid", message: "an item of 1048577 bytes" },
      [],
    ],
    [
      "reset behind an item",
      all(begin, (to) => void to.stream.write(item("a"), () => setImmediate(() => to.stream.close(2)))),
      { kind: "transport", code: Code.INTERNAL },
      ["a"],
    ],
  ])("%s", async (_, answer, fault, items) => {
    upstream.answer = answer;
    const stream = new TestStream(client);
    expect(await stream.end).toMatchObject({ fault });
    expect(stream.texts).toEqual(items);
  });
  test("a refused stream is unprocessed", async () => {
    upstream.answer = ({ stream }) => stream.close(7);
    expect(await new TestStream(client).end).toMatchObject({ fault: { kind: "unprocessed", code: Code.UNAVAILABLE } });
  });
  test("a stream to a stopped upstream is UNAVAILABLE", async () => {
    await upstream.stop();
    expect(await new TestStream(client).end).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    await upstream.start();
  });
  test("a stream is lost with its connection, behind the received items", async () => {
    const stream = new TestStream(client, 0);
    const to = await upstream.next();
    begin(to);
    to.stream.write(item("a"));
    await stream.opened();
    stream.take(1);
    await stream.came(1);
    for (const session of upstream.sessions) session.destroy();
    expect(await stream.end).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
  });
  test("a stream continues on a connection after GOAWAY; the next stream uses another", async () => {
    const stream = new TestStream(client);
    const to = await upstream.next();
    begin(to);
    to.stream.write(item("a"));
    await stream.came(1);
    upstream.sessions[0]?.goaway(0, 1);
    to.stream.write(item("b"));
    await stream.came(2); // and GOAWAY before it
    const next = new TestStream(client);
    const other = await upstream.next();
    expect(upstream.sessions.length).toBe(2);
    answerWith(other, [item("x")]);
    await next.end;
    end(to, OK, item("c"));
    expect(await stream.end).toMatchObject({ trailers: OK });
    expect(stream.texts).toEqual(["a", "b", "c"]);
  });
  test("an endless item is limited by the maximum size of an item, and can be cancelled", async () => {
    const stream = new TestStream(client);
    const to = await upstream.next();
    begin(to);
    to.stream.write(Buffer.concat([Buffer.from([0, 0, 16, 0, 0]), Buffer.alloc(100_000)]));
    await stream.opened();
    stream.cancel();
    expect(await to.closed).toBe(8);
    expect(stream.events).toEqual(["opened"]);
  });
});

describe("connections of streams", () => {
  test("streams use separate connections from unary calls, as many as needed", async () => {
    const server = await started(undefined, { settings: { maxConcurrentStreams: 2 } });
    const client = connected(server.url, { maxConnections: 1 });
    server.answer = (to) => (to.body.toString() === "unary" ? echo(to) : begin(to));
    const streams = Array.from({ length: 7 }, () => new TestStream(client));
    await until(() => server.received.length === 7);
    expect(server.connections).toBe(4);
    expect(await send(client, "unary").outcome).toEqual({ message: "unary" });
    expect(server.connections).toBe(5);
    for (const stream of streams) stream.cancel();
  });
});
