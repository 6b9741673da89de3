// The workflow that `init` writes, as actionlint reads it.
// Holds docs/cli.md#ci
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workflowOf } from "../../../cli/src/init/workflows/workflow.ts";

/** A command of Go's: its folder of programs may not be on the path. */
const command = (): string =>
  spawnSync("actionlint", ["-version"]).status === 0
    ? "actionlint"
    : join(execFileSync("go", ["env", "GOPATH"], { encoding: "utf8" }).trim(), "bin/actionlint");

test.skipIf(process.env.PROTOBFF_WITHOUT_ACTIONLINT === "1").each([
  { folder: ".", hasOrigins: true },
  { folder: "services/shop", hasOrigins: true },
  { folder: "shop", hasOrigins: false },
])("actionlint accepts the workflow of $folder", ({ folder, hasOrigins }) => {
  const input = workflowOf("github", { folder, branch: "main", hasOrigins });
  const options = ["-stdin-filename", ".github/workflows/bff.yaml", "-"];
  const { stdout, status } = spawnSync(command(), options, { input, encoding: "utf8" });
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
});
