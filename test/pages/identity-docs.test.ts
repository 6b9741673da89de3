// What docs/identity.md shows generates without a diagnostic.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { requestFor } from "../support/request.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/identity.md", import.meta.url)), "utf8");
const blocks = [...page.matchAll(/^```proto\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const [whole = "", ...snippets] = blocks;
const FILE_RULE = /^option \(bff\.v1\.file\) = \{\n.*?^\};\n/ms;
const HEAD = whole.slice(0, whole.indexOf("option (bff.v1.file)"));

/** A snippet with services of its own stands alone; any other takes the place of the first file's rule. */
function fileOf(snippet: string): string {
  if (snippet === whole) return whole;
  return /^service /m.test(snippet) ? HEAD + snippet : whole.replace(FILE_RULE, () => snippet);
}

const UPSTREAMS = {
  "store/v1/store.proto": `syntax = "proto3";
package store.v1;
service StoreService {
  rpc ListNotes(ListNotesRequest) returns (ListNotesResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message ListNotesRequest { string workspace = 1; string reader = 2; }
message ListNotesResponse { repeated string titles = 1; }
`,
  "authz/v1/authz.proto": `syntax = "proto3";
package authz.v1;
service AuthzService {
  rpc Check(CheckRequest) returns (CheckResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message CheckRequest { string subject = 1; string relation = 2; string object = 3; }
message CheckResponse { bool allowed = 1; }
`,
};

test("the page has a complete file, and a snippet for each source", () => {
  expect(whole).toMatch(/^syntax = "proto3";/);
  for (const source of ["jwt", "session", "api_key", "assertion", "trusted", "peer"])
    expect(
      snippets.filter((snippet) => snippet.includes(`${source}: {`)),
      source,
    ).not.toEqual([]);
});

test.each(
  blocks.map((block, i) => ({ block, name: `${i}: ${/(\w+): \{ (?:issuer|header|prefix|spiffe)/.exec(block)?.[1]}` })),
)("snippet $name generates", ({ block }) => {
  const file = fileOf(block);
  const texts = { ...UPSTREAMS, "notes/v1/notes.proto": file };
  const sources = Object.assign((name: string) => texts[name as keyof typeof texts], { path: (name: string) => name });
  const { response, diagnostics } = compile(
    { ...requestFor(texts, ["notes/v1/notes.proto"]), parameter: "import_extension=ts,server=true" },
    sources,
    { text: undefined, ci: false },
  );
  expect(renderDiagnostics(diagnostics, sources, "text")).toBe("");
  expect(response.file.map(({ name }) => name)).toContain("notes/v1/identity.ts");
});
