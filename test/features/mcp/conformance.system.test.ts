// MCP's conformance suite against tools with the names that the suite calls.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { EXCEPTIONS } from "./conformance-exceptions.ts";
import { CONFORMANCE_PROTO } from "./conformance-proto.ts";
import { MODES, type Mode } from "./raw-client.ts";

const PACKAGE = createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json");
const SUITE = join(dirname(PACKAGE), "dist/index.js");
/** Longer than the shortest time between two notifications of progress. */
const STEP_MS = 300;

const project = new GeneratedProject("mcp-conformance", { "suite/v1/suite.proto": CONFORMANCE_PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

async function served(mode: Mode): Promise<string> {
  const port = await freePort();
  const handlers = {
    "up.v1.OrderService/PlaceOrder": (() => ({ id: "1" })) as never,
    "up.v1.ItemService/WatchItem": async function* () {
      for (const name of ["a", "b", "c", "d"]) {
        yield { name };
        await delay(STEP_MS);
      }
    } as never,
  };
  const variables = { PORT: String(port), BFF_MCP_TOOLS: mode, BFF_TOOL_KEYS: Buffer.alloc(32, 7).toString("base64") };
  const { url } = await project.served("suite/v1/server.ts", handlers, variables);
  return `${url}/mcp`;
}

/** Returns the checks of all scenarios that a revision requires, by scenario. */
async function checksOf(url: string, revision: string): Promise<ReadonlyMap<string, readonly Check[]>> {
  const folder = mkdtempSync(join(tmpdir(), "bff-mcp-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { promise, resolve } = Promise.withResolvers<void>();
  // The suite exits with 1 if a check fails; the files decide.
  execFile(process.execPath, [SUITE, "server", "--url", url, "--requirements", revision, "-o", folder], () =>
    resolve(),
  );
  await promise;
  const scenarios = readdirSync(folder).map((name): readonly [string, readonly Check[]] => {
    const checks = JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")) as readonly Check[];
    return [name.replace(/^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$/g, ""), checks];
  });
  return new Map(scenarios);
}

/** Scenarios that pass with every check, by revision: a suite that skips them proves nothing. */
const WHOLE = [
  ...["tools-list", "tools-call-simple-text", "tools-call-error", "tools-call-with-progress"],
  "dns-rebinding-protection",
];
const REVISIONS: readonly (readonly [revision: string, scenarios: readonly string[]])[] = [
  [
    "2026-07-28",
    [
      ...WHOLE,
      ...["missing-input-response", "result-type", "unsupported-methods", "tampered-state", "validate-input"].map(
        (name) => `input-required-result-${name}`,
      ),
      "http-header-validation",
    ],
  ],
  ["2025-11-25", [...WHOLE, "server-initialize", "ping"]],
];
const RUNS = MODES.flatMap((mode) => REVISIONS.map(([revision, whole]) => [revision, mode, whole] as const));
test.each(RUNS)(
  "passes the scenarios of %s that apply to tools, with the list of %s",
  { timeout: 300_000 },
  async (revision, mode, whole) => {
    const scenarios = await checksOf(await served(mode), revision);
    expect([...scenarios.keys()]).toEqual(expect.arrayContaining([...whole]));
    const failed = [...scenarios].flatMap(([scenario, checks]) =>
      checks
        .filter(({ status }) => status !== "SUCCESS" && status !== "INFO")
        .map(({ id, status, errorMessage = "" }) => ({ scenario, id, status, errorMessage })),
    );
    const isExcepted = ({ scenario, id }: { readonly scenario: string; readonly id: string }): boolean =>
      EXCEPTIONS.some((exception) => exception.scenario.test(scenario) && (exception.check?.test(id) ?? true));
    expect(failed.filter((check) => !isExcepted(check))).toEqual([]);
    expect(failed.filter(({ scenario }) => whole.includes(scenario))).toEqual([]);
  },
);
