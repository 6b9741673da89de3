// `protobff replay --against --missing`: answers of calls that the captures lack.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { root } from "../../../scripts/workspaces.ts";
import type { Handlers } from "../../support/generated-project.ts";
import { captured, edited, generated, made } from "./two-builds.ts";

afterAll(() => {
  for (const remove of made) remove();
});

const SERVICE = "up.v1.ItemService";
/** Asks for the stock in another region: the captures of two requests lack this answer. */
const ELSEWHERE = edited(['by: "args.region" }', "by: \"'eu'\" }"]);
const OTHER = `calls other arguments of ${SERVICE}/GetStock: 2`;
/** Counts views, in a call that may have side effects. */
const COUNTED = edited(
  ["returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }", "returns (Page);"],
  [
    '{ name: "price" supplementary',
    '{ name: "view" call: { method: "up.v1.ItemService/CountView" set: { name: "id" by: "args.id" } } },\n    { name: "price" supplementary',
  ],
  [
    "  repeated bff.v1.Degradation",
    '  int32 views = 6 [(bff.v1.field).by = "view.count"];\n  repeated bff.v1.Degradation',
  ],
);

/** An upstream on loopback that notes the requests it gets. */
async function upstream(
  project: ReturnType<typeof generated>["project"],
  stock: (id: string) => object | Promise<object>,
) {
  const calls: string[] = [];
  const url = await project.upstream({
    [`${SERVICE}/GetStock`]: ({ id, region }: { id: string; region: string }) => {
      calls.push(`${id} ${region}`);
      return stock(id);
    },
    [`${SERVICE}/CountView`]: ({ id }: { id: string }) => {
      calls.push(`view of ${id}`);
      return { count: 7 };
    },
  } as unknown as Handlers<never>);
  return { url, calls };
}

let file: string;
/** The command, as its own process: the upstream answers in this one. */
async function against(server: string, missing: string | undefined, format = "json") {
  const options = ["--format", format, ...(missing === undefined ? [] : ["--missing", missing])];
  const args = [join(root, "cli/bin/protobff.js"), "replay", file, "--against", server, ...options];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout, stderr };
}
interface Report {
  readonly same: number;
  readonly sampled: number;
  readonly live: number;
  readonly groups: readonly { readonly kind: string; readonly what: string; readonly requests: number }[];
}
function groupsOf(stdout: string): readonly string[] {
  const { groups, same, sampled, live } = JSON.parse(stdout) as Report;
  return [
    `${same} same, ${sampled} sampled, ${live} live`,
    ...groups.map(({ kind, what, requests }) => `${kind} ${what}: ${requests}`),
  ];
}

test("samples answer calls that the captures lack, and are counted as assumed", async () => {
  ({ file } = await captured());
  const { project, server } = generated(ELSEWHERE);
  const path = join(project.folder, server);
  const failing = [
    "4 same, 0 sampled, 0 live",
    `unknown ${SERVICE}/GetStock has no captured answer to this message: 2`,
  ];
  for (const missing of [undefined, "fail"]) {
    const { exitCode, stdout } = await against(path, missing);
    expect([exitCode, groupsOf(stdout)]).toEqual([3, failing]);
  }
  const { exitCode, stdout } = await against(path, "sample");
  expect([exitCode, groupsOf(stdout)]).toEqual([1, ["4 same, 2 sampled, 0 live", "answer Page.available: 2", OTHER]]);
  const text = await against(path, "sample", "text");
  expect(text.stdout).toContain("\n    request 2 of ");
  expect(text.stdout).toContain("available: 0 -> 1\n");
  expect(text.stdout).toContain("\nassumed: 2 samples as answers that the captures lack\n");
  expect((await against(path, "sample", "markdown")).stdout).toContain("\n- assumed: 2 samples as answers");
});

test("samples of batches have the requested keys, as those of mocks", async () => {
  const { project, server } = generated(
    edited(
      ["// opt: server=true", "// opt: server=true,mock=true"],
      [
        'set: { name: "ids" by: "item.related" }',
        'batch: { name: "ids" by: "args.id + \'-x\'" items: "items" key: "id" }',
      ],
      ['"related.items"', '"[related]"'],
    ),
  );
  const { stdout } = await against(join(project.folder, server), "sample", "text");
  expect(stdout).toMatch(/\nassumed: \d samples as answers/);
  expect(stdout).toContain('related[0].name: "Item x" -> "name-1"');
});

test("live upstreams answer calls without side effects, once for equal ones", async () => {
  const { project, server } = generated(ELSEWHERE);
  const { url, calls } = await upstream(project, () => ({ available: 9 }));
  const path = join(project.folder, server);
  const { exitCode, stdout, stderr } = await against(path, `live=${SERVICE}=${url}`);
  expect([exitCode, stderr, groupsOf(stdout)]).toEqual([
    1,
    "",
    ["4 same, 0 sampled, 2 live", "answer Page.available: 2", OTHER],
  ]);
  expect(calls).toEqual(["b eu", "a eu"]);
  expect((await against(path, `live=${SERVICE}=${url}`, "text")).stdout).toContain(
    "\nassumed: 2 answers of live upstreams, which the captures lack\n",
  );
});

test("statuses of live upstreams are answers, and broken ones are none", async () => {
  const { project, server } = generated(ELSEWHERE);
  const path = join(project.folder, server);
  const { url } = await upstream(project, () => {
    throw new ConnectError("no stock", Code.NotFound);
  });
  expect(groupsOf((await against(path, `live=${SERVICE}=${url}`)).stdout)).toEqual([
    "4 same, 0 sampled, 2 live",
    "answer Page.available: 2",
    OTHER,
    "degradations degraded[]: 2",
    "degradations bff-degraded: 2",
  ]);
  const [, broken = ""] = groupsOf((await against(path, `live=${SERVICE}=http://127.0.0.1:1`)).stdout);
  expect(broken).toContain(
    `${SERVICE}/GetStock has no captured answer to this message, and the live call has failed: `,
  );
});

test("a live call that hangs ends after its time", async () => {
  const { project, server } = generated(ELSEWHERE);
  const { url } = await upstream(project, (id) => (id === "a" ? new Promise<object>(() => {}) : { available: 0 }));
  const { stdout } = await against(join(project.folder, server), `live=${SERVICE}=${url}`);
  expect(groupsOf(stdout)).toEqual([
    "4 same, 0 sampled, 1 live",
    OTHER.replace(": 2", ": 1"),
    `unknown ${SERVICE}/GetStock has no captured answer to this message, nor a live one within 5000 ms: 1`,
  ]);
});

test("calls with side effects are not sent, unless the build vouches for them", async () => {
  const { project, server } = generated(COUNTED);
  const { url, calls } = await upstream(project, () => ({ available: 3 }));
  const path = join(project.folder, server);
  const live = `live=${SERVICE}=${url}`;
  const refused = groupsOf((await against(path, live)).stdout);
  expect(refused).toContain(
    `unknown ${SERVICE}/CountView has no captured answer to this message, and may have side effects: 5`,
  );
  expect(calls).toEqual([]);
  // As generated with a lock, for a call with `read_only: true`.
  const main = server.replace("server.ts", "server_main.ts");
  const text = readFileSync(join(project.folder, main), "utf8");
  const uses = `uses: async () => ({ item: { methods: { "${SERVICE}/CountView": { vouched: true } } } }),`;
  project.write(main, text.replace("await serve({", `await serve({\n  ${uses}`));
  expect(groupsOf((await against(path, live)).stdout)).toContain("answer Page.views: 5");
  expect(calls).toEqual(["view of a", "view of b", "view of free", "view of slow"]);
});

test("wrong sources are refused", async () => {
  const { project, server } = generated(ELSEWHERE);
  const path = join(project.folder, server);
  for (const [missing, error] of [
    ["guess", '--missing "guess" is none of its forms: write fail, sample or live='],
    ["live=", '--missing "" is no address'],
    ["live=up.v1.Other=http://x", "--missing: the build does not call up.v1.Other; it calls up.v1.ItemService"],
    [`live=${SERVICE}=ftp://x`, `--missing: "ftp://x" of ${SERVICE} is no URL`],
    [`live=${SERVICE}=http://x,${SERVICE}=http://y`, `--missing: ${SERVICE} has two addresses`],
  ] as const) {
    const { exitCode, stderr } = await against(path, missing);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(error)]);
  }
  const { exitCode, stderr } = await run(["replay", file, "--server", path, "--missing", "sample"], root);
  expect([exitCode, stderr]).toEqual([2, "--missing is of the form with --against\n"]);
});
