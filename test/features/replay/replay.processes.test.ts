// Captures of a real server under faults, and their replay by the command.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertIdentical } from "@protobff/replay";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { captureText } from "../../../packages/replay/src/capture/capture-text.ts";
import { readCapture } from "../../../packages/replay/src/capture/read-capture.ts";
import { post, SPLIT_SERVER, startExample } from "../../bffs/worked-example/example.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "protobff-captures-"));
  const example = await startExample(SPLIT_SERVER, { env: { BFF_CAPTURE: `all;dir=${folder}` } });
  const secrets = { authorization: "Bearer hidden-token", cookie: "session=hidden-cookie" };
  example.upstreams.services.billing.fault({ kind: "delay", ms: 500 });
  await post(example.bff.url, { workspaceId: "sandbox", userId: "ada" }, secrets);
  await example.close();
  file = join(folder, readdirSync(folder)[0] ?? "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const replay = (...args: string[]) => run(["replay", file, "--server", SPLIT_SERVER, ...args], root);
const captured = () => readCapture(file);
const last = (): string => String(captured().requests.length);
/** The same as lines of JSON. */
const lines = (): string => captureText(captured().header, captured().requests);

test("every captured request has the captured answer and order of events", async () => {
  const { exitCode, stdout } = await replay();
  expect([exitCode, stdout]).toEqual([
    0,
    `${last()} of ${last()} requests have the captured answer and order of events\n`,
  ]);
});

test("a capture of format 2, which has no streams, is still replayed", async () => {
  const old = join(folder, "old.jsonl");
  writeFileSync(old, lines().replace('"capture":5,', '"capture":2,'));
  const { stdout } = await run(["replay", old, "--server", SPLIT_SERVER], root);
  expect(readFileSync(old, "utf8")).toMatch(/^{"capture":2,/);
  expect(stdout).toBe(`${last()} of ${last()} requests have the captured answer and order of events\n`);
});

test("a capture contains no credentials", () => {
  expect(lines()).toContain('"authorization":"(withheld)"');
  expect(readFileSync(file, "latin1")).not.toMatch(/hidden-/);
});

test("--json prints the file as lines of JSON, which are a capture, too", async () => {
  const { exitCode, stdout } = await run(["replay", file, "--json"], root);
  expect([exitCode, stdout]).toEqual([0, lines()]);
  const path = join(folder, "lines.jsonl");
  writeFileSync(path, stdout);
  expect(readCapture(path).requests).toEqual(captured().requests);
});

test("a replay of one request shows its timeline", async () => {
  const { exitCode, stdout } = await replay("--request", last());
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/→ agent GetSummary #1 {"workspaceId":"sandbox"}/);
  expect(stdout).toMatch(/✕ billing GetUsage #1 after \d/);
  expect(stdout).toMatch(/= {.*, degraded: spent_cents/);
  expect(stdout).toMatch(/the replay without changes is identical\n$/);
});

test("a change shows the answer that there would have been", async () => {
  const set = `billing.v1.BillingService/GetUsage: answer={"spentCents":"42"}`;
  const { exitCode, stdout } = await replay("--request", last(), "--set", set);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/= {.*"spentCents":"42"/);
  expect(stdout).toMatch(/captured after [\d.]+ ms: {.*degraded: spent_cents/);
});

test("a written test replays the request, and fails for another answer", async () => {
  const path = join(folder, "written.test.ts");
  const { exitCode, stdout } = await replay("--request", last(), "--test", path);
  const capture = join(folder, "written.jsonl");
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`wrote ${path} and ${capture}\n`)]);
  expect(readFileSync(path, "utf8")).toMatch(/assertIdentical\(\n? *new URL\("written\.jsonl", import\.meta\.url\)/);
  assertIdentical(capture, SPLIT_SERVER);
  const text = readFileSync(capture, "utf8");
  writeFileSync(capture, text.replace(/"degraded":"[^"]*"/, '"degraded":"other"'));
  expect(() => assertIdentical(capture, SPLIT_SERVER)).toThrow(/the replay without changes differs: the outcome is /);
});

test("texts of a capture are no code of a written test, and no escapes or lines of the output", async () => {
  const evil = '"); process.exit(7); //\u001b[2J\u009b31m\u202e\nall requests are identical';
  const forged = lines()
    .trimEnd()
    .split("\n")
    .map((line, i) => {
      const object = JSON.parse(line) as Record<string, unknown>;
      if (i === 0) return JSON.stringify(object);
      const outcome = { failure: { code: 13, message: evil } };
      return JSON.stringify({ ...object, at: evil, method: `${String(object.method)}${evil}`, outcome });
    });
  const path = join(folder, "forged.jsonl");
  writeFileSync(path, `${forged.join("\n")}\n`);
  const outputs = await Promise.all([
    run(["replay", path, "--server", SPLIT_SERVER], root),
    run(["replay", path, "--server", SPLIT_SERVER, "--request", last()], root),
    run(["replay", path, "--server", SPLIT_SERVER, "--request", last(), "--json"], root),
    run(["replay", path, "--server", SPLIT_SERVER, "--request", last(), "--test", join(folder, "f.test.ts")], root),
  ]);
  for (const { stdout, stderr } of outputs) {
    expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/[\p{Cf}\p{Cc}]/u);
    expect(stdout).not.toMatch(/^all requests are identical/m);
  }
  const [, literal = ""] = /^test\((".*"), \(\) => \{$/m.exec(readFileSync(join(folder, "f.test.ts"), "utf8")) ?? [];
  expect(JSON.parse(literal)).toContain(evil);
});

test.each([
  [["--test", "a.test.ts"], /--test needs one request: add --request with its id/],
  [["--request", "99999"], /has no request 99999: its ids are 1 to \d+/],
  [["--request", "1", "--set", "nonsense"], /--set "nonsense": is no change; write /],
  [["--request", "1", "--set", "a.B/C: hang"], /this server has no upstream method a\.B\/C; write one of /],
  [["--request", "1", "--set", "billing.v1.BillingService/GetUsage: delay=soon"], /"soon" is no duration/],
  [["--server", "generated/mobile/v1/server.ts"], /is a capture of web\.v1, and .* serves mobile\.v1/],
  [["--server", "vitest.config.ts"], /vitest\.config\.ts starts no server/],
])("a wrong argument is refused: %j", async (args, fault) => {
  const { exitCode, stderr } = await replay(...args);
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(fault)]);
});
