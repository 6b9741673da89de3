// Keys of page tokens in the environment of a served process.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const proto = (name: string, message: string): string => `syntax = "proto3";
package ${name}.v1;
import "bff/v1/options.proto";
service Shop {
  option (bff.v1.service) = {};
  rpc ListItems(ListItemsRequest) returns (Items) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message ListItemsRequest { int32 page_size = 1; string page_token = 2; }
message Items {
${message}
}
`;
const PROTOS = {
  "shop/v1/shop.proto": proto(
    "shop",
    `  option (bff.v1.message) = {
    let: [
      { name: "count" by: "page.size(args.page_size, 2, 3)" },
      { name: "from" by: "int(page.open(args.page_token)[?'from'].orValue('0'))" }
    ]
  };
  repeated int64 numbers = 1 [(bff.v1.field).by = "lists.range(count).map(i, from + i)"];
  string next_page_token = 2 [(bff.v1.field).by = "page.seal({'from': string(from + count)})"];`,
  ),
  "sizes/v1/sizes.proto": proto(
    "sizes",
    `  repeated int64 numbers = 1 [(bff.v1.field).by = "lists.range(page.size(args.page_size, 2, 3))"];`,
  ),
};
const RPC = "shop.v1.Shop/ListItems";
const REMEDY = "write 32 random bytes in base64, such as `openssl rand -base64 32` prints";
const [OLD, NEW] = [0, 1].map(() => randomBytes(32).toString("base64"));
const project = new GeneratedProject("page-keys", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

test("a server that seals pages does not start without keys, and does not repeat malformed ones", () => {
  expect(project.typeChecked()).toBe("");
  const missing = project.start("shop/v1/server.ts", {});
  expect(missing.status).toBe(2);
  expect(missing.stderr).toContain(`BFF_PAGE_KEYS is not set; ${REMEDY}`);
  const malformed = project.start("shop/v1/server.ts", { BFF_PAGE_KEYS: `${OLD},c2hvcnQ=` });
  expect(malformed.status).toBe(2);
  expect(malformed.stderr).toContain(`BFF_PAGE_KEYS holds something else than keys; ${REMEDY}`);
  expect(malformed.stderr).not.toContain("c2hvcnQ=");
});

test("a server whose pages have sizes alone needs no keys", async () => {
  const { post } = await project.served("sizes/v1/server.ts", {});
  expect((await post("sizes.v1.Shop/ListItems", { pageSize: 9 })).body).toEqual({ numbers: ["0", "1", "2"] });
  expect((await post("sizes.v1.Shop/ListItems", { pageSize: -1 })).status).toBe(400);
});

test("the first key seals, and all of them open", async () => {
  const served = (keys: string) => project.served("shop/v1/server.ts", {}, { BFF_PAGE_KEYS: keys });
  const before = await served(`${OLD}`);
  const { numbers, nextPageToken } = (await before.post(RPC, {})).body;
  expect(numbers).toEqual(["0", "1"]);
  const during = await served(`${NEW},${OLD}`);
  const next = (await during.post(RPC, { pageSize: 3, pageToken: nextPageToken })).body;
  expect(next.numbers).toEqual(["2", "3", "4"]);
  const after = await served(`${NEW}`);
  expect((await after.post(RPC, { pageToken: next.nextPageToken })).body.numbers).toEqual(["5", "6"]);
  expect((await after.post(RPC, { pageToken: nextPageToken })).body).toMatchObject({
    code: "invalid_argument",
    message: "page_token",
  });
});
