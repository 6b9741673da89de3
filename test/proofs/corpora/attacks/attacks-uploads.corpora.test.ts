// Uploads that keep other clients out.
import { once } from "node:events";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FAST, numbers, RawConnection } from "./rig/raw-http2.ts";
import { ATTACK_MS, attacked, described, expectUnharmed } from "./rig/rig.ts";

const HEAD = `POST ${FAST} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;

test("chunks of one byte over HTTP/1.1, as fast as the server reads them, leave normal clients served", async () => {
  const chunks = Buffer.from("1\r\nx\r\n".repeat(2000));
  const outcome = await attacked(
    async ({ port }) => {
      const until = performance.now() + ATTACK_MS;
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
  for (const { requestCount, bad } of [outcome.normal.http1, outcome.normal.http2]) {
    expect(Object.values(bad).reduce((sum, count) => sum + count, 0)).toBeLessThan(requestCount / 10);
  }
}, 60_000);

const UPLOAD = Buffer.from(`{"key":"k"${" ".repeat(200_000)}}`);

/** The status of 200 kB that are sent in 2 s, as from a phone. */
async function slowUpload(port: number): Promise<string> {
  const { socket } = await RawConnection.open(port);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  socket.write(`${HEAD}Connection: close\r\nContent-Length: ${UPLOAD.length}\r\n\r\n`);
  const piece = Math.ceil(UPLOAD.length / 20);
  for (let at = 0; at < UPLOAD.length && !socket.destroyed; at += piece) {
    socket.write(UPLOAD.subarray(at, at + piece));
    await pause(100);
  }
  if (!socket.closed) await once(socket, "close", { signal: AbortSignal.timeout(15_000) }).catch(() => {});
  socket.destroy();
  return answer.slice(9, 12) || "no answer";
}

test("endless large bodies leave slow uploads of other clients served", async () => {
  const env = { BFF_MAX_PENDING_BYTES: String(24 << 20) };
  const begun = Buffer.alloc(900_000, " ");
  const outcome = await attacked(
    async ({ port }) => {
      const honest = Promise.all(numbers(20).map(() => slowUpload(port)));
      let over = false;
      let connections = 0;
      const attackers = numbers(40).map(async () => {
        while (!over) {
          const connection = await RawConnection.open(port);
          connection.socket.once("data", () => connection.destroy()); // refused: the next one
          connections++;
          await connection.send(Buffer.from(`${HEAD}Content-Length: 1000000\r\n\r\n`), begun);
          while (!over && !connection.closed) await pause(50);
          connection.destroy();
        }
      });
      const statuses = await honest;
      over = true;
      await Promise.all(attackers);
      return { statuses: [...new Set(statuses)], connections };
    },
    { env },
  );
  process.stdout.write(`${described("large bodies that never end beside slow uploads", outcome)}\n`);
  expectUnharmed(outcome);
  expect(outcome.result.connections).toBeGreaterThan(40); // those above the bound are given up
  expect(outcome.result.statuses).toEqual(["200"]);
}, 90_000);
