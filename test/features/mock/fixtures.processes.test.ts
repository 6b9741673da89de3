// A BFF that begins to read a field does not compile with a fixture that lacks it, and runs on mocks with everything in it: branches, batches by
// list and by map, callers, resolvers, variables.
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { goldenCases } from "../../support/golden.ts";

const PROTO = `syntax = "proto3";
package tiny.v1;
import "bff/v1/options.proto";
// opt: mock=true
service TinyService {
  option (bff.v1.service) = {};
  rpc GetTiny(GetTinyRequest) returns (Tiny);
}
message GetTinyRequest { string id = 1; }
message Tiny {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { spread: "args" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
  int32 width = 2 [(bff.v1.field).by = "item.size.width"];
}
`;
const FIXTURE = `import { createTestBff } from "./tiny/v1/tiny_mock.ts";
export const whole = createTestBff({ mocks: { item: { getItem: { name: "Teapot", size: { width: 3 } } } } });
export const absent = createTestBff({ mocks: { item: { getItem: { name: "Teapot", size: undefined } } } });
export const spread = createTestBff({ mocks: { item: { getItem: ({ id }, sample) => ({ ...sample, name: id }) } } });
`;

function typeChecked(proto: string, fixture: string): string {
  const project = new GeneratedProject("mock-fixture", { "tiny/v1/tiny.proto": proto });
  try {
    project.generate();
    project.write("fixture.ts", fixture);
    return project.typeChecked();
  } finally {
    project.remove();
  }
}

test("a fixture requires all fields that are read, and no others", () => {
  expect(typeChecked(PROTO, FIXTURE)).toBe("");
  const more = PROTO.replace("item.size.width", "item.stock + item.size.height");
  const output = typeChecked(more, FIXTURE);
  expect(output).toContain("fixture.ts(2,");
  expect(output).toContain("fixture.ts(3,");
  expect(output).not.toContain("fixture.ts(4,"); // the one that spreads the sample
  expect(output).toMatch(/'(stock|height)' is missing|missing.*: stock|Property 'stock' is missing/);
}, 120_000);

/** What the resolver of that golden gets, as far as it looks at it. */
interface Resolving {
  readonly clients: { readonly item: { getItem(request: { id: string }): Promise<{ name: string }> } };
}
const mix = goldenCases("emit").find(({ name }) => name === "mock");
const project = new GeneratedProject("mock-mix", mix?.protos ?? {});
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("an error on mocks has its internal reason as the cause", async () => {
  const enums = goldenCases("emit").find(({ name }) => name === "enums");
  const texts = Object.entries(enums?.protos ?? {}).map(([name, text]) => [name, `${text}\n// opt: mock=true\n`]);
  const failing = new GeneratedProject("mock-enums", Object.fromEntries(texts));
  onTestFinished(() => failing.remove());
  failing.generate();
  const bff = (await import(`${failing.folder}/app/v1/app_mock.ts`)).createTestBff();
  await expect(bff.getPage({})).rejects.toMatchObject({
    rawMessage: "internal error",
    cause: { name: "ExpressionError", message: "cannot slice the list there" },
  });
  bff.mocks.item.behaviour = { kind: "garbage" };
  await expect(bff.getPage({})).rejects.toMatchObject({
    cause: { message: expect.stringContaining("invalid wire format") },
  });
});

test("mocks cover batches, branches, callers, resolvers and variables", async () => {
  const { createTestBff } = await import(`${project.folder}/mix/v1/mix_mock.ts`);
  const caller = { principal: { subject: "u1" } };
  const resolvers = {
    rowCard: async ({ clients }: Resolving) => (await clients.item.getItem({ id: "x" })).name,
  };
  const bff = createTestBff({ caller, resolvers });
  const desk = await bff.deskServiceGetDesk({ ids: ["a", "b"] });
  expect(desk).toMatchObject({ limit: 3n, region: "REGION-1", waits: false, degraded: [] });
  expect(desk.rows).toMatchObject(
    [0, 1].map(() => ({ name: "name-1", other: "name-1", order: "id-1", card: "name-1" })),
  );
  expect(bff.mocks.item.callsOf("batchGetItems")).toMatchObject([{ request: { ids: ["a", "b"] } }]);
  expect(await bff.officeServiceGetDesk({ ids: [] })).toMatchObject({ limit: 5n });
  const canaryBff = createTestBff({
    caller,
    resolvers,
    env: { REGION: "eu", WAITS: { a: 1 } },
    mocks: { "item.canary": {} },
  });
  canaryBff.clock.chance = 0.01; // this request is one of the canary's
  expect(await canaryBff.deskServiceClose({ ids: ["a"] })).toMatchObject({ region: "eu", waits: true });
  expect(canaryBff.mocks.item.calls).toEqual([]);
  expect(canaryBff.mocks["item.canary"].callsOf("mapItems")).toHaveLength(1);
});
