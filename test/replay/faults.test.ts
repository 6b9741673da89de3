// Requests whose upstreams fail, hang and are killed, and whose clients leave: each replay is identical.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "@protobff/replay";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../cli/src/testing/run.ts";
import { workspaceIds } from "../../examples/dashboard/data.ts";
import { post, SPLIT_SERVER, startExample } from "../e2e/example.ts";
import { pick, seeded } from "../second/random-message.ts";
import { seededFaults } from "../support/upstreams-faults.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** `REPLAY_REQUESTS=10000 npx vitest run test/replay/faults.test.ts` for the whole proof. */
const REQUESTS = Number(process.env.REPLAY_REQUESTS ?? 300);
const AT_ONCE = 24;
const KILL_EVERY = 40;

test(
  `${REQUESTS} requests under faults have the captured answer and order of events`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "protobff-faults-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const env = { BFF_CAPTURE: "all", BFF_CAPTURE_DIR: folder, BFF_CAPTURE_BYTES: String(2 ** 32) };
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
    const files = readdirSync(folder).map((file) => join(folder, file));
    const captured = files.map((file) => readCapture(file).requests.length);
    const all = captured.reduce((sum, count) => sum + count, 0);
    console.log(`${all} captured requests`); // printed, for reports
    expect(all).toBeGreaterThan(REQUESTS * 0.9);
    for (const [i, file] of files.entries()) {
      const { exitCode, stdout } = await run(["replay", file, "--server", SPLIT_SERVER], root);
      const text = `${captured[i]} of ${captured[i]} requests have the captured answer and order of events\n`;
      expect([stdout, exitCode]).toEqual([text, 0]);
    }
  },
  60_000 + REQUESTS * 300,
);
