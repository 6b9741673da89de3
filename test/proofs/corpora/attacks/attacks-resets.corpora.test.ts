// Requests that are reset: together with their end, or a moment later, when the upstream has them already.
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  Flag,
  Frame,
  frame,
  headers,
  RawConnection,
  requestHeaders,
  reset,
  streamIds,
  uint32,
  waves,
} from "./rig/raw-http2.ts";
import { ATTACK_MS, attacked, described, expectUnharmed } from "./rig/rig.ts";

const CONNECTIONS = 3;
const AT_ONCE = 50;
const BODY = frame(Frame.data, Flag.endStream, 0, Buffer.from('{"key":"k"}'));
const body = (stream: number) => {
  const bytes = Buffer.from(BODY);
  bytes.writeUInt32BE(stream, 5);
  return bytes;
};
/** Makes the server reset the stream (CVE-2025-8671). */
const madeToReset = (stream: number) => frame(Frame.windowUpdate, 0, stream, uint32(0));

describe.each(["own", "node"])("BFF_HTTP2=%s", (http2) => {
  test.each([
    ["rapid reset", 0, reset],
    ["rapid reset by the server's own hand", 0, madeToReset],
    ["resets after 5 ms", 5, reset],
  ])(
    "%s",
    async (name, delayMs, end) => {
      const attack = attacked(
        async ({ port, upstream }) => {
          const before = (await upstream()).calls;
          const startedAt = performance.now();
          let sent = 0;
          const connections = await waves(ATTACK_MS, CONNECTIONS, async (_, until) => {
            const connection = await RawConnection.http2(port);
            for (let from = 0; performance.now() < until; from += AT_ONCE) {
              const ids = streamIds(AT_ONCE, from);
              const requests = ids.map((id) => Buffer.concat([headers(id, requestHeaders()), body(id)]));
              const ends = ids.map((id) => end(id));
              if (delayMs === 0) {
                if (!(await connection.send(...requests.flatMap((request, i) => [request, ends[i] as Buffer])))) break;
              } else {
                await connection.send(...requests);
                await pause(delayMs);
                if (!(await connection.send(...ends))) break;
              }
              sent += AT_ONCE;
              await pause(20);
              if (connection.goaway !== undefined) break;
            }
            connection.destroy();
          });
          const normal = Math.ceil((performance.now() - startedAt) / 50) * 2;
          return { connections, sent, ofTheAttack: (await upstream()).calls - before - normal };
        },
        { env: { BFF_HTTP2: http2 } },
      );
      const outcome = await attack;
      process.stdout.write(`${described(`${name}, ${http2}`, outcome)}\n`);
      expectUnharmed(outcome);
      const { sent, ofTheAttack } = outcome.result;
      expect(sent).toBeGreaterThan(500);
      if (delayMs === 0) expect(ofTheAttack).toBeLessThan(sent / 10);
    },
    60_000,
  );
});
