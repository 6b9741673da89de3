// `protobff replay --against --server`: differences of the plans, with the captured requests that reach them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { root } from "../../../scripts/workspaces.ts";
import { captured, edited, generated, linesOf, made } from "./two-builds.ts";

afterAll(() => {
  for (const remove of made) remove();
});

let base: Awaited<ReturnType<typeof captured>>;
const pathOf = (proto: string): string => {
  const { project, server } = generated(proto);
  return join(project.folder, server);
};
async function against(server: string, file: string, format = "text") {
  const args = ["replay", file, "--against", server, "--server", base.server, "--format", format];
  const { stdout, stderr } = await run(args, root);
  expect(stderr).toBe("");
  return stdout;
}
const planIn = (stdout: string): readonly string[] => stdout.split("\n").filter((line) => line.startsWith("plan: "));

test("a build has no differences from itself, and from other names", async () => {
  base = await captured();
  expect(await against(base.server, base.file)).toBe(
    "6 requests: 6 same, 0 with differences that are not allowed, 0 not comparable\n",
  );
  const renamed = pathOf(edited(['name: "stock"', 'name: "left"'], ['"stock.available"', '"left.available"']));
  expect(planIn(await against(renamed, base.file))).toEqual([]);
});

const BOTH = [
  ['{ method: "up.v1.ItemService/GetStock"', '{ method: "up.v1.ItemService/GetStock" timeout: "50ms"'],
  ['{ method: "up.v1.ItemService/GetPrice"', '{ method: "up.v1.ItemService/GetPrice" timeout: "450ms"'],
  ['"item.name"]', "\"'The ' + item.name\"]"],
] as const;
test("each difference has its requests, and those that differ", async () => {
  const build = pathOf(edited(...BOTH));
  const stdout = await against(build, base.file);
  const plan = planIn(stdout);
  expect(plan).toHaveLength(3);
  expect(plan).toContainEqual(
    expect.stringMatching(/^plan: \w+: Page\.stock: .*50 ms.*: 6 requests reach it, 5 with differences$/),
  );
  expect(plan).toContainEqual(
    expect.stringMatching(/^plan: \w+: Page\.price: .*450 ms.*: 5 requests reach it, 5 with differences$/),
  );
  expect(plan).toContainEqual(
    expect.stringMatching(/^plan: \w+: Page: values: title .*The .*: 6 requests reach it, 5 with differences$/),
  );
  expect(stdout).toMatch(/\nplan: .*\n {4}request 1 of .* \(shop\.v1\.ShopService\/GetPage\)\n {4}request 2 of /);
});

test("a difference that no captured request reaches is named, in all forms", async () => {
  const [header, ...requests] = linesOf(base.file).split("\n");
  const gone = join(base.folder, "gone.jsonl");
  // Its item is missing, so that no price is called.
  writeFileSync(gone, `${[header, requests[4]].join("\n")}\n`);
  const build = pathOf(edited(...BOTH));
  expect(
    planIn(await against(build, gone)).filter((line) => line.endsWith(": no captured request reaches it")),
  ).toEqual([expect.stringContaining("Page.price")]);
  const json = JSON.parse(await against(build, gone, "json")) as { plan: { text: string; requests: number }[] };
  expect(json.plan.find(({ text }) => text.includes("Page.price"))).toMatchObject({ requests: 0, examples: [] });
  expect(await against(build, gone, "markdown")).toMatch(/\n- `plan: .*Page\.price.*no captured request reaches it`\n/);
  expect(await against(build, gone, "junit")).toMatch(
    /<system-out>plan: [^<]*no captured request reaches it[^<]*<\/system-out>/,
  );
});

test("a renamed rpc has the requests of its old name, and a lost one its own", async () => {
  const renamed = pathOf(edited(["rpc GetPage(", "rpc ReadPage("]));
  expect(planIn(await against(renamed, base.file))).toContainEqual(
    expect.stringMatching(/ShopService\/ReadPage: renames: .*GetPage: 6 requests reach it, 0 with differences$/),
  );
  const lost = pathOf(
    edited(
      ["rpc GetPage(GetPageRequest) returns (Page)", "rpc GetStock(GetStockRequest) returns (Available)"],
      [
        "message GetPageRequest {",
        `message GetStockRequest { string id = 1; }
message Available {
  option (bff.v1.message).let = {
    name: "stock" call: { method: "up.v1.ItemService/GetStock" set: { name: "id" by: "args.id" } }
  };
  int32 available = 1 [(bff.v1.field).by = "stock.available"];
}
message GetPageRequest {`,
      ],
    ),
  );
  const plan = planIn(await against(lost, base.file));
  expect(plan).toContainEqual(
    expect.stringMatching(/ShopService\/GetPage: API: .*removed: 6 requests reach it, 0 with differences$/),
  );
  expect(plan).toContainEqual(expect.stringMatching(/ShopService\/GetStock: API: .*: no captured request reaches it$/));
});
