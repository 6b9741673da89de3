// Streams that stay open: of anybody's, of one caller that takes all places, and those that end together.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Flag, Frame, frame, headers, numbers, RawConnection, requestHeaders, streamIds } from "./rig/raw-http2.ts";
import { attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const FOLLOW = "/top.v1.TopService/Follow";
const PER_CONNECTION = 250;
const WAIT_MS = 20_000;
const NORMAL = { path: "/top.v1.TopService/Latest", body: '{"key":"k"}' };

/** A message of JSON or of no bytes, with gRPC's prefix. */
function framed(text: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}
/** A connection that opens so many streams, and the answers to them that it counts. */
async function opened(port: number, path: string, type: string, body: string, count = PER_CONNECTION) {
  const connection = await RawConnection.http2(port);
  const streams = streamIds(count).map((id) =>
    Buffer.concat([headers(id, requestHeaders(path, type)), frame(Frame.data, Flag.endStream, id, framed(body))]),
  );
  await connection.send(...streams);
  return connection;
}
const framesOf = (connections: readonly RawConnection[], type: number): number =>
  connections.reduce((sum, { frames }) => sum + (frames.get(type) ?? 0), 0);
/** Streams with a message, and streams with an answer of any kind. */
const messages = (connections: readonly RawConnection[]): number => framesOf(connections, Frame.data);
const answers = (connections: readonly RawConnection[]): number => framesOf(connections, Frame.headers);
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + WAIT_MS; !holds() && performance.now() < end; ) await pause(20);
}

/** The first message of a follower that comes from another address, or how it was refused. */
async function otherFollower({ url, port }: Target): Promise<string> {
  const createConnection = () => net.connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  const session = http2.connect(url, { createConnection }).on("error", () => {});
  const stream = session.request({ ":method": "POST", ":path": FOLLOW, "content-type": "application/connect+json" });
  stream.on("error", () => {}).end(framed('{"key":"k"}'));
  const [first] = (await once(stream, "data", { signal: AbortSignal.timeout(WAIT_MS) })) as [Buffer];
  session.destroy();
  return first.subarray(5).toString("latin1");
}

test("anonymous watches of health are bounded", async () => {
  const connectionsCount = 40;
  const attack = attacked(
    async ({ port }) => {
      const all: RawConnection[] = [];
      for (const _ of numbers(connectionsCount))
        all.push(await opened(port, "/grpc.health.v1.Health/Watch", "application/grpc", ""));
      await until(() => answers(all) >= connectionsCount * PER_CONNECTION);
      const result = { requestCount: connectionsCount * PER_CONNECTION, open: messages(all) };
      for (const connection of all) connection.destroy();
      return result;
    },
    { heapMb: 256 },
  );
  const outcome = await attack;
  console.log(described("anonymous watches of health", outcome));
  expectUnharmed(outcome);
  expect(outcome.result.open).toBe(500);
}, 120_000);

test("one caller with many followers leaves places for other callers", async () => {
  const attack = attacked(
    async (target) => {
      const all: RawConnection[] = [];
      for (const _ of numbers(4))
        all.push(await opened(target.port, FOLLOW, "application/connect+json", '{"key":"k"}'));
      await until(() => answers(all) >= 1000);
      const other = await otherFollower(target);
      for (const connection of all) connection.destroy();
      return { other };
    },
    { server: "top", env: { BFF_MAX_FOLLOWERS: "500" }, normal: NORMAL },
  );
  const outcome = await attack;
  console.log(described("one caller takes all places of followers", outcome));
  expectUnharmed(outcome);
  expect(outcome.result.other).toContain('"key":"k"');
}, 120_000);

test.each([
  ["on the fast path", "application/connect+json"],
  ["on Connect's adapter", "application/grpc+json"],
])(
  "streams that end together, %s, do no harm",
  async (name, type) => {
    const connectionsCount = 16;
    const attack = attacked(
      async ({ port }) => {
        const all: RawConnection[] = [];
        for (const _ of numbers(connectionsCount)) all.push(await opened(port, FOLLOW, type, '{"key":"k"}'));
        await until(() => messages(all) >= connectionsCount * PER_CONNECTION);
        const open = messages(all);
        for (const connection of all) connection.destroy();
        await pause(2000); // the normal client asks meanwhile
        return { open };
      },
      { server: "top", env: { BFF_MAX_FOLLOWERS_PER_CALLER: "10000" }, normal: NORMAL, heapMb: 768 },
    );
    const outcome = await attack;
    console.log(described(`streams that end together, ${name}`, outcome));
    expectUnharmed(outcome);
    expect(outcome.result.open).toBeGreaterThanOrEqual(connectionsCount * PER_CONNECTION);
  },
  120_000,
);
