import {
  type NestedTestAllTypes,
  NestedTestAllTypesSchema,
  type TestAllTypes,
  TestAllTypesSchema,
} from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import { create, type DescMessage, fromJson, type Message, toJson } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { build } from "esbuild";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { requestFor, schemaOf } from "../../test/support/request.ts";
import { type AnySelection, anySelection } from "../../test/support/selections.ts";
import { type Selected, type Selection, select } from "./index.ts";

const message = create(TestAllTypesSchema);

describe("the paths of a selection", () => {
  test("are the names in the proto, in the order of the selection", () => {
    const { mask, header } = select(TestAllTypesSchema, { singleString: true, singleInt32: true, in: true });
    expect(mask).toEqual(create(FieldMaskSchema, { paths: ["single_string", "single_int32", "in"] }));
    expect(header).toBe("single_string,single_int32,in");
  });
  test("lead to fields of messages, of items of lists, of values of maps, and of members of oneofs", () => {
    const { mask } = select(TestAllTypesSchema, {
      standaloneMessage: { bb: true },
      repeatedNestedMessage: { bb: true },
      mapStringMessage: { bb: true },
      singleNestedMessage: { bb: true },
      mapInt64NestedType: { child: { payload: { singleAny: true } } },
    });
    expect(mask.paths).toEqual([
      "standalone_message.bb",
      "repeated_nested_message.bb",
      "map_string_message.*.bb",
      "single_nested_message.bb",
      "map_int64_nested_type.*.child.payload.single_any",
    ]);
  });
  test("end with * for whole messages", () => {
    expect(select(TestAllTypesSchema, "*").header).toBe("*");
    const { mask } = select(TestAllTypesSchema, {
      standaloneMessage: "*",
      repeatedNestedMessage: "*",
      mapStringMessage: "*",
      mapInt64NestedType: { child: "*" },
    });
    expect(mask.paths).toEqual([
      "standalone_message.*",
      "repeated_nested_message.*",
      "map_string_message.*",
      "map_int64_nested_type.*.child.*",
    ]);
  });
  test("leave out undefined", () => {
    expect(select(TestAllTypesSchema, { singleInt32: true, singleInt64: undefined }).header).toBe("single_int32");
  });
  test("are of the proto when json_name is another name, and of fields that JavaScript reserves", () => {
    const proto = `syntax = "proto3";
package app.v1;
message Page { string page_title = 1 [json_name = "heading"]; string constructor = 2; string line_1 = 3; }`;
    const desc = schemaOf(requestFor({ "app/v1/app.proto": proto })).registry.getMessage("app.v1.Page");
    if (desc === undefined) throw new Error("no message");
    const { header } = select(desc, { pageTitle: true, constructor$: true, line1: true });
    expect(header).toBe("page_title,constructor,line_1");
    expect(() => select(desc, { heading: true })).toThrow(new TypeError('app.v1.Page has no field "heading"'));
    expect(() => select(desc, { constructor: true })).toThrow(new TypeError('app.v1.Page has no field "constructor"'));
  });
});

test("the paths of random selections are those of the selected fields, and JSON keeps them", () => {
  const desc: DescMessage = TestAllTypesSchema;
  fc.assert(
    fc.property(anySelection(desc), ({ selection, paths }) => {
      const { mask, header } = select(desc, selection);
      expect(mask.paths).toEqual(paths);
      expect(header.split(",")).toEqual(mask.paths);
      expect(fromJson(FieldMaskSchema, toJson(FieldMaskSchema, mask))).toEqual(mask);
    }),
    { numRuns: 500 },
  );
});

describe("the type of the selected fields", () => {
  const fields = select(TestAllTypesSchema, {
    singleInt32: true,
    singleStruct: true,
    singleInt64Wrapper: true,
    standaloneMessage: { bb: true },
    singleNestedMessage: { bb: true },
    repeatedNestedMessage: { bb: true },
    mapStringMessage: { bb: true },
    mapBoolMessage: true,
  });
  type Page = Selected<typeof fields>;
  interface Inner {
    readonly $typeName: "cel.expr.conformance.proto3.TestAllTypes.NestedMessage";
    bb: number;
  }

  test("has no other field", () => {
    expectTypeOf<keyof Page>().toEqualTypeOf<
      | "$typeName"
      | "singleInt32"
      | "singleStruct"
      | "singleInt64Wrapper"
      | "standaloneMessage"
      | "nestedType"
      | "repeatedNestedMessage"
      | "mapStringMessage"
      | "mapBoolMessage"
    >();
    // @ts-expect-error: it is not selected
    fields.of(message).singleInt64;
  });
  test("keeps the types of whole fields, and which are optional", () => {
    expectTypeOf<Pick<Page, "singleInt32" | "singleStruct" | "singleInt64Wrapper" | "mapBoolMessage">>().toEqualTypeOf<
      Pick<TestAllTypes, "singleInt32" | "singleStruct" | "singleInt64Wrapper" | "mapBoolMessage">
    >();
    expectTypeOf<Page["standaloneMessage"]>().toEqualTypeOf<Inner | undefined>();
    expectTypeOf<object>().not.toExtend<Pick<Page, "singleInt32">>();
    expectTypeOf<object>().toExtend<Pick<Page, "standaloneMessage">>();
  });
  test("has the selected fields of items, of values and of members", () => {
    expectTypeOf<Page["repeatedNestedMessage"]>().toEqualTypeOf<Inner[]>();
    expectTypeOf<Page["mapStringMessage"]>().toEqualTypeOf<{ [key: string]: Inner }>();
    expectTypeOf<Page["nestedType"]>().toEqualTypeOf<
      { case: "singleNestedMessage"; value: Inner } | { case: undefined; value?: undefined }
    >();
  });
  test("is a message, and the same object", () => {
    expectTypeOf<Page>().toExtend<Message<"cel.expr.conformance.proto3.TestAllTypes">>();
    expect(fields.of(message)).toBe(message);
    expect([message].map(fields.of)).toEqual([message]);
  });
  test("is the message's for *", () => {
    expectTypeOf<Selected<ReturnType<typeof whole>>>().toEqualTypeOf<TestAllTypes>();
    function whole() {
      return select(TestAllTypesSchema, "*");
    }
    const child = select(NestedTestAllTypesSchema, { child: "*", payload: { repeatedNestedMessage: "*" } });
    expectTypeOf(child.of).returns.toHaveProperty("child").toEqualTypeOf<NestedTestAllTypes | undefined>();
    expectTypeOf<NonNullable<Selected<typeof child>["payload"]>["repeatedNestedMessage"]>().toEqualTypeOf<
      TestAllTypes["repeatedNestedMessage"]
    >();
  });
  test("has no field that is selected by chance", () => {
    const perhaps = Date.now() > 0 ? true : undefined;
    const fields = select(TestAllTypesSchema, { singleInt32: true, standaloneMessage: perhaps });
    expectTypeOf<keyof Selected<typeof fields>>().toEqualTypeOf<"$typeName" | "singleInt32">();
  });
  test("has the fields of selections that are joined", () => {
    const inner = { bb: true } as const satisfies Selection<NonNullable<TestAllTypes["standaloneMessage"]>>;
    const fields = select(TestAllTypesSchema, { standaloneMessage: inner });
    expectTypeOf<Selected<typeof fields>["standaloneMessage"]>().toEqualTypeOf<Inner | undefined>();
  });
  test("is the message's without generated code", () => {
    const fields = select(TestAllTypesSchema as DescMessage, { standaloneMessage: { bb: true } });
    expectTypeOf<Selected<typeof fields>>().toEqualTypeOf<Message>();
  });
});

describe("an error of types, and at run time,", () => {
  const NAME = "cel.expr.conformance.proto3.TestAllTypes";
  test.each([
    // @ts-expect-error
    [() => select(TestAllTypesSchema, { singleInt33: true }), `${NAME} has no field "singleInt33"`],
    // @ts-expect-error
    [() => select(TestAllTypesSchema, { nestedType: true }), `${NAME} has no field "nestedType"`],
    // @ts-expect-error
    [() => select(TestAllTypesSchema, { single_int32: true }), `${NAME} has no field "single_int32"`],
    // @ts-expect-error
    [() => select(TestAllTypesSchema, { $typeName: true }), `${NAME} has no field "$typeName"`],
    // @ts-expect-error
    [() => select(TestAllTypesSchema, {}), `the selection selects no field of ${NAME}`],
    // @ts-expect-error
    [() => select(TestAllTypesSchema, true), `the selection selects no field of ${NAME}`],
    [
      // @ts-expect-error
      () => select(TestAllTypesSchema, { standaloneMessage: {} }),
      `"standalone_message" selects no field of ${NAME}.NestedMessage`,
    ],
    [
      // @ts-expect-error
      () => select(TestAllTypesSchema, { repeatedNestedMessage: { cc: true } }),
      `${NAME}.NestedMessage has no field "cc"`,
    ],
  ])("is %s", (call, text) => expect(call).toThrow(new TypeError(text)));

  test("is an unknown field of a variable", () => {
    const selection = { singleInt32: true, other: true } as const;
    // @ts-expect-error
    expect(() => select(TestAllTypesSchema, selection)).toThrow(`${NAME} has no field "other"`);
  });

  const whole = (name: string): TypeError =>
    new TypeError(`"${name}" of ${NAME} has no fields to select: select it whole, by true`);
  test.each([
    // @ts-expect-error
    ["singleInt32", () => select(TestAllTypesSchema, { singleInt32: "*" })],
    // @ts-expect-error
    ["singleString", () => select(TestAllTypesSchema, { singleString: { length: true } })],
    // @ts-expect-error
    ["singleBytes", () => select(TestAllTypesSchema, { singleBytes: { length: true } })],
    // @ts-expect-error
    ["standaloneEnum", () => select(TestAllTypesSchema, { standaloneEnum: "*" })],
    // @ts-expect-error
    ["repeatedInt32", () => select(TestAllTypesSchema, { repeatedInt32: "*" })],
    // @ts-expect-error
    ["mapStringString", () => select(TestAllTypesSchema, { mapStringString: "*" })],
    // @ts-expect-error
    ["singleAny", () => select(TestAllTypesSchema, { singleAny: { value: true } })],
    // @ts-expect-error
    ["singleTimestamp", () => select(TestAllTypesSchema, { singleTimestamp: { seconds: true } })],
    // @ts-expect-error
    ["singleStruct", () => select(TestAllTypesSchema, { singleStruct: { fields: true } })],
    // @ts-expect-error
    ["singleStringWrapper", () => select(TestAllTypesSchema, { singleStringWrapper: { value: true } })],
    // @ts-expect-error
    ["repeatedDuration", () => select(TestAllTypesSchema, { repeatedDuration: { seconds: true } })],
    // @ts-expect-error
    ["mapStringTimestamp", () => select(TestAllTypesSchema, { mapStringTimestamp: { seconds: true } })],
  ])("is a selection below %s", (name, call) => expect(call).toThrow(whole(name)));

  test.each([false, null, 1, "title", []])("is a message selected by %j", (value) => {
    // @ts-expect-error
    expect(() => select(TestAllTypesSchema, { standaloneMessage: value })).toThrow(
      new TypeError(`"standalone_message" selects no field of ${NAME}.NestedMessage`),
    );
  });
});

describe("the limits of the server", () => {
  const below = (depth: number): AnySelection => (depth === 1 ? { payload: true } : { child: below(depth - 1) });
  const nested: DescMessage = NestedTestAllTypesSchema;

  test("are 16 names in a path", () => {
    expect(select(nested, below(16)).header.split(".")).toHaveLength(16);
    const text = `"${"child.".repeat(16).slice(0, -1)}" has 16 names, the most of a path: select it whole, by true`;
    expect(() => select(nested, below(17))).toThrow(new RangeError(text));
    const endless: { child?: AnySelection } = {};
    endless.child = endless as AnySelection;
    expect(() => select(nested, endless as AnySelection)).toThrow(RangeError);
  });
  test("are 200 paths", () => {
    const names = TestAllTypesSchema.fields.map(({ localName }) => localName);
    expect(names.length).toBeGreaterThan(200);
    const first = (count: number): AnySelection =>
      Object.fromEntries(names.slice(0, count).map((name) => [name, true]));
    const desc: DescMessage = TestAllTypesSchema;
    expect(select(desc, first(200)).mask.paths).toHaveLength(200);
    const text = "201 paths are selected, at most 200 are allowed: select whole messages";
    expect(() => select(desc, first(201))).toThrow(new RangeError(text));
  });
});

test("a bundle with select contains no other module of the package, and nothing of Connect", async () => {
  const { metafile } = await build({
    stdin: {
      contents: 'export { select } from "./index.ts";',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: "esm",
    metafile: true,
    write: false,
    outdir: "out",
  });
  const [output] = Object.values(metafile.outputs);
  const loaded = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const paths = loaded.map(([path]) => path);
  expect(paths.filter((path) => path.includes("client/src/"))).toEqual(["client/src/select.ts"]);
  expect(paths.filter((path) => path.includes("connectrpc"))).toEqual([]);
});
