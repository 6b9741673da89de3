// Which servers `server=` writes, and where.
import { expect, test } from "vitest";
import { compileCase } from "./support/golden.ts";
import { requestFor } from "./support/request.ts";

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
