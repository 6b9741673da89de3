// Holds docs/edge.md#branches: `protocol` of a branch replaces the upstream's.
import { expect, test } from "vitest";
import { compileCase } from "../../../../test/support/golden.ts";
import { requestFor } from "../../../../test/support/request.ts";

const UPSTREAM = `syntax = "proto3"; package up.v1;
import "google/api/annotations.proto";
service Things {
  rpc Get(Request) returns (Thing) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/things/{id}" };
  }
}
message Request { string id = 1; }
message Thing { string id = 1; }`;

test.each(["", "protocol: GRPC", "protocol: CONNECT"])(
  "a branch uses HTTP with JSON beside an upstream with '%s'",
  (protocol) => {
    const proto = `syntax = "proto3"; package app.v1;
import "bff/v1/options.proto"; import "up/v1/up.proto";
option (bff.v1.file).upstream = {
  service: "up.v1.Things" ${protocol}
  branch: { name: "canary" share: 0.5 protocol: HTTP_JSON }
};
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = { name: "thing" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } };
  string id = 1 [(bff.v1.field).by = "thing.id"];
}`;
    const texts = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": proto };
    const { diagnostics, response } = compileCase(requestFor(texts, ["app/v1/app.proto"]), texts, "server=true");
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    const server = response.file.find(({ content }) => content.includes("reach: {"))?.content;
    expect(server).toMatch(/"things\.canary": \{\s+http: \[\s+\{ rpc: /);
  },
);
