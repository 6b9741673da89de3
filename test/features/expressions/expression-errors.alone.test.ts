// Which field, step or guard an expression belongs to that fails at run time: the log says so, and clients are told nothing.
import type { Observer } from "@protobff/runtime";
import { expect, onTestFinished, test } from "vitest";
import { FailureLog } from "../../../packages/server/src/logs/failure-log.ts";
import { stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service UpService { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { int64 id = 1; }
message Item { int64 zero = 1; repeated int64 parts = 2; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string fault = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      { guard: { if: "args.fault == 'guard' && 1 / size(args.fault.substring(5)) > 0" fail: { code: NOT_FOUND } } },
      { name: "item" call: { method: "up.v1.UpService/Get" } },
      { guard: { if: "args.fault == 'late' && 1 / item.zero > 0" fail: { code: NOT_FOUND } } },
      { name: "again" call: { method: "up.v1.UpService/Get" set: { name: "id" by: "args.fault == 'set' ? 1 / item.zero : 1" } } },
      { name: "rows"
        each: { var: "part" in: "item.parts"
                compose: { message: "Row" args: [{ name: "part" by: "part" }, { name: "fault" by: "args.fault" }] } } }
    ]
  };
  int64 first_value = 1 [(bff.v1.field).by = "args.fault == 'field' ? 1 / item.zero : again.zero"];
  repeated Row rows = 2 [(bff.v1.field).by = "rows"];
  string text = 3 [(bff.v1.field).by = "args.fault == 'text' ? args.fault.substring(9) : ''"];
}
message Row {
  int64 value = 1 [(bff.v1.field).by = "args.fault == 'row' ? 1 / args.part : 1"];
}
`;

test.each([
  ["field", "app.v1.Page.firstValue"],
  ["text", "app.v1.Page.text"],
  ["row", "app.v1.Row.value"],
  ["set", "app.v1.Page, step again, app.proto:15:7"],
  ["guard", "app.v1.Page, app.proto:12:7"],
  ["late", "app.v1.Page, app.proto:14:7"],
])("%s", async (fault, place) => {
  const protos = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF };
  const made = await stubbed({ name: `expression-errors-${fault}`, protos, targets: ["app/v1/app.proto"] });
  onTestFinished(made.remove);
  const lines: string[] = [];
  const texts: string[] = [];
  const asText = new FailureLog((line) => texts.push(line), "text");
  const asJson = new FailureLog((line) => lines.push(line), "json");
  const stubs = { "up.v1.UpService/Get": () => ({ parts: ["0"] }) };
  const observer: Observer = {
    response(event) {
      asText.response(event);
      asJson.response(event);
    },
  };
  const bff = await made.serve({ stubs, observer });
  onTestFinished(bff.close);
  const { body } = await bff.send("app.v1.AppService/GetPage", { fault });
  expect(body).toMatchObject({ code: "internal", message: "internal error" });
  const [entry, ...more] = lines.map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ event: "failed", at: expect.stringMatching(/./) });
  expect(entry.at.replace(/ \(.*\)$/, "")).toBe(place);
  expect(entry.at).toMatch(/ \(app_bff\.ts:\d+\)$/);
  expect(texts).toEqual([expect.stringContaining(`${entry.message}, in ${entry.at}`)]);
});
