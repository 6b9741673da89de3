import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Sources of the peers and inputs of the figures, without our own server. */
export const INPUTS = ["bench/peers", "bench/proto", "bench/rig/upstream.ts", "bench/rig/upstream-data.ts"];

export interface Change {
  readonly commit: string;
  readonly date: string;
  readonly subject: string;
  readonly files: readonly string[];
}

/** Commits that have changed a peer or an input after it was first committed, oldest first. A file's first commit is no change of it. */
export function changesToInputs(): Change[] {
  const log = execFileSync(
    "git",
    [
      "log",
      "--reverse",
      "--no-renames",
      "--diff-filter=MD",
      "--name-only",
      "--date=short",
      "--abbrev=8",
      "--format=%x00%h%x09%ad%x09%s",
      "--",
      ...INPUTS,
    ],
    { cwd: root, encoding: "utf8" },
  );
  return log
    .split("\0")
    .slice(1)
    .map((entry) => {
      const [head = "", ...files] = entry.split("\n").filter((line) => line !== "");
      const [commit = "", date = "", subject = ""] = head.split("\t");
      return { commit, date, subject, files };
    });
}

const MEASURED = ["runtime", "packages", "plugin", "cli", ":!**/*.test.ts"];

/** Number of commits after this one that changed the measured code; undefined if the commit is not in this clone. */
export function changesToCodeSince(commit: string): number | undefined {
  const { status, stdout } = spawnSync("git", ["rev-list", "--count", `${commit}..HEAD`, "--", ...MEASURED], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? Number(stdout) : undefined;
}
