import { Code, Protocol } from "@protobff/messages/options.js";
import { describe, expect, test } from "vitest";
import { requestFor, schemaOf } from "../../../test/support/request.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Ir } from "../ir/ir.ts";
import { readIr } from "./read-ir.ts";

const read = (files: Record<string, string>, targets?: string[]): Ir => {
  const found: Diagnostic[] = [];
  const ir = readIr(
    schemaOf(requestFor(files, targets)),
    (file) => files[file],
    (diagnostic) => found.push(diagnostic),
  );
  expect(found).toEqual([]);
  return ir;
};

/** Descriptors by name; of every value with a place, only the value. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("typeName" in value) return value.typeName;
  if ("value" in value && "at" in value) return value.value;
  if ("proto" in value && "name" in value) return value.name;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== "at" && inner !== undefined && !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key === "then" ? "outcome" : key, plain(inner)]),
  );
};

test("a file with the same descriptor and text is read once, and its faults are reported each time", () => {
  const text = `syntax = "proto3"; import "bff/v1/options.proto"; message M { string a = 1 [(bff.v1.field).by = ""]; }`;
  const schema = schemaOf(requestFor({ "once.proto": text }));
  const readText = (source: string) => {
    const found: Diagnostic[] = [];
    const { files } = readIr(
      schema,
      () => source,
      (diagnostic) => found.push(diagnostic),
    );
    return { file: files[0], columns: found.map(({ at }) => at.column) };
  };
  const first = readText(text);
  expect(first.columns).toHaveLength(1);
  expect(readText(text)).toEqual(first);
  expect(readText(text).file).toBe(first.file);
  const moved = readText(text.replace("message", " message"));
  expect(moved.columns).toEqual(first.columns.map((column) => column + 1));
});

describe("the intermediate representation", () => {
  test("the representation contains the files with rules in the order of the request, including imported ones", () => {
    const ir = read(
      {
        "policy.proto": `syntax = "proto3"; import "bff/v1/options.proto"; option (bff.v1.file).upstream = { timeout: "1s" };`,
        "plain.proto": `syntax = "proto3"; message Plain {}`,
        "main.proto": `syntax = "proto3"; import "bff/v1/options.proto"; import "policy.proto"; import "plain.proto";
          message M { Plain plain = 1 [(bff.v1.field).by = "x"]; }`,
      },
      ["main.proto", "plain.proto"],
    );
    expect(ir.files.map((file) => [file.desc.proto.name, file.target])).toEqual([
      ["policy.proto", false],
      ["main.proto", true],
    ]);
    expect(ir.allFiles.map((file) => file.proto.name)).toContain("plain.proto");
  });

  test("the representation contains all messages and enums, including nested ones and those without rules", () => {
    const [file] = read({
      "a.proto": `syntax = "proto3"; import "bff/v1/options.proto";
        message A { map<string, B> m = 1; message B { enum E { X = 0; } message C { option (bff.v1.message) = {}; } } }
        enum F { Y = 0; }
        message D {}`,
    }).files;
    expect(file?.messages.map(({ desc, ruled }) => [desc.typeName, ruled])).toEqual([
      ["A", false],
      ["A.B", false],
      ["A.B.C", true],
      ["D", false],
    ]);
    expect(file?.enums.map(({ desc }) => desc.typeName)).toEqual(["F", "A.B.E"]);
    expect(file?.services).toEqual([]);
  });

  test("the representation contains every option", () => {
    const [file] = read({
      "a.proto": `syntax = "proto3"; package p; import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: {
    service: "u.S" timeout: "1s" idempotent: true forward: ["a"] metadata: { name: "b" by: "1" if: "2" }
    retry: { attempts: 2 on: [UNAVAILABLE, ABORTED] backoff: { initial: "10ms" max: "1s" multiplier: 1.5 } if: "3" }
    limit: { concurrent: 4 queued: 0 }
    on_error: { on: NOT_FOUND if: "4" fallback: "5" }
    breaker: { error_rate: 0.5 window: "10s" minimum: 6 open_for: "2s" probes: 7 off: false }
    balance: { eject_after: 2 eject_for: "3s" max_ejected: 0.25 refresh: "4s" connections: 5 }
    protocol: HTTP_JSON
  }
  upstream: { service: "u.T" }
  env: { name: "N" type: "map(string, int)" default: "a=8" alternate: ["O", "P"] }
  function: { name: "a.b" param: ["int", "list(u.M)"] result: "string" }
};
service S {
  option (bff.v1.service) = {};
  rpc R(M) returns (M) { option (bff.v1.method) = { timeout: "2s" }; }
}
message M {
  option (bff.v1.message) = {
    let: { name: "a" if: "1" supplementary: true fallback: "2" autobind: false after: ["b", "c"] by: "3" }
    let: { name: "b" call: {
      method: "u.S/M" set: [{ name: "x.y" by: "4" }, { spread: "args" if: "5" }] request: "6"
      batch: { name: "ids" by: "7" items: "list" key: "id" many: true max: 9 wrap: "21" }
      on_error: [{ on: [ABORTED] fail: { code: INTERNAL message: "m {x}" details: ["d"] } }, { ignore: true }]
    } }
    let: { name: "c" compose: { message: "M" args: { name: "x" by: "10" } } }
    let: { name: "d" each: { var: "v" in: "11" if: "12" key: "13" partial: true concurrent: 14 max: 15 compose: { message: "M" } } }
    let: { name: "e" switch: { case: [{ if: "16" by: "17" }] default: "18" } }
    let: { guard: { if: "19" fail: { code: ABORTED } } }
  };
  string f = 1 [(bff.v1.field).by = "a"];
  string k = 4 [(bff.v1.field) = { resolver: true reads: { step: ["a", "b"] } }];
  oneof o {
    string g = 2 [(bff.v1.field) = { alias: "h" if: "20" }];
    string i = 3 [(bff.v1.field) = { alias: "j" default: true }];
  }
}
enum E {
  option (bff.v1.enum).alias = "u.E";
  A = 0 [(bff.v1.enum_value) = { alias: ["X", "Y"] default: true no_alias: false }];
}`,
    }).files;
    const policy = { metadata: undefined, forward: undefined, onError: undefined };
    expect(plain(file)).toEqual({
      kind: "file",
      desc: "a",
      target: true,
      upstreams: [
        {
          kind: "upstream",
          service: "u.S",
          bare: false,
          policy: {
            timeout: 1000,
            idempotent: true,
            forward: ["a"],
            metadata: [{ kind: "bind", name: "b", by: "1", if: "2" }],
            retry: {
              attempts: 2,
              on: [Code.UNAVAILABLE, Code.ABORTED],
              initial: 10,
              max: 1000,
              multiplier: 1.5,
              if: "3",
            },
            limit: { concurrent: 4, queued: 0 },
            onError: [{ on: [Code.NOT_FOUND], if: "4", outcome: { kind: "fallback", by: "5" } }],
          },
          breaker: { errorRate: 0.5, window: 10_000, minimum: 6, openFor: 2000, probes: 7, off: false },
          balance: { ejectAfter: 2, ejectFor: 3000, maxEjected: 0.25, refresh: 4000, connections: 5 },
          protocol: Protocol.HTTP_JSON,
        },
        { kind: "upstream", service: "u.T", bare: true, policy },
      ],
      env: [
        {
          kind: "env",
          name: "N",
          type: "map(string, int)",
          default: "a=8",
          shape: { of: "map", item: "int" },
          alternates: ["O", "P"],
        },
      ],
      functions: [{ kind: "function", name: "a.b", params: ["int", "list(u.M)"], result: "string" }],
      services: [{ kind: "service", desc: "p.S", methods: [{ kind: "method", desc: "R", timeout: 2000 }] }],
      messages: [
        {
          kind: "message",
          desc: "p.M",
          ruled: true,
          steps: [
            {
              kind: "step",
              index: 0,
              name: "a",
              if: "1",
              source: { kind: "by", by: "3" },
              supplementary: true,
              fallback: "2",
              autobind: false,
              after: ["b", "c"],
            },
            {
              kind: "step",
              index: 1,
              name: "b",
              source: {
                kind: "call",
                method: "u.S/M",
                set: [
                  { kind: "bind", name: "x.y", by: "4" },
                  { kind: "bind", spread: "args", if: "5" },
                ],
                request: "6",
                policy: {
                  ...policy,
                  onError: [
                    {
                      on: [Code.ABORTED],
                      outcome: {
                        kind: "fail",
                        fail: { kind: "failure", code: Code.INTERNAL, message: "m {x}", details: ["d"] },
                      },
                    },
                    { outcome: { kind: "ignore" } },
                  ],
                },
                batch: { name: "ids", by: "7", items: "list", key: "id", many: true, max: 9, wrap: "21" },
              },
            },
            {
              kind: "step",
              index: 2,
              name: "c",
              source: { kind: "compose", message: "M", args: [{ kind: "bind", name: "x", by: "10" }] },
            },
            {
              kind: "step",
              index: 3,
              name: "d",
              source: {
                kind: "each",
                var: "v",
                in: "11",
                if: "12",
                source: { kind: "compose", message: "M" },
                key: "13",
                partial: true,
                concurrent: 14,
                max: 15,
              },
            },
            {
              kind: "step",
              index: 4,
              name: "e",
              source: { kind: "switch", cases: [{ if: "16", by: "17" }], default: "18" },
            },
            {
              kind: "step",
              index: 5,
              source: { kind: "guard", if: "19", fail: { kind: "failure", code: Code.ABORTED } },
            },
          ],
          fields: [
            { kind: "field", desc: "f", faulty: false, by: "a" },
            { kind: "field", desc: "k", faulty: false, resolver: true, reads: { steps: ["a", "b"] } },
            { kind: "field", desc: "g", faulty: false, alias: "h", if: "20" },
            { kind: "field", desc: "i", faulty: false, alias: "j", default: true },
          ],
        },
      ],
      enums: [
        {
          kind: "enum",
          desc: "p.E",
          alias: ["u.E"],
          values: [{ kind: "enum_value", desc: "A", alias: ["X", "Y"], default: true, noAlias: false }],
        },
      ],
    });
  });
});
