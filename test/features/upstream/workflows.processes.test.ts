// Plays the workflow that `init` writes, step by step, in fresh clones of a repository with the package in a folder.
// Holds docs/cli.md#ci
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { run } from "../../../cli/src/testing/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const CATALOG = `syntax = "proto3";
package catalog.v1;
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product { string id = 1; string name = 2; }
`;
interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, unknown>>;
}
let work = "";
const path = (name: string): string => join(work, name);
const write = (name: string, text: string): void => {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
};
const git = (cwd: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", ...args], {
    cwd: path(cwd),
    encoding: "utf8",
  }).trim();

beforeAll(async () => {
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  work = mkdtempSync(join(root, "test/.generated/workflows-"));
  write("theirs/catalog/v1/catalog.proto", CATALOG);
  mkdirSync(path("repository/.github"), { recursive: true });
  git("repository", "init", "--quiet");
  const args = ["init", "shop", "--from", path("theirs"), "--no-install", "--no-start"];
  expect(await run(args, path("repository"))).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(".github/workflows/bff.yaml is written\n"),
  });
  // Commands of the repository in place of those of an installation; gh records its arguments.
  write("bin/npx", '#!/bin/sh\nexec "$@"\n');
  write("bin/npm", '#!/bin/sh\ncase "$1" in ci | install) ;; *) exec vitest run --root . ;; esac\n');
  write("bin/gh", `#!/bin/sh\necho "$*" >> "$GH_LOG"\n[ "$2" != create ] || [ ! -e "$GH_LOG.taken" ]\n`);
  // The packages are sources here, which hold under the repository's own options.
  write("bin/tsc", `#!/bin/sh\nexec ${join(root, "node_modules/.bin/tsc")} --exactOptionalPropertyTypes true\n`);
  for (const name of ["npx", "npm", "gh", "tsc"]) chmodSync(path(`bin/${name}`), 0o755);
  execFileSync("buf", ["generate"], { cwd: path("repository/shop") });
  git("repository", "add", ".");
  git("repository", "commit", "--quiet", "--message=shop");
  git(".", "clone", "--quiet", "--bare", "repository", "origin");
}, 120_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs the steps of a job in a fresh clone. Returns the exit status of each that ran, and the clone. */
function played(job: string, change: (clone: string) => void = () => {}) {
  const clone = `clone-${job}-${Math.random().toString(36).slice(2)}`;
  git(".", "clone", "--quiet", "origin", clone);
  change(clone);
  const workflow = parse(readFileSync(path(`${clone}/.github/workflows/bff.yaml`), "utf8"));
  const temp = path(`${clone}-temp`);
  mkdirSync(temp);
  const env: Record<string, string | undefined> = {
    ...process.env,
    PATH: `${path("bin")}:${join(root, "node_modules/.bin")}:${process.env.PATH}`,
    GITHUB_BASE_REF: "main",
    GITHUB_OUTPUT: join(temp, "output"),
    GITHUB_STEP_SUMMARY: join(temp, "summary"),
    RUNNER_TEMP: temp,
    GH_LOG: path("gh.log"),
    NUMBER: "7",
    CI: undefined,
  };
  const steps = (workflow.jobs[job].steps as Step[]).filter((step) => step.run !== undefined);
  const cwd = join(path(clone), workflow.defaults.run["working-directory"]);
  const statuses: Record<string, number | null> = {};
  let text = "";
  for (const step of steps) {
    if (Object.values(statuses).some((status) => status !== 0) && step.if?.includes("always()") !== true) continue;
    if (step.if?.includes("outputs.status") === true && readFileSync(join(temp, "output"), "utf8") === "status=0\n")
      continue;
    const more = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, String(value)]));
    const own = Object.fromEntries(Object.entries(more).filter(([, value]) => !value.includes("${{")));
    const options = { cwd, env: { ...env, ...own }, encoding: "utf8" as const };
    const { status, stdout, stderr } = spawnSync("bash", ["-eo", "pipefail", "-c", step.run ?? ""], options);
    statuses[step.name ?? step.run ?? ""] = status;
    text += stdout + stderr;
  }
  const summary = join(temp, "summary");
  return { statuses, text, clone, summary: existsSync(summary) ? readFileSync(summary, "utf8") : "" };
}
const failed = ({ statuses, text }: ReturnType<typeof played>) =>
  Object.values(statuses).some((status) => status !== 0) ? { statuses, text } : undefined;
const ghLog = (): string => (existsSync(path("gh.log")) ? readFileSync(path("gh.log"), "utf8") : "");

test("a change passes its checks in a fresh clone", { timeout: 180_000 }, () => {
  const result = played("check");
  expect(failed(result)).toBeUndefined();
  expect(Object.keys(result.statuses)).toEqual([
    "npm ci",
    "npx buf lint",
    "npx buf format proto --diff --exit-code",
    "npx buf generate",
    "npx tsc",
    "npm test",
    "npx protobff upstream check --format github",
  ]);
});

test("an upstream that breaks fails the check", { timeout: 180_000 }, () => {
  write("theirs/catalog/v1/catalog.proto", CATALOG.replace("string name = 2;", ""));
  const result = played("check");
  write("theirs/catalog/v1/catalog.proto", CATALOG);
  expect(result.statuses["npx protobff upstream check --format github"]).toBe(1);
  expect(result.text).toContain("::error file=upstream/source.json,title=theirs%3A BFF911::");
});

test("a pull request gets a comment with what changes", { timeout: 180_000 }, () => {
  const result = played("diff", (clone) => {
    const [name = ""] = git(clone, "ls-files", "shop/proto/shop").split("\n");
    const text = readFileSync(path(`${clone}/${name}`), "utf8");
    write(`${clone}/${name}`, text.replace(/\n {2}string name = \d+.*?;/s, ""));
  });
  expect(result.statuses).toMatchObject({ Compare: 1, Replay: 0 });
  expect(result.summary).toContain("name");
  expect(ghLog()).toMatch(/^pr comment 7 --edit-last --create-if-none --body-file .*diff\.md\n$/);
});

test("a pull request gets what the change answers to captured requests", { timeout: 180_000 }, async () => {
  const shop = path("repository/shop");
  const folder = path("captured");
  const env = { ...process.env, HOST: "127.0.0.1", PORT: "0", BFF_LOG: "off", BFF_CAPTURE: `all;dir=${folder}` };
  const server = spawn(process.execPath, ["gen/shop/v1/server.ts", "--mock"], { cwd: shop, env });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [line] = await once(server.stdout.setEncoding("utf8"), "data");
  const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/shop.v1.ShopService/GetProduct`, { method: "POST", headers, body: '{"id":"1"}' });
  expect(await answer.json()).toMatchObject({ product: { name: expect.any(String) } });
  server.kill("SIGTERM");
  await once(server, "exit");
  const result = played("diff", (clone) => {
    cpSync(folder, path(`${clone}/shop/captures`), { recursive: true });
    const [name = ""] = git(clone, "ls-files", "shop/proto/shop").split("\n");
    const text = readFileSync(path(`${clone}/${name}`), "utf8");
    write(`${clone}/${name}`, text.replace(/\n {2}string name = \d+.*?;/s, ""));
  });
  expect([result.statuses, result.text]).toEqual([expect.objectContaining({ Replay: 1 }), expect.anything()]);
  expect(result.summary).toMatch(/^1 requests: 0 same, 1 with differences that are not allowed, 0 not comparable$/m);
  expect(result.summary).toMatch(/^\| other answer \| `Product\.#2` \| 1 \| /m);
});

test("a nightly update opens a pull request, rewrites it, and leaves what would break", { timeout: 180_000 }, () => {
  rmSync(path("gh.log"), { force: true });
  write("theirs/catalog/v1/catalog.proto", CATALOG.replace("name = 2;", "name = 2; string maker = 3;"));
  expect(failed(played("update"))).toBeUndefined();
  expect(git("origin", "show", "bff-upstream-update:shop/upstream/theirs/catalog/v1/catalog.proto")).toContain("maker");
  expect(git("origin", "diff", "--name-only", "main", "bff-upstream-update").split("\n")).toEqual([
    "shop/upstream/source.json",
    "shop/upstream/theirs/catalog/v1/catalog.proto",
  ]);
  write("gh.log.taken", "");
  write(
    "theirs/catalog/v1/catalog.proto",
    CATALOG.replace("name = 2;", "name = 2; string maker = 3; string kind = 4;"),
  );
  expect(failed(played("update"))).toBeUndefined();
  expect(git("origin", "show", "bff-upstream-update:shop/upstream/theirs/catalog/v1/catalog.proto")).toContain("kind");
  expect(
    ghLog()
      .split("\n")
      .map((line) => line.split(" ").slice(0, 2).join(" ")),
  ).toEqual(["pr create", "pr create", "pr edit", ""]);
  rmSync(path("gh.log"));
  write("theirs/catalog/v1/catalog.proto", CATALOG.replace("string name = 2;", ""));
  const broken = played("update");
  expect(broken.statuses).toMatchObject({ Update: 0, "Fail if an upstream breaks this BFF, or cannot be read": 1 });
  expect(broken.text).toContain("BFF911");
  expect(ghLog()).toBe("");
  expect(git(broken.clone, "status", "--porcelain")).toBe("");
});
