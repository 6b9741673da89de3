// Bodies in pieces of one byte, bodies that never end, and answers that nobody reads.
import { setTimeout as pause } from "node:timers/promises";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  FAST,
  Flag,
  Frame,
  frame,
  headers,
  literal,
  numbers,
  RawConnection,
  requestHeaders,
  Setting,
  streamIds,
} from "./rig/raw-http2.ts";
import { ATTACK_MS, type AttackOptions, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const MIB = 1 << 20;
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/** Below the limit of a message. */
const BODY_BYTES = 1_000_000;

async function run<T>(name: string, options: AttackOptions, attack: (target: Target, until: number) => Promise<T>) {
  const outcome = await attacked((target) => attack(target, performance.now() + ATTACK_MS), options);
  process.stdout.write(`${described(name, outcome)}\n`);
  return outcome;
}

/**
 * Writes DATA frames to each stream as its windows allow, until the time is over or each has so much. Pieces of one byte come slowly enough
 * to leave most of a core: it is memory that is attacked, and not the processor, which as many small requests would keep as busy.
 */
async function fill(connection: RawConnection, ids: readonly number[], piece: number, most: number, until: number) {
  const pieces = piece === 1 ? 250 : 1;
  const payload = Buffer.alloc(piece, "x");
  const sent = new Map<number, number>();
  let total = 0;
  let open = true;
  while (open && performance.now() < until) {
    const ready = ids.filter((id) => connection.creditOf(id) >= pieces * piece && (sent.get(id) ?? 0) < most);
    if (ids.every((id) => (sent.get(id) ?? 0) >= most)) break;
    for (const id of ready) {
      if (!open || connection.credit < pieces * piece) break;
      const bytes = pieces * piece;
      open = await connection.sendData(
        id,
        bytes,
        Buffer.concat(numbers(pieces).map(() => frame(Frame.data, 0, id, payload))),
      );
      sent.set(id, (sent.get(id) ?? 0) + bytes);
      total += bytes;
    }
    await pause(piece === 1 ? 100 : 5);
  }
  return total;
}

describe.each([
  ["on the fast path", "application/json"],
  ["on Connect's adapter", "application/grpc-web+proto"],
])("%s", (where, type) => {
  test("chunks of one byte over HTTP/1.1 do no harm", async () => {
    const chunks = Buffer.from("1\r\nx\r\n".repeat(2000));
    const outcome = await run(`chunks of one byte, ${where}`, { heapMb: 64 }, async ({ port }, until) => {
      const head = `POST ${FAST} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
      let sent = 0;
      await Promise.all(
        numbers(6).map(async () => {
          while (performance.now() < until) {
            const connection = await RawConnection.open(port);
            let goesOn = await connection.send(Buffer.from(head));
            for (let mine = 0; goesOn && mine < BODY_BYTES && performance.now() < until; mine += 2000) {
              goesOn = await connection.send(chunks);
              sent += 2000;
              await pause(100);
            }
            connection.destroy();
          }
        }),
      );
      return { pieces: sent };
    });
    expectUnharmed(outcome);
    expect(outcome.result.pieces).toBeGreaterThan(50_000);
  }, 60_000);

  test("DATA frames of one byte over HTTP/2 do no harm", async () => {
    const outcome = await run(`DATA frames of one byte, ${where}`, { heapMb: 64 }, async ({ port }, until) => {
      const ids = streamIds(20);
      const totals = await Promise.all(
        numbers(3).map(async () => {
          const connection = await RawConnection.http2(port);
          await connection.send(...ids.map((id) => headers(id, requestHeaders(FAST, type))));
          const total = await fill(connection, ids, 1, BODY_BYTES, until);
          connection.destroy();
          return total;
        }),
      );
      return { pieces: totals.reduce((sum, total) => sum + total, 0) };
    });
    expectUnharmed(outcome);
    // Our own HTTP/2 ends a connection after some 15,000 of them in a row.
    expect(outcome.result.pieces).toBeGreaterThan(30_000);
  }, 60_000);

  test("endless bodies occupy bounded memory in the process", async () => {
    const env = { BFF_MAX_PENDING_BYTES: String(8 * MIB) };
    const outcome = await run(`held bodies, ${where}`, { env }, async (target, until) => {
      const ids = streamIds(100);
      const all = await Promise.all(numbers(4).map(() => RawConnection.http2(target.port)));
      const sent = await Promise.all(
        all.map(async (connection) => {
          await connection.send(...ids.map((id) => headers(id, requestHeaders(FAST, type))));
          return fill(connection, ids, 16_000, BODY_BYTES, until + ATTACK_MS);
        }),
      );
      const { buffers } = await target.memory();
      for (const connection of all) connection.destroy();
      return {
        sentMb: Math.round(sent.reduce((sum, bytes) => sum + bytes, 0) / 1e6),
        heldMb: Math.round(buffers / 1e6),
      };
    });
    expectUnharmed(outcome);
    expect(outcome.result.sentMb).toBeGreaterThan(10);
    expect(outcome.result.heldMb).toBeLessThan(40); // buffers grow by doubling
  }, 60_000);

  test("many unfinished bodies leave normal clients served", async () => {
    const env = { BFF_MAX_PENDING_BYTES: String(8 * MIB) };
    const outcome = await run(`begun bodies, ${where}`, { env }, async ({ port }, until) => {
      const ids = streamIds(200);
      const all = await Promise.all(numbers(3).map(() => RawConnection.http2(port)));
      const sent = await Promise.all(
        all.map(async (connection) => {
          await connection.send(...ids.map((id) => headers(id, requestHeaders(FAST, type))));
          return fill(connection, ids, 2000, 30_000, until);
        }),
      );
      await pause(500);
      for (const connection of all) connection.destroy();
      return { sentMb: Math.round(sent.reduce((sum, bytes) => sum + bytes, 0) / 1e6) };
    });
    expectUnharmed(outcome);
    expect(outcome.result.sentMb).toBeGreaterThan(2);
  }, 60_000);
});

test("endless messages of reflection occupy bounded memory in the process", async () => {
  const env = { BFF_MAX_PENDING_BYTES: String(8 * MIB), BFF_REFLECTION: "true" };
  const outcome = await run("held messages of reflection", { env }, async (target, until) => {
    const ids = streamIds(100);
    const all = await Promise.all(numbers(4).map(() => RawConnection.http2(target.port)));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(BODY_BYTES + 1000, 1); // never whole
    const begun = ids.map((id) =>
      Buffer.concat([
        headers(id, requestHeaders(REFLECTION, "application/grpc-web+proto")),
        frame(Frame.data, 0, id, prefix),
      ]),
    );
    const sent = await Promise.all(
      all.map(async (connection) => {
        await connection.send(...begun);
        return fill(connection, ids, 16_000, BODY_BYTES, until + ATTACK_MS);
      }),
    );
    const { buffers } = await target.memory();
    for (const connection of all) connection.destroy();
    return { sentMb: Math.round(sent.reduce((sum, bytes) => sum + bytes, 0) / 1e6), heldMb: Math.round(buffers / 1e6) };
  });
  expectUnharmed(outcome);
  expect(outcome.result.sentMb).toBeGreaterThan(10);
  expect(outcome.result.heldMb).toBeLessThan(40);
}, 60_000);

/** A message with a key of so many bytes. */
const protoOf = (bytes: number): Buffer => {
  const length: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 7) length.push(rest > 127 ? (rest & 127) | 128 : rest);
  return Buffer.concat([Buffer.from([0x0a, ...length]), Buffer.alloc(bytes, "a")]);
};
const jsonOf = (bytes: number): Buffer => Buffer.from(`{"key":"${"a".repeat(bytes)}"}`);
/** Less than one message may have by default; and where the deployment allows four times as much. */
const [MOST, ALLOWED] = [1_000_000, 3_900_000];
const compressedFrame = (message: Buffer): Buffer => {
  const framed = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), zlib.gzipSync(message)]);
  framed.writeUInt32BE(framed.length - 5, 1);
  return framed;
};

test.each<readonly [mb: number, type: string, http2: string, Readonly<Record<string, string>>, Buffer]>([
  [1, "application/grpc+proto", "own", { "grpc-encoding": "gzip" }, compressedFrame(protoOf(MOST))],
  [1, "application/grpc-web+proto", "node", { "grpc-encoding": "gzip" }, compressedFrame(protoOf(MOST))],
  [1, "application/json", "own", { "content-encoding": "gzip" }, zlib.gzipSync(jsonOf(MOST))],
  [4, "application/grpc+proto", "own", { "grpc-encoding": "gzip" }, compressedFrame(protoOf(ALLOWED))],
])(
  "4,000 small messages that expand to %i MB each, %s, BFF_HTTP2_SERVER=%s, occupy bounded memory in the process",
  async (mb, type, http2, encoding, body) => {
    const env = {
      BFF_MAX_PENDING_BYTES: String(16 * MIB),
      BFF_MAX_REQUEST_BYTES: String(mb * MIB),
      BFF_HTTP2_SERVER: http2,
    };
    const outcome = await run(`decompressed, ${mb} MB, ${type}`, { env }, async (target, until) => {
      const block = Buffer.concat([
        requestHeaders(FAST, type),
        ...Object.entries(encoding).map(([name, value]) => literal(name, value)),
      ]);
      const all = await Promise.all(numbers(5).map(() => RawConnection.http2(target.port)));
      let sent = 0;
      for (let at = 0; at < 800 && performance.now() < until; at += 100) {
        const requests = streamIds(100, at).map((id) =>
          Buffer.concat([headers(id, block), frame(Frame.data, Flag.endStream, id, body)]),
        );
        for (const connection of all) await connection.send(...requests);
        sent += 100 * all.length;
        await pause(100);
      }
      await pause(1000);
      const { buffers } = await target.memory();
      for (const connection of all) connection.destroy();
      return { sent, heldMb: Math.round(buffers / 1e6) };
    });
    expectUnharmed(outcome);
    expect(outcome.result.sent).toBeGreaterThan(1000);
    expect(outcome.result.heldMb).toBeLessThan(60); // 270 to 480 when refused messages stayed until their turn
  },
  60_000,
);

/**
 * The upstream's part is cached: else it would be the upstream that the normal client waits for, which answers no faster when the attacker reads. So
 * where each answer comes from there, the normal client asks for what needs no upstream.
 */
const CACHED = "/atk.v1.AtkService/Cached";
const HEALTH = { path: "/grpc.health.v1.Health/Check", body: "{}" };

test.each<readonly [string, string, string, Omit<AttackOptions, "env">]>([
  ["over the fast path", CACHED, "POST", {}],
  [
    "through Connect's adapter",
    `${CACHED}?connect=v1&encoding=json&message=${encodeURIComponent('{"size":100000}')}`,
    "GET",
    {},
  ],
  ["from the upstream", FAST, "POST", { normal: HEALTH }],
])(
  "unread answers, %s, occupy bounded memory in the process",
  async (where, path, method, more) => {
    const env = { BFF_MAX_PENDING_BYTES: String(4 * MIB) };
    const outcome = await run(`answers not read, ${where}`, { env, ...more }, async (target, until) => {
      const all = await Promise.all(
        numbers(4).map(() => RawConnection.http2(target.port, [[Setting.initialWindowSize, 0]])),
      );
      const body = Buffer.from('{"size":100000}');
      for (let at = 0; at < 240 && performance.now() < until + 2 * ATTACK_MS; at += 20) {
        for (const connection of all) {
          const requests = streamIds(20, at).map((id) =>
            method === "GET"
              ? headers(id, requestHeaders(path, "application/json", method), true)
              : Buffer.concat([headers(id, requestHeaders(path)), frame(Frame.data, Flag.endStream, id, body)]),
          );
          await connection.send(...requests);
        }
        await pause(50);
      }
      await pause(1000);
      const { buffers } = await target.memory();
      const answered = all.map(({ frames }) => frames.get(Frame.headers) ?? 0).reduce((sum, count) => sum + count, 0);
      for (const connection of all) connection.destroy();
      return { answered, heldMb: Math.round(buffers / 1e6) };
    });
    expectUnharmed(outcome);
    expect(outcome.result.heldMb).toBeLessThan(30);
  },
  60_000,
);

const LARGE = '{"size":400000}';
const LARGE_QUERY = `${CACHED}?connect=v1&encoding=json&message=${encodeURIComponent(LARGE)}`;

test.each<readonly [string, "GET" | "POST", string]>([
  ["over the fast path", "POST", "gzip"],
  ["over the fast path", "POST", "br"],
  ["through Connect's adapter", "GET", "gzip"],
  ["through Connect's adapter", "GET", "br"],
])(
  "answers that wait for compression, %s, %s %s, occupy bounded memory in the process",
  async (where, method, encoding) => {
    const env = { BFF_MAX_PENDING_BYTES: String(8 * MIB) };
    const outcome = await run(`answers to be compressed, ${where}, ${encoding}`, { env }, async (target, until) => {
      const path = method === "GET" ? LARGE_QUERY : CACHED;
      const block = Buffer.concat([
        requestHeaders(path, "application/json", method),
        literal("accept-encoding", encoding),
      ]);
      const all = await Promise.all(numbers(4).map(() => RawConnection.http2(target.port)));
      let requestCount = 0;
      for (let at = 0; performance.now() < until; at += 25) {
        const requests = streamIds(25, at).map((id) =>
          method === "GET"
            ? headers(id, block, true)
            : Buffer.concat([headers(id, block), frame(Frame.data, Flag.endStream, id, Buffer.from(LARGE))]),
        );
        for (const connection of all) await connection.send(...requests);
        requestCount += 25 * all.length;
        await pause(50);
      }
      const { buffers } = await target.memory();
      const answered = all.map(({ frames }) => frames.get(Frame.headers) ?? 0).reduce((sum, count) => sum + count, 0);
      for (const connection of all) connection.destroy();
      return { requestCount, answered, heldMb: Math.round(buffers / 1e6) };
    });
    expectUnharmed(outcome);
    expect(outcome.result.requestCount).toBeGreaterThan(500);
    expect(outcome.result.heldMb).toBeLessThan(40);
  },
  60_000,
);
