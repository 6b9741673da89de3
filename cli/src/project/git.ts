// git, where it is there: which commit something comes from.
import { spawnSync } from "node:child_process";

const MOST_MS = 10_000;

/** The commit that a folder is at, where it is one of a repository; `changed` where its files are not what was committed. */
export function commitOf(folder: string): { readonly commit?: string; readonly changed?: true } {
  const commit = git(folder, ["rev-parse", "HEAD"]);
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return {};
  const status = git(folder, ["status", "--porcelain", "--", "."]);
  return status === undefined || status === "" ? { commit } : { commit, changed: true };
}

function git(cwd: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, {
    cwd,
    encoding: "utf8",
    timeout: MOST_MS,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout.trim() : undefined;
}
