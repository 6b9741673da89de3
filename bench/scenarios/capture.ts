// Measures the cost of captures: none, a share, failed and slow requests, all requests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runClosedLoop } from "../rig/closed-loop.ts";
import type { RunOptions, ScenarioResult } from "../rig/result.ts";
import { closedLoops } from "./closed-loops.ts";

const OFF = "off";

export async function runCapture(options: RunOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), "bench-capture-"));
  const loop = closedLoops.find(({ name }) => name === "fanout");
  const ours = loop?.variants.find(({ name }) => name === "protobff");
  if (loop === undefined || ours === undefined) throw new Error("there is no composition fanout");
  const captured = (name: string, capture: string) => ({
    ...ours,
    name,
    launch: { ...ours.launch, env: { ...ours.launch.env, BFF_CAPTURE: `${capture};dir=${folder}` } },
  });
  try {
    return await runClosedLoop(
      {
        name: "capture",
        variants: [
          captured(OFF, "off"),
          captured("a share", "0.001"),
          captured("failed and slow", "failed,slow,0.001"),
          captured("all", "all"),
        ],
        comparedWith: OFF,
        request: loop.request,
        faultOf: loop.faultOf,
        size: { ...loop.size, warmUp: 20_000, measured: 20_000 },
      },
      options,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
