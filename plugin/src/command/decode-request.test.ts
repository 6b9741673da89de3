import { create, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { decodeRequest } from "./decode-request.ts";

test("each file is decoded once, in the order of proto_file, with options of source retention", () => {
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: ["b.proto"],
    parameter: "mock=true",
    compilerVersion: { major: 1 },
    protoFile: [{ name: "a.proto" }, { name: "b.proto" }, { name: "c.proto" }],
    sourceFileDescriptors: [{ name: "b.proto", package: "complete" }],
  });
  const decoded = decodeRequest(toBinary(CodeGeneratorRequestSchema, request));
  expect(decoded).toMatchObject({
    fileToGenerate: ["b.proto"],
    parameter: "mock=true",
    compilerVersion: { major: 1 },
    protoFile: [{ name: "a.proto" }, { name: "b.proto", package: "complete" }, { name: "c.proto" }],
    sourceFileDescriptors: [],
  });
});

test("an empty request is valid", () => {
  expect(decodeRequest(new Uint8Array())).toMatchObject({ fileToGenerate: [], parameter: "", protoFile: [] });
});
