// Lists with a key that may be absent, in a generated server: whoever has no key is left out, nothing is called for it, and only then is it told.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";

const PROTO = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page);
}
message GetPageRequest { string shelf = 1; repeated string ids = 2; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "shelf" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.shelf" } } },
    { name: "texts" supplementary: true each: { var: "id" in: "args.ids" max: 10 key: "shelf.name + id" by: "id + id" } },
    { name: "items" supplementary: true
      each: { var: "id" in: "args.ids" max: 10 if: "id != 'no'" key: "shelf.name + id"
              call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "id" } } } }
  ] };
  map<string, string> texts = 1 [(bff.v1.field).by = "texts"];
  map<string, Item> items = 2 [(bff.v1.field).by = "items"];
  repeated bff.v1.Degradation degraded = 15;
}
message Item { option (bff.v1.message).alias = "up.v1.Item"; string name = 1; }
`;
const project = new GeneratedProject("each-keys", { "app/v1/app.proto": PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("an absent key leaves out the item that an `if` selects, and makes no call", async () => {
  const calls: string[] = [];
  const handlers: Handlers<{ id: string }> = {
    "up.v1.ItemService/GetItem": ({ id }) => {
      calls.push(id);
      if (id === "gone") throw new ConnectError("gone", Code.NotFound);
      return { id, name: `n-${id}` };
    },
  };
  expect(project.typeChecked()).toBe("");
  const { post } = await project.served("app/v1/server.ts", handlers);
  const page = async (shelf: string, ids: readonly string[]) => {
    const { body } = await post("app.v1.AppService/GetPage", { shelf, ids });
    return { body, calls: calls.splice(0).sort() };
  };
  const lacking = (...paths: readonly string[]) =>
    paths.map((path) => ({
      path,
      effect: "EFFECT_INCOMPLETE",
      reason: "REASON_REJECTED",
      upstream: "up.v1.ItemService",
    }));

  expect(await page("s", ["a", "no", "b"])).toEqual({
    body: {
      texts: { "n-sa": "aa", "n-sno": "nono", "n-sb": "bb" },
      items: { "n-sa": { name: "n-a" }, "n-sb": { name: "n-b" } },
    },
    calls: ["a", "b", "s"],
  });
  expect(await page("gone", ["a", "b"])).toEqual({ body: { degraded: lacking("texts", "items") }, calls: ["gone"] });
  expect(await page("gone", ["no"])).toEqual({ body: { degraded: lacking("texts") }, calls: ["gone"] });
  expect(await page("gone", [])).toEqual({ body: {}, calls: ["gone"] });
}, 60_000);
