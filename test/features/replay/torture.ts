// npm run torture:replay [-- --seconds N]: captures all requests of the soak, whose upstreams fail, hang and die, and
// replays each. Exits with 1 unless every replay has the captured answer and order of events.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CaptureError } from "../../../packages/replay/src/capture/capture-error.ts";
import { readCapture } from "../../../packages/replay/src/capture/read-capture.ts";
import { replayExactly } from "../../../packages/replay/src/tape/replay-exactly.ts";
import { openWorld } from "../../../packages/replay/src/world/create-endpoints.ts";
import { loadServer } from "../../../packages/replay/src/world/load-server.ts";
import { secondEnv } from "../../bffs/second/upstreams.ts";
import { second } from "../../proofs/load/bffs.ts";
import { generate } from "../../proofs/load/generate-bff.ts";
import { soak } from "../../proofs/soak/soak.ts";

/** Counts of a run. */
export interface Tortured {
  readonly requests: number;
  readonly identical: number;
  /** Requests of RPCs that are not replayed. */
  readonly left: number;
  /** First differences, with the request's method. */
  readonly differences: readonly string[];
  /** Requests by the events that they have. */
  readonly events: Readonly<Record<string, number>>;
}

/** Captures a soak of this length, and replays it. */
export async function torture(seconds: number, seed: number): Promise<Tortured> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-torture-"));
  const generated = generate({ ...second, name: "replay" }, true, true);
  try {
    const capture = { BFF_CAPTURE: `all;dir=${folder};bytes=16GB` };
    await soak({ seconds, seed, env: capture });
    Object.assign(process.env, secondEnv);
    return await replayed(folder, join(generated, "gen/shop/v1/server.ts"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(generated, { recursive: true, force: true });
  }
}

async function replayed(folder: string, server: string): Promise<Tortured> {
  const world = await openWorld(await loadServer(server), process.env);
  const events: Record<string, number> = {};
  const differences: string[] = [];
  let [requests, identical, left] = [0, 0, 0];
  for (const file of readdirSync(folder)) {
    const content = readCapture(join(folder, file));
    for (const request of content.requests) {
      requests++;
      const kinds = [
        ...request.tape.map(([kind]) => kind),
        ...request.decisions.map(([, , result]) => `guard: ${result}`),
      ];
      for (const kind of new Set<string>(kinds)) events[kind] = (events[kind] ?? 0) + 1;
      try {
        const { difference } = await replayExactly(world, content.header, request);
        if (difference === undefined) identical++;
        else differences.push(`${request.method}: ${difference}`);
      } catch (thrown) {
        if (!(thrown instanceof CaptureError)) throw thrown;
        left++;
      }
    }
  }
  return { requests, identical, left, differences, events };
}

if (import.meta.main) {
  const at = process.argv.indexOf("--seconds");
  const { differences, ...counts } = await torture(at < 0 ? 60 : Number(process.argv[at + 1]), 1);
  process.stdout.write(
    `${differences
      .slice(0, 20)
      .map((text) => `${text.slice(0, 400)}\n`)
      .join("")}${JSON.stringify(counts)}\n`,
  );
  process.exit(counts.identical + counts.left === counts.requests ? 0 : 1);
}
