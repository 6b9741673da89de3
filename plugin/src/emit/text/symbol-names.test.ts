import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import { expect, test } from "vitest";
import { requestFor } from "../../../../test/support/request.ts";
import { symbolNames } from "./symbol-names.ts";

const PROTOS = {
  "a/v1/a.proto": `syntax = "proto2";
package a.v1;
message Plain { message Inner { enum Kind { KIND_A = 0; } } extend Plain { optional int32 inner = 100; } extensions 100 to 200; }
message Plain_Inner {}
message PlainSchema {}
message Plain_InnerSchema { message class {} }
message class {}
message Object {}
message file_a_v1_a {}
enum Promise { PROMISE_A = 0; }
extend Plain { optional int32 top = 101; }
service Service { rpc Get(Plain) returns (Plain); }
service PlainSchema2 {}
`,
  "b.proto": `syntax = "proto3";\nmessage NoPackage {}\n`,
};

test("names equal those of protoplugin", () => {
  const names: string[] = [];
  const plugin = createEcmaScriptPlugin({
    name: "names",
    version: "1",
    generateTs: (schema) => {
      for (const file of schema.files) {
        const f = schema.generateFile(`${file.name}.ts`);
        for (const desc of schema.typesInFile(file)) {
          const { shapes, schemas } = symbolNames(file);
          expect(schemas.get(desc), desc.toString()).toBe(f.importSchema(desc).name);
          if (desc.kind === "message" || desc.kind === "enum")
            expect(shapes.get(desc), desc.toString()).toBe(f.importShape(desc).name);
          names.push(desc.typeName);
        }
      }
    },
  });
  plugin.run(create(CodeGeneratorRequestSchema, { ...requestFor(PROTOS), parameter: "target=ts" }));
  expect(names.length).toBe(16);
});
