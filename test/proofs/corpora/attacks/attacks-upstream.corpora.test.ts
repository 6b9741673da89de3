// Requests that are given up as soon as they are under way: what they make the upstream do is bounded, and others have their answers.
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  Flag,
  Frame,
  frame,
  headers,
  RawConnection,
  requestHeaders,
  reset,
  streamIds,
  waves,
} from "./rig/raw-http2.ts";
import { ATTACK_MS, attacked, described, expectUnharmed } from "./rig/rig.ts";

/** What the upstream is allowed at once, where no policy says otherwise. */
const LIMIT = 100;

interface Kind {
  readonly name: string;
  readonly connections: number;
  /** Requests of one write, and the pause after it, in milliseconds. */
  readonly burst: number;
  readonly gapMs: number;
  /** How long a request is left alone before it is reset, in milliseconds. */
  readonly afterMs: number;
  readonly latencyMs: number;
}
const kinds: readonly Kind[] = [
  { name: "reset with their own bytes", connections: 4, burst: 100, gapMs: 5, afterMs: 0, latencyMs: 0 },
  { name: "reset 5 ms later", connections: 2, burst: 20, gapMs: 20, afterMs: 5, latencyMs: 20 },
  { name: "reset 30 ms later, in small bursts", connections: 2, burst: 20, gapMs: 20, afterMs: 30, latencyMs: 50 },
];

async function rapid(port: number, { burst, gapMs, afterMs }: Kind, until: number): Promise<number> {
  const connection = await RawConnection.http2(port);
  const block = requestHeaders();
  const body = Buffer.from('{"key":"k"}');
  let requestCount = 0;
  while (performance.now() < until && !connection.closed && requestCount < 3000) {
    const ids = streamIds(burst, requestCount);
    requestCount += burst;
    const requests = ids.flatMap((id) => [headers(id, block), frame(Frame.data, Flag.endStream, id, body)]);
    const resets = ids.map((id) => reset(id));
    if (afterMs === 0) await connection.send(...requests, ...resets);
    else {
      await connection.send(...requests);
      setTimeout(() => void connection.send(...resets), afterMs);
    }
    await pause(gapMs);
  }
  connection.destroy();
  return requestCount;
}

test.each(kinds)(
  "the upstream survives requests that are $name",
  async (kind) => {
    const outcome = await attacked(
      async ({ port, upstream }) => {
        let requestCount = 0;
        const before = await upstream();
        const startedAt = performance.now();
        const connections = await waves(ATTACK_MS, kind.connections, async (_, until) => {
          requestCount += await rapid(port, kind, until);
        });
        const after = await upstream();
        const seconds = (performance.now() - startedAt) / 1000;
        return { requestCount, connections, seconds, calls: after.calls - before.calls };
      },
      { latencyMs: kind.latencyMs },
    );
    console.log(described(kind.name, outcome));
    expectUnharmed(outcome);
    const { requestCount, calls, seconds } = outcome.result;
    expect(requestCount).toBeGreaterThan(250);
    // A place is taken for as long as an answer takes, whoever leaves before.
    if (kind.latencyMs > 0)
      expect(calls).toBeLessThan(LIMIT * ((seconds * 1000) / kind.latencyMs + 1) + requestCount / 100);
  },
  ATTACK_MS * 4 + 60_000,
);
