// Headers that are many, or large, or small on the wire and large in memory, in as many streams as there may be. Some of these once aborted
// the process: docs/reports/node-http2-abort.md.
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  Flag,
  Frame,
  frame,
  headers,
  INDEXING,
  indexed,
  literal,
  numbers,
  RawConnection,
  requestHeaders,
  Setting,
  streamIds,
  waves,
  YOUNGEST,
} from "./rig/raw-http2.ts";
import { ATTACK_MS, type AttackOptions, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const AT_ONCE = 4;

interface Kind {
  readonly name: string;
  /** Of the first stream; the others have `block`. */
  readonly first?: Buffer;
  readonly block: Buffer;
  readonly streams: number;
  /** So many streams are written at once, and the pause after, in milliseconds. */
  readonly atOnce: number;
  readonly gapMs: number;
  /** Written at the end. */
  readonly last?: Buffer;
  readonly holdMs: number;
  readonly acknowledges?: boolean;
  /** True for requests that end with their headers. */
  readonly ends?: boolean;
}

const request = requestHeaders();
const entry = Buffer.concat([request, literal("x-b", "v".repeat(4000), INDEXING)]);
const references = (count: number) => Buffer.concat([request, ...numbers(count).map(() => indexed(YOUNGEST))]);
const manyHeaders = (count: number, bytes: number) =>
  Buffer.concat([request, ...numbers(count).map((i) => literal(`x-h${i}`, "v".repeat(bytes)))]);
/** More of them than node bears: it ends the session in the middle of reading. */
const FATAL = Buffer.concat(numbers(1100).map(() => frame(Frame.data, 0, 1)));
const trailers = (stream: number) => headers(stream, manyHeaders(140, 1).subarray(request.length), true);

const references7: Kind = {
  name: "7 references to an entry of 4 kB in each stream",
  first: entry,
  block: references(7),
  streams: 980,
  atOnce: 20,
  gapMs: 2,
  holdMs: 300,
};
const refused: Kind = {
  name: "more headers than allowed, then what ends the session",
  first: request,
  block: manyHeaders(140, 70),
  streams: 60,
  atOnce: 3,
  gapMs: 1,
  last: FATAL,
  holdMs: 200,
};
/** A header of many parts, once, and a reference to it in each stream: one byte on the wire. */
const parts = (name: string, value: string, path?: string): Kind => {
  const head = requestHeaders(path, "application/proto");
  return {
    name: `${name} of ${value.length} characters, which each stream refers to`,
    first: Buffer.concat([head, literal(name, value, INDEXING)]),
    block: Buffer.concat([head, indexed(YOUNGEST)]),
    streams: 1000,
    atOnce: 50,
    gapMs: 5,
    holdMs: 300,
    ends: true,
  };
};
const LONG = 3900;
const kinds: readonly Kind[] = [
  parts("bff-fields", ",".repeat(LONG), "/atk.v1.AtkService/Masked"),
  parts("bff-fields", "x.".repeat(LONG / 2), "/atk.v1.AtkService/Masked"),
  parts("cookie", ";".repeat(LONG)),
  parts("accept", `application/problem+json${",".repeat(LONG)}`),
  parts("accept-encoding", `X-${",".repeat(LONG)}`),
  parts("if-none-match", '"",'.repeat(LONG / 3)),
  parts("x-forwarded-for", ",".repeat(LONG)),
  references7,
  { ...references7, name: "the same, faster", streams: 1000, atOnce: 100, gapMs: 5 },
  { ...references7, name: "the same, in one write", streams: 1000, atOnce: 1000, gapMs: 0 },
  { ...references7, name: "the same within the limit of streams, held", streams: 250, holdMs: 1000 },
  {
    ...references7,
    name: "120 references in each stream, before our SETTINGS are acknowledged",
    block: references(120),
    streams: 250,
    acknowledges: false,
  },
  {
    ...references7,
    name: "12 kB of literal headers in each stream",
    first: request,
    block: Buffer.concat([request, literal("cookie", "c".repeat(12_000))]),
  },
  refused,
  {
    ...refused,
    name: "trailers of more headers than allowed, then what ends the session",
    block: request,
    last: Buffer.concat([...streamIds(19, 1).map(trailers), FATAL]),
    streams: 40,
    atOnce: 40,
  },
  {
    ...refused,
    name: "a block of headers that never ends, then the connection goes",
    last: frame(Frame.headers, 0, 201, manyHeaders(50, 70)),
  },
  {
    ...refused,
    name: "frames of CONTINUATION without end",
    streams: 2,
    last: Buffer.concat([
      frame(Frame.headers, 0, 201, request),
      ...numbers(500).map(() => frame(Frame.continuation, 0, 201, literal("x", "y".repeat(500)))),
    ]),
  },
];

async function attack(port: number, kind: Kind): Promise<void> {
  const connection = await RawConnection.http2(port, [], { acknowledges: kind.acknowledges ?? true });
  try {
    if (kind.first !== undefined) await connection.send(headers(1, kind.first, kind.ends));
    for (let at = 1; at < kind.streams; at += kind.atOnce) {
      const ids = streamIds(Math.min(kind.atOnce, kind.streams - at), at);
      if (!(await connection.send(...ids.map((id) => headers(id, kind.block, kind.ends))))) break;
      if (kind.gapMs > 0) await pause(kind.gapMs);
    }
    if (kind.last !== undefined) await connection.send(kind.last);
    await pause(kind.holdMs);
  } finally {
    connection.destroy();
  }
}

async function run(kind: Kind, options: AttackOptions = {}) {
  const wave = async (target: Target) => {
    if (target.ended === undefined) await attack(target.port, kind);
    else await pause(100);
  };
  const outcome = await attacked(
    async (target) => ({ connections: await waves(ATTACK_MS, AT_ONCE, () => wave(target)) }),
    options,
  );
  process.stdout.write(`${described(kind.name, outcome)}\n`);
  return outcome;
}

test.each(kinds)(
  "$name",
  async (kind) => {
    expectUnharmed(await run(kind));
  },
  60_000,
);

// A collection at the wrong moment is what it takes: with one after every 500 allocations the process ended after a second.
test.each([references7, refused])(
  "$name, with many collections",
  async (kind) => {
    const { ended, log } = await run(kind, { flags: ["--gc-interval=500"] });
    expect(ended, log).toBeUndefined();
  },
  60_000,
);

test("a client that never acknowledges SETTINGS is served, and its connection closes after ten seconds", async () => {
  const outcome = await attacked(async ({ port }) => {
    const connection = await RawConnection.http2(port, [[Setting.initialWindowSize, 65_535]], { acknowledges: false });
    await connection.send(headers(1, request), frame(Frame.data, Flag.endStream, 1, Buffer.from('{"key":"k"}')));
    const early = await connection.ends(8000);
    const answered = (connection.frames.get(Frame.data) ?? 0) > 0;
    return { answered, early, late: await connection.ends(4000) };
  });
  process.stdout.write(`${described("no acknowledgement", outcome)}\n`);
  expectUnharmed(outcome);
  expect(outcome.result).toEqual({ answered: true, early: false, late: true });
}, 60_000);
