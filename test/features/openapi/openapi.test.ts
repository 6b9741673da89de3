// `openapi=true`: documents that a validator by other hands accepts, with schemas that a compiler by other hands compiles; two of them are
// read by a person (test/golden/openapi), and what protobuf-es writes as JSON of any answer fits its schema.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toJson } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { goldenCases, goldenOf, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { numbers, randomMessage } from "../../support/random-message.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { together } from "../../support/together.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly securitySchemes?: Readonly<Record<string, unknown>>;
  };
}

function documents(
  texts: Readonly<Record<string, string>>,
  targets: readonly string[],
  openapi = "true",
): Readonly<Record<string, string>> {
  const { response } = compile(
    { ...requestFor(texts, targets), parameter: `import_extension=ts,openapi=${openapi}` },
    (name) => texts[name],
  );
  expect(response.error).toBe("");
  const found = response.file.filter(({ name }) => name.endsWith(".json"));
  return Object.fromEntries(found.map(({ name, content }) => [name, content]));
}

const example = textsBelow(join(root, "proto/example"));
const cases = [
  ...goldenCases("emit")
    .filter(({ name }) =>
      /^(headers|fields|limits|permits|versions|validation|rest|http|identity-sources|enums|copies-optional|well-known|oneof|proto2-bff|any|editions|defer|stream|topics|no-package|packages|names-odd)/.test(
        name,
      ),
    )
    .map(({ name, protos }) => ({ name, texts: { ...UPSTREAMS, ...protos }, targets: Object.keys(protos) })),
  ...["web/v1/web.proto", "mobile/v1/mobile.proto", "account/v1/account.proto"].map((target) => ({
    name: target.slice(0, target.indexOf("/")),
    texts: example,
    targets: [target],
  })),
];

together(
  UPSTREAMS,
  goldenCases("emit").map(({ protos }) => protos),
);

test("answers have the headers that an rpc computes, with 200 and 304 alone", () => {
  const protos = goldenCases("emit").find(({ name }) => name === "headers")?.protos ?? {};
  const [text = "{}"] = Object.values(documents({ ...UPSTREAMS, ...protos }, Object.keys(protos)));
  const { paths } = JSON.parse(text) as {
    readonly paths: Readonly<Record<string, Record<string, { responses: Record<string, { headers?: object }> }>>>;
  };
  const named = (path: string, verb: string) =>
    Object.entries(paths[`/app.v1.${path}`]?.[verb]?.responses ?? {}).flatMap(([status, { headers = {} }]) =>
      Object.keys(headers).includes("x-page-count") || Object.keys(headers).includes("x-page-id") ? [status] : [],
    );
  expect(named("AppService/GetPage", "get")).toEqual(["200", "304"]);
  expect(named("AppService/GetPage", "post")).toEqual(["200"]);
  expect(named("AppService/WatchPage", "get")).toEqual(["200"]);
});

test.each(cases)("the documents of $name are OpenAPI 3.1", async ({ texts, targets }) => {
  const found = Object.entries(documents(texts, targets));
  expect(found.length).toBeGreaterThan(0);
  for (const [name, content] of found) {
    expect(name).toMatch(/openapi\.json$/);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(content));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe("3.1");
    const document = JSON.parse(content) as Document;
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    // Every name that is referred to is there.
    const refs = [...content.matchAll(/"\$ref": "#\/components\/schemas\/([^"]+)"/g)].map(([, ref = ""]) => ref);
    expect(refs.filter((ref) => !(ref in document.components.schemas))).toEqual([]);
  }
});

test.each(["account", "limits", "rest"])("the document of %s matches the golden", (name) => {
  const found = cases.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  for (const [path, content] of Object.entries(documents(found.texts, found.targets))) {
    expect(content).toBe(goldenOf(`openapi/${name}`, path, { "": content })[""]);
  }
});

const FILES = `syntax = "proto3";
package files.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
import "up/v1/up.proto";
service Files {
  option (bff.v1.service) = {};
  rpc Walk(WalkRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/files/{path=**}" };
  }
  rpc Get(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/files/{id}" };
  }
  rpc Drop(GetRequest) returns (Page) {
    option (google.api.http) = { delete: "/v1/files/{id}" };
  }
}
message WalkRequest { string path = 1; }
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { guard: { if: "headers['x-gone'] != ''" fail: { code: NOT_FOUND message: "gone" } } }
    let: { name: "x" call: { method: "up.v1.Up/Get" on_error: { on: [FAILED_PRECONDITION] fail: { code: ALREADY_EXISTS } } } }
    let: { name: "y" supplementary: true call: { method: "up.v1.Up/Find" on_error: { fail: { code: UNIMPLEMENTED } } } }
  };
  string id = 1 [(bff.v1.field).by = "x.id"];
  optional string other = 2 [(bff.v1.field).by = "y.id"];
}`;
const FILES_UPSTREAM = `syntax = "proto3";
package up.v1;
service Up {
  rpc Get(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Find(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Req {}
message Res { string id = 1; }`;
const files = (openapi?: string): Document => {
  const texts = { "files/v1/files.proto": FILES, "up/v1/up.proto": FILES_UPSTREAM };
  const [content = ""] = Object.values(documents(texts, ["files/v1/files.proto"], openapi));
  return JSON.parse(content) as Document;
};

test("templates that differ only in variable names are one path item, and those with `**` give way", async () => {
  const document = files("rest");
  expect((await new Validator().validate(document as never)).errors).toBeUndefined();
  expect(document.paths).toMatchObject({
    "/v1/files/{path}": {
      get: {
        operationId: "files.v1.Files.Get_rest",
        description: "Paths with more segments are for `files.v1.Files.Walk_rest`.",
        parameters: [{ name: "path", in: "path" }],
      },
      delete: { operationId: "files.v1.Files.Drop_rest", parameters: [{ name: "path", in: "path" }] },
    },
  });
});
test("`openapi=rest` leaves out the paths of Connect", () => {
  expect(Object.keys(files("rest").paths)).toEqual(["/v1/files/{path}"]);
  expect(Object.keys(files("rest").components.schemas)).not.toContain("connect.Error");
  expect(Object.keys(files().paths)).toContain("/files.v1.Files/Get");
});
test("statuses of guards and `on_error` are those of the rpc, without those that a supplementary step absorbs", () => {
  for (const item of Object.values(files().paths))
    for (const { responses } of Object.values(item) as unknown as { responses: Record<string, object> }[]) {
      expect(responses).toMatchObject({
        "404": { description: "A guard or `on_error` answers NOT_FOUND." },
        "409": { description: "A guard or `on_error` answers ALREADY_EXISTS." },
      });
      expect(Object.keys(responses)).not.toContain("501");
    }
});

test.each(cases)("random answers of $name match their schema", ({ texts, targets }) => {
  const { files, registry } = schemaOf(requestFor(texts, targets));
  const random = numbers(7);
  let checked = 0;
  for (const content of Object.values(documents(texts, targets))) {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, ownProperties: true });
    const document = JSON.parse(content) as Document;
    ajv.addSchema(document, "document");
    for (const { output } of files.flatMap(({ services }) => services.flatMap(({ methods }) => methods))) {
      if (!(output.typeName in document.components.schemas)) continue;
      const fits = ajv.compile({ $ref: `document#/components/schemas/${output.typeName}` });
      for (let i = 0; i < 20; i++) {
        const answer = toJson(output, randomMessage(output, random), { registry });
        expect({ fits: fits(answer), answer, errors: fits.errors }).toEqual({ fits: true, answer, errors: null });
        checked++;
      }
    }
  }
  expect(checked).toBeGreaterThan(0);
});

/** Of an expression, in `validation-cel`: what it says no document can. */
const BY_EXPRESSION = new Set(["string.begins"]);
test("the schema requires exactly the fields that protovalidate misses in an empty request", () => {
  const differing: string[] = [];
  let required = 0;
  for (const { name, texts, targets } of cases) {
    const { files, registry } = schemaOf(requestFor(texts, targets));
    const validator = createValidator({ registry });
    for (const content of Object.values(documents(texts, targets))) {
      const { schemas } = (JSON.parse(content) as Document).components;
      const services = files.flatMap((file) => file.services);
      const outputs = new Set(services.flatMap(({ methods }) => methods.map(({ output }) => output)));
      for (const { input } of services.flatMap(({ methods }) => methods)) {
        const schema = schemas[input.typeName] as { readonly required?: readonly string[] } | undefined;
        if (schema === undefined || outputs.has(input)) continue;
        const { violations = [] } = validator.validate(input, create(input));
        // Of what protovalidate says nothing, for the message could not even be read.
        const { fields } = input;
        const legacy = fields.flatMap((field) => (field.presence === Presence.LEGACY_REQUIRED ? [field.jsonName] : []));
        const lacking = violations.flatMap(({ field: [first, ...deeper], ruleId }) =>
          first?.kind === "field" && deeper.length === 0 && !BY_EXPRESSION.has(ruleId) ? [first.jsonName] : [],
        );
        const requiredNames = schema.required?.filter((member) => !legacy.includes(member)) ?? [];
        required += requiredNames.length;
        const odd = [...new Set([...requiredNames, ...lacking])].filter(
          (member) => requiredNames.includes(member) !== lacking.includes(member),
        );
        differing.push(...odd.map((member) => `${name} ${input.typeName} ${member}`));
      }
    }
  }
  expect(differing).toEqual([]);
  expect(required).toBeGreaterThan(10);
});
