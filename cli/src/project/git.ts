// Reads commits with git, if git is installed.
import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";

const MAX_MS = 20_000;
const COMMIT = /^[0-9a-f]{40,64}$/;

/** Returns the commit of buf's reference to a repository: `branch=main`, `tag=v1,subdir=proto`, `ref=…`, or nothing. */
export function remoteCommit(repository: string, fragment: string): string | undefined {
  const options = new Map(fragment.split(",").map((part) => part.split("=", 2) as [string, string | undefined]));
  const ref = options.get("commit") ?? options.get("ref") ?? options.get("branch") ?? options.get("tag") ?? "HEAD";
  if (COMMIT.test(ref)) return ref;
  const lines = git(".", ["ls-remote", "--", repository, ref, `${ref}^{}`])?.split("\n") ?? [];
  // An annotated tag is followed by its commit.
  const found = lines.find((line) => line.endsWith("^{}")) ?? lines[0];
  const [commit = ""] = found?.split("\t") ?? [];
  return COMMIT.test(commit) ? commit : undefined;
}

/** Returns the root of the repository that a folder is in; undefined: it is in none. */
export function repositoryOf(folder: string): string | undefined {
  const root = git(folder, ["rev-parse", "--show-toplevel"]);
  return root === undefined ? undefined : realpathSync(root);
}
/** Returns the address of the repository's remote. */
export const remoteOf = (root: string): string | undefined => git(root, ["remote", "get-url", "origin"]);
/** Returns the name of the branch that a remote has by default, or of the present one. */
export function mainBranch(root: string): string | undefined {
  const remote = git(root, ["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
  return remote?.replace(/^origin\//, "") ?? git(root, ["symbolic-ref", "--short", "HEAD"]);
}

function git(cwd: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, {
    cwd,
    encoding: "utf8",
    timeout: MAX_MS,
    env: { ...process.env, GIT_TERMINAL_PROMPT: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout.trim() : undefined;
}
