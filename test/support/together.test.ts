import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { goldenCases, requestOf, UPSTREAMS } from "./golden.ts";
import { build, type Protos, provided } from "./protos.ts";
import { builtTogether, together } from "./together.ts";

const alone = (files: Protos) => build({ ...provided(files), ...files });
const bytes = (file: ReturnType<typeof build>) => toBinary(FileDescriptorSetSchema, { ...EMPTY, file: [...file] });
const EMPTY = { $typeName: "google.protobuf.FileDescriptorSet" } as const;

test("a combined build equals separate builds, including source positions", () => {
  const several = goldenCases("diagnostics").filter(({ protos }) => Object.keys(protos).length > 1);
  const cases = [...several.slice(0, 3), ...several.slice(-3), ...goldenCases("emit").slice(0, 3)].map(
    (golden) => golden.protos,
  );
  together(UPSTREAMS, cases);
  const whole = cases.map((protos) => ({ ...UPSTREAMS, ...protos }));
  const found = whole.map(builtTogether);
  expect(found.filter((files) => files !== undefined).length).toBeGreaterThan(5);
  for (const [i, files] of whole.entries())
    if (found[i] !== undefined) expect(Buffer.compare(bytes(found[i]), bytes(alone(files)))).toBe(0);
});

const app = (text: string): Protos => ({ "app/v1/app.proto": `syntax = "proto3";\npackage app.v1;\n${text}` });

test("a case that does not compile reports its own error, and the others are built", () => {
  const right = app('import "up/v1/up.proto";\nmessage A { up.v1.Item app_item = 1; }');
  const wrong = app("message B { app.v1.Nobody b = 1; }");
  together(UPSTREAMS, [wrong, right]);
  expect(() => requestOf({ protos: wrong })).toThrow(/app\/v1\/app\.proto:3:13:.*app\.v1\.Nobody/);
  const [file] = requestOf({ protos: right }).sourceFileDescriptors;
  expect(file?.messageType[0]?.field[0]?.jsonName).toBe("appItem");
  expect(file?.messageType[0]?.field[0]?.typeName).toBe(".up.v1.Item");
});

test.each([
  ["in no folder", { "app.proto": 'syntax = "proto3";\npackage app.v1;' }],
  ["in no package of its folder's", { "app/v1/app.proto": 'syntax = "proto3";\npackage app;' }],
  [
    "with an extension",
    app('import "google/protobuf/descriptor.proto";\nextend google.protobuf.FileOptions { string s = 50001; }'),
  ],
  ["in the place of what is shared", { "up/v1/up.proto": 'syntax = "proto3";\npackage up.v1;' }],
])("%s is built alone", (_, protos) => {
  together(UPSTREAMS, [protos]);
  const files = { ...UPSTREAMS, ...protos };
  expect(builtTogether(files)).toBeUndefined();
  expect(requestOf({ protos }).fileToGenerate).toEqual(Object.keys(protos));
});
