// proto2's `required` where generation cannot know: a message that is passed on as it is, and an answer that lacks what it must have.
import { rmSync } from "node:fs";
import type { Observer, UnaryClient } from "@protobff/runtime";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";

const LEGACY = `syntax = "proto2";
package legacy.v1;
service LegacyService { rpc Get(GetRequest) returns (Record) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { required string id = 1; optional string name = 2; }
message Record { required string id = 1; optional string name = 2; }
`;
const PAGE = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "legacy/v1/legacy.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { legacy.v1.GetRequest asked = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "record" call: { method: "legacy.v1.LegacyService/Get" request: "args.asked" } }
  };
  string name = 1 [(bff.v1.field).by = "record.name"];
  legacy.v1.Record record = 2 [(bff.v1.field).by = "record"];
}
`;

test("a message without a required field is not sent, and the answer is INTERNAL", async () => {
  const protos = { "legacy/v1/legacy.proto": LEGACY, "app/v1/app.proto": PAGE };
  const bff = { name: "required", protos, targets: ["app/v1/app.proto"] };
  const dir = generate(bff, true);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  let sent = 0;
  let answer = Uint8Array.of();
  const client: UnaryClient = {
    send(_path, _frame, _timeoutMs, _headers, _attempt, reply) {
      sent++;
      queueMicrotask(() => reply.replied(answer));
      return { cancel() {} };
    },
    close: async () => {},
  };
  const ends: unknown[] = [];
  const observer: Observer = {
    call: ({ outcome }) => void ends.push(outcome.ok ? "ok" : outcome.failure.reason),
  };
  const server = await listen(await endpoints(bff, dir, client, observer, {}));
  onTestFinished(() => server.close());
  const send = async (request: object) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}/app.v1.PageService/GetPage`, {
      method: "POST",
      headers,
      body: JSON.stringify({ asked: request }),
    });
    return [response.status, await response.json()];
  };

  expect(await send({ name: "x" })).toMatchObject([500, { code: "internal", message: "internal error" }]);
  expect([sent, ends]).toEqual([0, []]);
  answer = Buffer.from("0a01691201 6e".replaceAll(" ", ""), "hex");
  expect(await send({ id: "i" })).toEqual([200, { name: "n", record: { id: "i", name: "n" } }]);
  answer = Buffer.from("12016e", "hex");
  expect(await send({ id: "i" })).toMatchObject([500, { code: "internal", message: "internal error" }]);
}, 30_000);
