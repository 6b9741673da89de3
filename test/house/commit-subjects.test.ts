// Subjects of commits that are new since origin/main, as CONTRIBUTING.md has them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const LONGEST = 72;
/** Commits up to this one are older than the check. */
const BEFORE = "04c45ce2de38";

/** Returns the fault of a subject, or undefined if there is none. */
function faultOf(subject: string): string | undefined {
  if (subject.length > LONGEST) return `has ${subject.length} characters, at most ${LONGEST} are allowed`;
  return /^[\w./-]+(?:, [\w./-]+)*: \S.*[^.]$/.test(subject) ? undefined : "is not `room: imperative summary`";
}

/** Returns git's output, or undefined if git fails, as without a repository or the named commit. */
function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : undefined;
}

test.each([
  ["server: reject header blocks after GOAWAY", undefined],
  ["server, runtime: reword logs", undefined],
  ["reject header blocks", "is not `room: imperative summary`"],
  ["server: reject header blocks.", "is not `room: imperative summary`"],
  [`server: ${"x".repeat(65)}`, "has 73 characters, at most 72 are allowed"],
])("the subject %j has the fault %j", (subject, fault) => expect(faultOf(subject)).toBe(fault));

test("new commits have subjects of at most 72 characters that begin with a room", () => {
  const known = ["origin/main", BEFORE].filter(
    (name) => git("rev-parse", "--verify", "--quiet", `${name}^{commit}`) !== undefined,
  );
  const range = known.length === 0 ? ["--max-count=1"] : known.map((name) => `^${name}`);
  const subjects = git("log", "--no-merges", "--format=%s", "HEAD", ...range) ?? "";
  const faults = subjects.split("\n").flatMap((subject) => {
    const fault = subject === "" ? undefined : faultOf(subject);
    return fault === undefined ? [] : [`${subject}: ${fault}`];
  });
  expect(faults).toEqual([]);
});
