// A pull request's worth of changes: what `protobff diff` says of each, as Markdown. The goldens are test/golden/diff.txtar.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareReports } from "../../../cli/src/diff/compare.ts";
import { markdownOf } from "../../../cli/src/diff/markdown.ts";
import { run } from "../../../cli/src/testing/run.ts";
import { compile } from "../../../plugin/src/compile.ts";
import type { FileReport } from "../../../plugin/src/report/describe-report.ts";
import { goldenOf, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { together } from "../../support/together.ts";
import { type Changes, cases, SHOP, STOCK } from "./changes.ts";

const changed = (text: string, changes: Changes): string =>
  changes.reduce((so, [from, to]) => {
    if (!so.includes(from)) throw new Error(`shop.proto has no ${from}`);
    return so.replaceAll(from, to);
  }, text);

const others = { ...UPSTREAMS, "stock/v1/stock.proto": STOCK };
const bases = cases.map(({ base = [] }) => changed(SHOP, base));
const versions = [SHOP, ...bases, ...cases.map(({ change }, i) => changed(bases[i] ?? "", change))];
together(
  others,
  versions.map((shop) => ({ "shop/v1/shop.proto": shop })),
);

function reports(shop: string): readonly FileReport[] {
  const request = requestFor({ ...others, "shop/v1/shop.proto": shop }, ["shop/v1/shop.proto"]);
  const { response } = compile({ ...request, parameter: "plan=json" }, () => undefined);
  expect(response.error).toBe("");
  return response.file
    .filter(({ name }) => name.endsWith("_plan.json"))
    .map(({ content }) => JSON.parse(content) as FileReport);
}

describe("protobff diff", () => {
  const before = reports(SHOP);

  test("finds nothing between equal reports", () => {
    expect(compareReports(before, reports(SHOP))).toEqual([]);
  });

  test.each(cases)("$name", (testCase) => {
    const base = changed(SHOP, testCase.base ?? []);
    const findings = compareReports(base === SHOP ? before : reports(base), reports(changed(base, testCase.change)));
    const kinds = new Set(findings.map(({ kind }) => kind));
    expect(testCase.kinds.filter((kind) => !kinds.has(kind))).toEqual([]);
    if (testCase.only === true) expect([...kinds.difference(new Set(testCase.kinds))]).toEqual([]);
    const markdown = markdownOf(findings, ".git#branch=main");
    expect(markdown).toBe(goldenOf("diff", `${testCase.name}.md`, { "": markdown })[""]);
  });
});

describe("in a git repository", { timeout: 120_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-diff-"));
  /** The project stands in a folder of it. */
  const cwd = join(root, "bff");
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      stdio: "pipe",
    });
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  };
  const opt = (more: string): string => `version: v2
inputs:
  - directory: proto
    exclude_paths: [proto/junk]
plugins:
  - local: protoc-gen-bff
    out: gen
    opt: [import_extension=ts${more}]
`;
  beforeAll(() => {
    const repository = fileURLToPath(new URL("../../..", import.meta.url));
    write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: some\nbreaking:\n  use: [FILE]\n");
    write("buf.gen.yaml", opt(""));
    for (const [name, text] of Object.entries(UPSTREAMS)) write(`proto/${name}`, text);
    write("proto/shop/v1/shop.proto", SHOP);
    write("some/some/v1/some.proto", 'syntax = "proto3"; package some.v1; message Some {}');
    write("proto/junk/v1/junk.proto", 'syntax = "proto3"; package junk.v1; message Junk {}');
    cpSync(join(repository, "proto/bff"), join(cwd, "proto/bff"), { recursive: true });
    git("init", "-q", "-b", "main");
    git("add", "-A");
    git("commit", "-qm", "before");
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("finds nothing between equal trees, and writes nothing", async () => {
    const { exitCode, stdout, stderr } = await run(["diff", "--fail-on", "worse"], cwd);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("## BFF: the behaviour is unchanged\n\nCompared with `.git#branch=main`.\n");
    expect(git("status", "--porcelain").toString()).toBe("");
  });

  test("prints findings of buf first, accepts changes of upstreams, and reads the buf.gen.yaml of each side", async () => {
    write(
      "proto/shop/v1/shop.proto",
      SHOP.replace("  optional string note = 3", "  optional string notes = 3").replace(`"1s"`, `"800ms"`),
    );
    const [name = "", text = ""] = Object.entries(UPSTREAMS)[0] ?? [];
    write(
      `proto/${name}`,
      text
        .replace("string name = 2;", "string name = 2;\n  reserved 99;")
        .replace("  int32 total = 2;", "  int64 total = 2;")
        .replace("int64 total", "int32 total")
        .replace("bytes digest = 21;", "bytes hash = 21;"),
    );
    // The other side does not know this option's value, and need not.
    write("buf.gen.yaml", opt(",weight=headers:0"));
    const { exitCode, stdout, stderr } = await run(["diff", "--fail-on=breaking"], cwd);
    expect(exitCode).toBe(1);
    const rows = stdout.split("\n").filter((line) => line.startsWith("| **"));
    expect(rows[0]).toMatch(
      /^\| \*\*buf breaking\*\*: `.*"note" to "notes".*` \(FIELD_SAME_JSON_NAME\) \| `proto\/shop\/v1\/shop.proto:\d+` \|/,
    );
    expect(stdout.split("### Different")[1]).toMatch(/"digest" to "hash".*in a file that no rpc of a BFF imports/);
    expect(stdout.split("### Different")[1]).toContain(
      "| **deadlines**: clients wait less time at most | `ShopService/GetPage` | 1 s | 800 ms |",
    );
    expect(stderr).toMatch(/^--fail-on: worse: .*notes/);
    expect(stderr).not.toContain("hash");
  });

  test("compares all modules if one module has separate rules", async () => {
    const yaml = readFileSync(join(cwd, "buf.yaml"), "utf8");
    write("buf.yaml", yaml.replace("breaking:", "  - path: more\n    breaking:\n      use: [WIRE]\nbreaking:"));
    write("more/more/v1/more.proto", 'syntax = "proto3"; package more.v1; message More {}');
    write("buf.gen.yaml", opt("").replace("directory: proto", "directory: ."));
    const { exitCode, stdout } = await run(["diff", "--fail-on=breaking"], cwd);
    write("buf.gen.yaml", opt(""));
    write("buf.yaml", yaml);
    rmSync(join(cwd, "more"), { recursive: true });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\(FIELD_SAME_JSON_NAME\) \| `(proto\/)?shop\/v1\/shop.proto:\d+`/);
    expect(stdout).not.toContain("deleted");
  });

  test("reports that the other side does not compile, and fails if a requested check is impossible", async () => {
    git("checkout", "-q", "-b", "broken");
    write("proto/shop/v1/shop.proto", SHOP.replace("item.note", "item.not_there"));
    git("commit", "-qam", "broken");
    write("proto/shop/v1/shop.proto", SHOP);
    const against = ["diff", "--against", ".git#ref=broken"];
    const { exitCode, stdout } = await run([...against, "--fail-on=breaking"], cwd);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^> The other side does not compile with this version, .*not_there/m);
    expect((await run([...against, "--fail-on=breaking,exposure"], cwd)).exitCode).toBe(1);
  });

  test("rejects a branch or path that does not exist", async () => {
    expect(await run(["diff", "--against", ".git#branch=nowhere"], cwd)).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^git has no "nowhere" here: fetch it/),
    });
    expect(await run(["diff", "--against", "nowhere"], cwd)).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/^there is no nowhere: --against takes/),
    });
  });
});
