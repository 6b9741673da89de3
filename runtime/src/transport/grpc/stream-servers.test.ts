import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../failure.ts";
import { CountingProxy } from "../../testing/counting-proxy.ts";
import { until } from "../../testing/grpc-rig.ts";
import { TestStream } from "../../testing/stream-rig.ts";
import {
  FOLLOW,
  ITEM_BYTES,
  request,
  STREAM_SERVERS,
  type StreamServer,
  textOf,
} from "../../testing/stream-servers.ts";
import { GrpcClient, type Http2 } from "./grpc-client.ts";

// Server streams of servers that nobody here has written, over a connection that counts what they send.

const WINDOW = 1 << 16;
/** What Node's streams keep beside the window. */
const AHEAD: Readonly<Record<Http2, number>> = { own: 0, node: 1 << 16 };

const cases = Object.entries(STREAM_SERVERS).flatMap(([name, start]) =>
  (["own", "node"] as const).map((http2) => ({ name, start, http2 })),
);
describe.each(cases)("a stream of $name over $http2", ({ start, http2 }) => {
  let server: StreamServer;
  let proxy: CountingProxy;
  let client: GrpcClient;
  const follow = (text: string, take?: number) => new TestStream(client, take, request(text), FOLLOW);
  beforeEach(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {}); // connect-node tells there of clients that leave
    server = await start();
    proxy = await new CountingProxy(server.port).start();
    client = new GrpcClient(proxy.url, { http2 });
  });
  afterEach(async () => {
    await proxy.stop();
    await server.stop();
    await client.close();
    vi.restoreAllMocks();
  });

  test("a stream gives its items and OK", async () => {
    const stream = follow("three");
    expect(await stream.end).toMatchObject({ trailers: { "grpc-status": "0" } });
    expect(stream.items.map(textOf)).toEqual(["a", "", "c"]);
  });
  test("a stream gives an item larger than its window", async () => {
    const stream = follow("large", 1);
    await stream.came(1);
    expect(textOf(stream.items[0] as Buffer).length).toBe(1_000_000);
    stream.cancel();
  });
  test("a stream ends with its status, behind its items", async () => {
    const stream = follow("status");
    expect(await stream.end).toMatchObject({ fault: { kind: "status", code: Code.NOT_FOUND, message: "no more, ä" } });
    expect(stream.items.map(textOf)).toEqual(["a", "", "c"]);
  });
  test("a slow reader limits the sent data to the taken items and the window", async () => {
    const stream = follow("endless", 0);
    const most = (items: number): number => (WINDOW + AHEAD[http2] + items * ITEM_BYTES) * 1.1 + 2_048;
    await until(() => proxy.received > WINDOW * 0.9); // all that it may
    for (let items = 1; items <= 300; items++) {
      stream.take(1);
      await stream.came(items);
      expect(proxy.received).toBeLessThan(most(items));
    }
    stream.take(2_000);
    await stream.came(2_300);
    stream.cancel();
    await until(() => server.cancelled() === 1);
  });
  test("a quiet stream can be cancelled, and a stream with a lost connection ends", async () => {
    const quiet = follow("quiet");
    const other = follow("endless", 1);
    await other.came(1); // so the first one has arrived
    quiet.cancel();
    await until(() => server.cancelled() === 1);
    proxy.drop();
    other.take(1_000_000);
    expect(await other.end).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    expect(quiet.events.filter((what) => what !== "opened")).toEqual([]);
  });
});
