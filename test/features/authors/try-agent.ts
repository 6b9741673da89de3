// Tries an agent on the tasks: `node test/features/authors/try-agent.ts "<command>"`. The command runs in a package for
// each task, with the task on its standard input. Prints in how many rounds of generating or checking there was no error,
// and whether the tests of the task pass. `--bare` gives the agent neither AGENTS.md nor protobff, `--only page,join` some
// of the tasks. `prepare` and `test` in place of a command are the two halves, for an agent that is no command.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { beginPackage, put, readTasks, type Task } from "./tasks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { bare: { type: "boolean", default: false }, only: { type: "string" } },
});
const [command = ""] = positionals;
const trial = join(root, "test/.generated/trial", values.bare ? "bare" : "guided");
const folderOf = ({ name }: Task): string => join(trial, name);
const AGENT_MS = 20 * 60_000;

const INTRODUCTION = `Write a backend-for-frontend in this package. The upstreams are in protos/. Edit proto/, and generate with
\`npx buf generate\`. Done means that it generates without an error and does what follows.

`;

/** A package with commands that count their calls in `rounds`. */
async function prepare(task: Task): Promise<void> {
  const folder = folderOf(task);
  rmSync(folder, { recursive: true, force: true });
  await beginPackage(folder, !values.bare);
  for (const path of ["proto/shop", "test", "node_modules", "gen", "bff.lock.json"])
    rmSync(join(folder, path), { recursive: true });
  const bins = join(folder, "node_modules/.bin");
  mkdirSync(bins, { recursive: true });
  for (const name of readdirSync(join(root, "node_modules/.bin"))) {
    if (name === "buf" || name === "protobff") continue;
    symlinkSync(join(root, "node_modules/.bin", name), join(bins, name));
  }
  const counted = {
    buf: "node_modules/@bufbuild/buf/bin/buf",
    ...(values.bare ? {} : { protobff: "cli/bin/protobff.js" }),
  };
  for (const [name, path] of Object.entries(counted)) {
    writeFileSync(
      join(bins, name),
      `#!/bin/sh\nnice node "${join(root, path)}" "$@"\nstatus=$?\necho "$status ${name} $*" >> "${folder}/rounds"\nexit $status\n`,
    );
    chmodSync(join(bins, name), 0o755);
  }
  put(folder, { "TASK.md": INTRODUCTION + task.text, rounds: "" });
}

interface Verdict {
  readonly name: string;
  readonly rounds: number;
  readonly passes: boolean;
}

/** Runs the tests of a task over what the package generates. */
function testedOf(task: Task): Verdict {
  const folder = folderOf(task);
  const lines = readFileSync(join(folder, "rounds"), "utf8").split("\n");
  // The last round succeeds; calls after it only look.
  const rounds = lines.filter((line) => /^[1-9]\d* (buf generate|protobff check)/.test(line)).length + 1;
  const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  put(folder, { [`test/${task.name}.test.ts`]: task.tests });
  node(join(root, "node_modules/@bufbuild/buf/bin/buf"), "generate");
  const tested = node(join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", ".", `test/${task.name}.test.ts`);
  writeFileSync(join(folder, "verdict.txt"), stripVTControlCharacters(`${tested.stdout}${tested.stderr}`));
  return { name: task.name, rounds, passes: tested.status === 0 };
}

const tasks = readTasks().filter(({ name }) => values.only?.split(",").includes(name) ?? true);
const verdicts: Verdict[] = [];
for (const task of tasks) {
  if (command !== "test") await prepare(task);
  if (command === "prepare") continue;
  if (command !== "test") {
    const input = readFileSync(join(folderOf(task), "TASK.md"));
    const { stdout } = spawnSync("sh", ["-c", command], { cwd: folderOf(task), input, timeout: AGENT_MS });
    writeFileSync(join(folderOf(task), "transcript.txt"), stdout);
  }
  if (!existsSync(dirname(folderOf(task)))) continue;
  const verdict = testedOf(task);
  verdicts.push(verdict);
  console.log(
    `${verdict.name.padEnd(12)}${String(verdict.rounds).padStart(3)} rounds  ${verdict.passes ? "passes" : "fails"}`,
  );
}
if (verdicts.length > 0) {
  const rounds = verdicts.map((verdict) => verdict.rounds).toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [rounds[Math.floor((rounds.length - 1) / 2)], rounds[Math.floor(rounds.length / 2)]];
  const passed = verdicts.filter(({ passes }) => passes).length;
  console.log(`median ${(low + high) / 2} rounds, ${passed} of ${verdicts.length} pass`);
}
