// Requests whose upstreams fail, hang and are killed, and whose clients leave: each replay is identical.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { readCapture } from "@protobff/replay";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { workspaceIds } from "../../../examples/dashboard/data.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";
import { post, SPLIT_SERVER, startExample } from "../../bffs/worked-example/example.ts";
import { seededFaults } from "../../support/upstreams/upstreams-faults.ts";
import { startLive, streamed } from "./live-bff.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** `REPLAY_REQUESTS=10000 npx vitest run test/features/replay/faults.processes.test.ts` for the whole proof. */
const REQUESTS = Number(process.env.REPLAY_REQUESTS ?? 300);
const AT_ONCE = 24;
const KILL_EVERY = 40;

test(
  `${REQUESTS} requests under faults have the captured answer and order of events`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "protobff-faults-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const env = { BFF_CAPTURE: `all;dir=${folder};bytes=4GB` };
    const { upstreams, bff, close } = await startExample(SPLIT_SERVER, { env });
    const services = Object.values(upstreams.services);
    for (const service of services) service.fault(seededFaults(7, { failing: 0.15, hanging: 0.03 }));
    const random = seeded(process.env.PROTOBFF_SEED ?? 1, "replay");
    let sent = 0;
    const client = async (): Promise<void> => {
      while (sent < REQUESTS) {
        const n = sent++;
        if (n % KILL_EVERY === 0) {
          const killed = pick(random, services);
          await killed.stop();
          await killed.start();
        }
        const signal = n % 13 === 0 ? AbortSignal.timeout(n % 40) : undefined;
        await post(
          bff.url,
          { workspaceId: pick(random, workspaceIds), userId: "ada", query: `${n}` },
          {},
          signal,
        ).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    await close();
    await expectIdentical(folder, SPLIT_SERVER);
  },
  60_000 + REQUESTS * 300,
);

test(
  `${REQUESTS} streams under faults have the captured messages and order of events`,
  async () => {
    const { upstreams, worker, bff, server, folder } = await startLive(";bytes=4GB");
    const services = Object.values(upstreams.services);
    for (const service of services) service.fault(seededFaults(7, { failing: 0.15, hanging: 0.03 }));
    const random = seeded(process.env.PROTOBFF_SEED ?? 1, "replay streams");
    worker.breaks = () => {
      const items = Math.floor(random() * 12);
      const codes = [Code.Unavailable, Code.Unavailable, Code.DataLoss, undefined];
      return random() < 0.4 ? { items, code: pick(random, codes) } : undefined;
    };
    let sent = 0;
    const client = async (): Promise<void> => {
      while (sent < REQUESTS) {
        const n = sent++;
        if (n % 25 === 0) worker.cut();
        if (n % KILL_EVERY === 0) {
          const killed = pick(random, services);
          await killed.stop();
          await killed.start();
        }
        worker.text = n % 7 === 0 ? "x".repeat(20_000) : "";
        // A silent worker is left by the client.
        const signal = AbortSignal.timeout(n % 13 === 0 ? n % 40 : 3_000);
        const follow = streamed(bff.url, "FollowRun", { runId: `run-${n}` }, signal);
        const open = streamed(
          bff.url,
          "OpenPage",
          { workspaceId: pick(random, workspaceIds), userId: "u-ada" },
          signal,
        );
        // Some followers share a tail, which others have opened.
        const topic = streamed(bff.url, "FollowTopic", { runId: `run-${Math.floor(n / 9)}` }, signal);
        await Promise.allSettled([follow, open, topic]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    await bff.stop();
    await expectIdentical(folder, server);
  },
  60_000 + REQUESTS * 600,
);

/** Replays all files of a folder. */
async function expectIdentical(folder: string, server: string): Promise<void> {
  const files = readdirSync(folder).map((file) => join(folder, file));
  const captured = files.map((file) => readCapture(file).requests);
  const all = captured.flat();
  const kinds = new Set(all.flatMap(({ tape }) => tape.map(([kind]) => kind)));
  console.log(`${all.length} captured requests with ${[...kinds].sort().join(", ")}`); // printed, for reports
  expect(all.length).toBeGreaterThan(REQUESTS * 0.9);
  for (const [i, file] of files.entries()) {
    const { exitCode, stdout } = await run(["replay", file, "--server", server], root);
    const count = captured[i]?.length;
    const text = `${count} of ${count} requests have the captured answer and order of events\n`;
    expect([stdout, exitCode]).toEqual([text, 0]);
  }
  // A build has no difference from itself, unless a busy machine's timers were late by more than the margin.
  const { stdout } = await run(["replay", ...files, "--against", server], root);
  console.log(stdout); // printed, for reports
  const [, beyond] = /, (\d+) with differences that are not allowed, /.exec(stdout) ?? [];
  expect(Number(beyond)).toBeLessThanOrEqual(all.length / 100);
}
