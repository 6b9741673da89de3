// grpc-gateway as the client of a BFF: its parameter `fields` is the mask of the request. Needs Go to build it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../../support/generated-project.ts";
import { startGateway } from "./gateway.ts";

const text = readFileSync(join(import.meta.dirname, "pages.proto"), "utf8");
const project = new GeneratedProject("gateway-pages", { "pages/v1/pages.proto": `// opt: server=true\n${text}` });

const WHOLE = { title: "name of 7", ownerId: "owner", bill: { isPaid: true, itemId: "item" } };
const MASKS: readonly (readonly [query: string, answer: object, calls: readonly string[]])[] = [
  ["", WHOLE, ["item", "order"]],
  ["?fields=*", WHOLE, ["item", "order"]],
  ["?fields=title", { title: "name of 7" }, ["item"]],
  ["?fields=owner_id,title", { title: "name of 7", ownerId: "owner" }, ["item"]],
  ["?fields=ownerId", { ownerId: "owner" }, ["item"]],
  ["?fields=bill.isPaid", { bill: { isPaid: true } }, ["order"]],
  ["?fields=bill.item_id,ownerId", { ownerId: "owner", bill: { itemId: "item" } }, ["item", "order"]],
];
const REFUSED = ["?fields=nobody", "?fields=title.more", "?fields=bill.nobody,title"];

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("grpc-gateway", () => {
  beforeAll(() => project.generate());
  afterAll(() => project.remove());

  test("selects fields, in both spellings, as a query of the BFF does in ProtoJSON's, for no call beyond those of its fields", async () => {
    const calls: string[] = [];
    const noted = (call: string, answer: object): object => {
      calls.push(call);
      return answer;
    };
    const server = await project.served("pages/v1/server.ts", {
      "up.v1.ItemService/GetItem": (({ id }: { id: string }) =>
        noted("item", { id, name: `name of ${id}`, ownerId: "owner" })) as never,
      "up.v1.OrderService/GetOrder": (() => noted("order", { paid: true, itemId: "item" })) as never,
    });
    const gateway = await startGateway(new URL(server.url).host);
    onTestFinished(() => gateway.close());
    for (const [query, answer, expected] of MASKS)
      for (const base of [`${gateway.url}/pages`, ...(query.includes("_") ? [] : [server.url])]) {
        calls.length = 0;
        const response = await fetch(`${base}/v1/pages/7${query}`);
        expect([query, response.status, await response.json(), calls.sort()]).toEqual([query, 200, answer, expected]);
      }
    for (const query of REFUSED)
      for (const base of [`${gateway.url}/pages`, server.url]) {
        calls.length = 0;
        const response = await fetch(`${base}/v1/pages/7${query}`);
        const [path] = query.slice("?fields=".length).split(",");
        const message = `fields: "${path}" is no field of the answer`;
        expect([response.status, await response.json(), calls]).toMatchObject([400, { code: 3, message }, []]);
      }
  }, 600_000);
});
