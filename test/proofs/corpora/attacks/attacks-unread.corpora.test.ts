// Answers that are headers alone, requested as fast as a connection takes requests, and never read. The server's own HTTP/2 ends the
// connection at the 16 MiB of ConnectionBytes: FloodGuard counts whole requests as progress, and SendQueue bounds bodies alone.
// node:http2 does not read on while a write waits, so the client's requests no longer leave.
import { expect, test } from "vitest";
import {
  Flag,
  Frame,
  frame,
  headers,
  numbers,
  PREFACE,
  RawConnection,
  requestHeaders,
  settings,
} from "./rig/raw-http2.ts";
import { attacked, described, expectUnharmed } from "./rig/rig.ts";

const CONNECTIONS = 2;
/** A busy machine writes some 14,000 answers a second: 10 s were too few for 16 MiB and the kernel's buffers. */
const ATTACK_MS = 60_000;
const AT_ONCE = 100;
/** A message that its length does not fit: the answer is headers with `grpc-status`. */
const BROKEN = Buffer.from([0, 0, 0, 0, 1, 255]);

test("the server takes no more requests from a client that does not read its refusals", {
  timeout: 180_000,
}, async () => {
  const outcome = await attacked(
    async ({ port }) => {
      const until = performance.now() + ATTACK_MS;
      const block = requestHeaders("/atk.v1.AtkService/Fast", "application/grpc");
      let [sent, ended] = [0, 0];
      const flood = async (): Promise<void> => {
        const connection = await RawConnection.open(port); // has no listener for data
        let takes = await connection.send(PREFACE, settings(), frame(Frame.settings, Flag.ack, 0));
        for (let id = 1; takes && performance.now() < until; sent += AT_ONCE, id += 2 * AT_ONCE) {
          const requests = numbers(AT_ONCE).map((i) =>
            Buffer.concat([headers(id + 2 * i, block), frame(Frame.data, Flag.endStream, id + 2 * i, BROKEN)]),
          );
          takes = await connection.send(...requests);
        }
        if (connection.socket.destroyed || !takes) ended++;
        connection.destroy();
      };
      await Promise.all(numbers(CONNECTIONS).map(flood));
      return { sent, ended };
    },
    { heapMb: 256 },
  );
  console.log(described("refusals that nobody reads", outcome));
  expectUnharmed(outcome);
  expect(outcome.result.sent).toBeGreaterThan(CONNECTIONS * AT_ONCE);
  expect(outcome.result.ended, outcome.log).toBe(CONNECTIONS); // nothing more is taken from who does not read
  expect(outcome.peakRss - outcome.before.rss).toBeLessThan(200 << 20);
});
