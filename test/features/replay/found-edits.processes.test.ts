// `protobff replay --against`: pairs of builds that runs of `npm run fuzz -- against` have found.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { root } from "../../../scripts/workspaces.ts";

test("reports of found edits are what both builds do", { timeout: 120_000 }, () => {
  const program = join(root, "test/proofs/fuzz/against/found.ts");
  const env = { ...process.env, ...compiled };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { cwd: root, encoding: "utf8", env });
  expect([status, stdout, stderr]).toEqual([0, "", ""]);
});
