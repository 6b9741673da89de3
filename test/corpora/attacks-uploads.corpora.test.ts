// Uploads that keep other clients out.
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FAST, numbers, RawConnection } from "./attacks/raw-http2.ts";
import { attacked, described, expectUnharmed } from "./attacks/rig.ts";

const MS = Number(process.env.ATTACK_MS ?? 2000);
const HEAD = `POST ${FAST} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;

test("chunks of one byte over HTTP/1.1, as fast as they are read: normal clients are served", async () => {
  const chunks = Buffer.from("1\r\nx\r\n".repeat(2000));
  const outcome = await attacked(
    async ({ port }) => {
      const until = performance.now() + MS;
      let connections = 0;
      await Promise.all(
        numbers(10).map(async () => {
          while (performance.now() < until) {
            const connection = await RawConnection.open(port);
            connections++;
            let goesOn = await connection.send(Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`));
            while (goesOn && performance.now() < until) {
              goesOn = await connection.send(chunks);
              await turn(); // in which the end of the connection is noticed
            }
            connection.destroy();
          }
        }),
      );
      return { connections };
    },
    { heapMb: 64 },
  );
  process.stdout.write(`${described("chunks of one byte, as fast as they are read", outcome)}\n`);
  expectUnharmed(outcome);
  expect(outcome.result.connections).toBeGreaterThan(10); // those with too many are closed
  for (const { asked, bad } of [outcome.normal.http1, outcome.normal.http2]) {
    expect(Object.values(bad).reduce((sum, count) => sum + count, 0)).toBeLessThan(asked / 10);
  }
}, 60_000);
