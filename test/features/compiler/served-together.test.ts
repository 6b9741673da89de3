// Which servers `server=` writes, and where.
import { expect, test } from "vitest";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const page = (name: string): string => `syntax = "proto3";
package ${name};
import "bff/v1/options.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Page);
}
message GetRequest { string id = 1; }
message Page { string id = 1 [(bff.v1.field).by = "args.id"]; }
`;
const TEXTS = Object.fromEntries(
  ["web", "web.v1", "web.v2", "web.admin.v1", "webshop.v1", "mobile.v1"].map((name) => [
    `${name.replaceAll(".", "/")}/page.proto`,
    page(name),
  ]),
);

function servers(parameter: string) {
  const { response } = compileCase(requestFor(TEXTS, Object.keys(TEXTS)), TEXTS, `import_extension=ts,${parameter}`);
  const found = response.file.filter(({ name }) => /server\.ts$/.test(name));
  return {
    error: response.error,
    servers: Object.fromEntries(
      found.map(({ name, content }) => {
        const main = response.file.find((file) => file.name === name.replace(/\.ts$/, "_main.ts"))?.content ?? "";
        expect(content).toContain('import("./server_main.ts")');
        const services = [...main.matchAll(/createPageService(?:\$\d)?\(\{/g)].length;
        const named = /^ {2}name: "(.*)",$/m.exec(main)?.[1];
        expect(content).toContain(`await start("${named}", `);
        return [name, `${named} (${services})`];
      }),
    ),
  };
}

test.each<[string, object]>([
  ["server=web", { "web/server.ts": "web (4)" }],
  ["server=web.v1", { "web/v1/server.ts": "web.v1 (1)" }],
  ["server=web+web.admin", { "web/server.ts": "web (3)", "web/admin/server.ts": "web.admin (1)" }],
  ["server=mobile,server=web", { "mobile/server.ts": "mobile (1)", "web/server.ts": "web (4)" }],
  [
    "server=true,server=web",
    {
      "mobile/v1/server.ts": "mobile.v1 (1)",
      "web/server.ts": "web (4)",
      "webshop/v1/server.ts": "webshop.v1 (1)",
    },
  ],
  ["server=false", {}],
])("%s", (parameter, expected) => {
  expect(servers(parameter)).toEqual({ error: "", servers: expected });
});

test("a server name without a package is reported, and nothing is written", () => {
  expect(servers("server=web,server=wbe")).toEqual({
    error:
      'option "server" contains "wbe", but this run has no package with BFF services of that name or below it; write "mobile.v1", "web", "web.admin.v1", "web.v1", "web.v2", "webshop.v1", or a common parent of several',
    servers: {},
  });
});

const EVENTS = `syntax = "proto3";
package events.v1;
service EventService {
  rpc Get(GetRequest) returns (Event) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(GetRequest) returns (stream Event);
}
message GetRequest { string id = 1; }
message Event { string id = 1; }
`;
const EVENT = "message GetRequest { string id = 1; }\nmessage Page {";
const CALLS = `syntax = "proto3";
package web.v1;
import "bff/v1/options.proto";
import "web/policy.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
${EVENT}
  option (bff.v1.message).let = { name: "event" call: { method: "events.v1.EventService/Get" set: { spread: "args" } } };
  string id = 1 [(bff.v1.field).by = "event.id"];
}
`;
const FOLLOWS = `syntax = "proto3";
package web.v2;
import "bff/v1/options.proto";
import "web/policy.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Watch(GetRequest) returns (stream Page) {
    option (bff.v1.method).stream = { var: "event" call: { method: "events.v1.EventService/Watch" set: { spread: "args" } } };
  }
}
${EVENT}
  string id = 1 [(bff.v1.field).by = "args.event.id"];
}
`;

test.each(["", "streams: 20"])("a package that follows an upstream shares it with one that calls it: %j", (streams) => {
  const texts = {
    "events/v1/events.proto": EVENTS,
    "web/policy.proto": `syntax = "proto3";
package web;
import "bff/v1/options.proto";
option (bff.v1.file).upstream = { service: "events.v1.EventService" limit: { concurrent: 50 ${streams} } };
`,
    "web/v1/page.proto": CALLS,
    "web/v2/page.proto": FOLLOWS,
  };
  const { response } = compileCase(requestFor(texts, Object.keys(texts)), texts, "import_extension=ts,server=web");
  expect(response.error).toBe("");
  const limited = response.file.filter(({ name, content }) => /page_bff/.test(name) && /streams: 20/.test(content));
  expect(limited.length).toBe(streams === "" ? 0 : 2);
});
