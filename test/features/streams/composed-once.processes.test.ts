// Messages that a stream composes once, and whose fields are missing: each item says so, as a unary answer does.
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { CARRIERS, type Carrier, type Seen } from "../protocols/protocol-carriers.ts";

const composed = (name: string): string => `message ${name} {
  option (bff.v1.message) = { let: [
    { name: "card" supplementary: true compose: { message: "Card" args: { name: "id" by: "args.id" } } },
    { name: "cards" supplementary: true each: {
      var: "i" in: "[1, 2]" compose: { message: "Card" args: { name: "id" by: "args.id + string(i)" } }
    } }
  ] };
  Card card = 1 [(bff.v1.field).by = "card"];
  repeated Card cards = 2 [(bff.v1.field).by = "cards"];
  optional int64 more = 3 [(bff.v1.field).by = "card.price + 1"];
  repeated bff.v1.Degradation degraded = 99;
}`;
const PROTOS = {
  "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Get(Ref) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Follow(Ref) returns (stream Row) {
    option (bff.v1.method).stream = {
      var: "item" call: { method: "up.v1.ItemService/WatchItem" read_only: true set: { name: "id" by: "args.id" } }
    };
  }
}
message Ref { string id = 1; }
${composed("Page")}
${composed("Row")}
message Card {
  option (bff.v1.message).let = {
    name: "item" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 price = 2 [(bff.v1.field).by = "item.price_cents"];
}
`,
};
const project = new GeneratedProject("composed-once", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("each item of a stream has the entries of messages that were composed once", async () => {
  const { url } = await project.served("app/v1/server.ts", {
    "up.v1.ItemService/GetItem": () => {
      throw new ConnectError("no", Code.Unavailable);
    },
    "up.v1.ItemService/WatchItem": async function* () {
      yield { id: "1" };
      yield { id: "2" };
    } as never,
  });
  const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
  const target = { url, service: registry.getService("app.v1.PageService") as DescService };
  const connect = CARRIERS.find(([, name]) => name === "Connect in JSON")?.[2] as Carrier;
  const messages = async (rpc: string) => ((await connect(target, rpc, { id: "a" })) as Seen).messages;
  const [page] = await messages("Get");
  expect((page as unknown as { readonly degraded: readonly object[] }).degraded).toMatchObject([
    { path: "card.price" },
    { path: "cards[0].price" },
    { path: "cards[1].price" },
    { path: "more" },
  ]);
  expect(await messages("Follow")).toEqual([page, page]);
});
