// Measures `protobff fleet` as a process, over 50 BFFs with 500 rpcs, and the size of its page.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFleet } from "../test/support/fleet.ts";
import { median } from "./rig/statistics.ts";

const SIZE = { bffs: 50, rpcs: 10, upstreams: 30 };
const ROUNDS = 5;
const command = fileURLToPath(new URL("../cli/bin/protobff.js", import.meta.url));

export function runFleet(json: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), "protobff-fleet-"));
  try {
    writeFleet(join(folder, "teams"), SIZE);
    const times = Array.from({ length: ROUNDS }, () => {
      const begun = performance.now();
      const { status, stderr } = spawnSync(process.execPath, [command, "fleet", "teams"], {
        cwd: folder,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`protobff fleet fails: ${stderr}`);
      return performance.now() - begun;
    });
    const result = { seconds: median(times) / 1_000, page_mb: statSync(join(folder, "fleet.html")).size / 1e6 };
    if (json) console.log(JSON.stringify(result));
    else console.table(result);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
