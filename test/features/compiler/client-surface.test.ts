// What clients see of a BFF: its types, and nothing of how they come about.
import { create, createFileRegistry, type DescFile, fromBinary, hasExtension } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Level,
} from "@bufbuild/protobuf/wkt";
import { file_bff_v1_options as name } from "@protobff/messages/bff/v1/options_pb.js";
import { file_bff_v1_options as whole } from "@protobff/messages/options.js";
import { expect, test } from "vitest";
import { file_mobile_v1_mobile } from "../../../generated/mobile/v1/mobile_pb.ts";
import { file_web_v1_web } from "../../../generated/web/v1/web_pb.ts";
import {
  isPublic,
  OPTION,
  publicBytes,
  publicDependencies,
} from "../../../packages/server/src/services/public-descriptors.ts";
import { requestFor } from "../../support/request.ts";

function reached(file: DescFile, found = new Set<DescFile>()): ReadonlySet<DescFile> {
  if (found.has(file)) return found;
  for (const dependency of publicDependencies(file)) reached(dependency, found);
  // After all that it imports.
  return found.add(file);
}

/** As a client that has asked for them puts them together. */
function seenByClients(file: DescFile) {
  const bytes = [...reached(file)].map(publicBytes);
  const protos = bytes.map((buffer) => fromBinary(FileDescriptorProtoSchema, buffer));
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: protos }));
  return { registry, text: bytes.map((buffer) => Buffer.from(buffer).toString("latin1")).join("\n") };
}

test.each([file_web_v1_web, file_mobile_v1_mobile])("a BFF's descriptors are complete without its options", (file) => {
  const { registry, text } = seenByClients(file);
  const services = [...registry].filter(({ kind }) => kind === "service");
  expect(services.length).toBeGreaterThan(0);
  for (const service of services) {
    if (service.kind !== "service") continue;
    expect(service.methods.every(({ idempotency }) => idempotency === Level.NO_SIDE_EFFECTS)).toBe(true);
  }
  expect(registry.getMessage("bff.v1.Degradation")?.fields.length).toBeGreaterThan(3);
  // Names that stand in options alone: of upstreams, and in expressions.
  expect(text).not.toMatch(/bff\/v1\/options|AgentService|BillingService|args\.|headers\[|env\./);
});

test("generated code imports the options' file without what it declares", () => {
  expect([...nestedTypes(name)]).toEqual([]);
  const facts = ({ proto }: DescFile) => ({ ...proto, messageType: [], enumType: [], extension: [] });
  expect(facts(name)).toEqual(facts(whole));
  const extensions = [...nestedTypes(whole)].filter((type) => type.kind === "extension");
  expect(extensions.length).toBeGreaterThan(5);
  expect(extensions.filter(({ number }) => number !== OPTION)).toEqual([]);
});

test("options of other packages stay, with their imports, when the BFF's options are removed", () => {
  const protos = {
    "gate/v1/gate.proto": `syntax = "proto3";
package gate.v1;
import "google/protobuf/descriptor.proto";
extend google.protobuf.MethodOptions { string route = 70001; }
extend google.protobuf.FieldOptions { string note = 70002; }`,
    "app/v1/app.proto": `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import public "bff/v1/options.proto";
import public "gate/v1/gate.proto";
option java_package = "com.example.app";
option (bff.v1.file) = { env: { name: "SECRET_WORD" type: "string" } };
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) {
    option (bff.v1.method).timeout = "1s";
    option (gate.v1.route) = "/pages";
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: { name: "secret_word" by: "args.id" } };
  message Inner { string id = 1 [deprecated = true, (bff.v1.field).by = "args.secret_word"]; }
  string id = 1 [(gate.v1.note) = "kept", (bff.v1.field).by = "secret_word"];
  oneof one { string a = 2 [(bff.v1.field).by = "secret_word"]; }
  repeated bff.v1.Degradation degraded = 15;
}
enum Kind { option (bff.v1.enum).alias = "secret_word.v1.Kind"; KIND_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true]; }`,
  };
  const { protoFile } = requestFor(protos, ["app/v1/app.proto"]);
  const file = createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile })).getFile("app/v1/app.proto");
  if (file === undefined) throw new Error("no file");
  expect(Buffer.from(publicBytes(file)).toString("latin1")).not.toMatch(/secret_word|SECRET_WORD|bff\/v1\/options/);
  const proto = fromBinary(FileDescriptorProtoSchema, publicBytes(file));
  expect(proto.dependency).toEqual(["bff/v1/degradation.proto", "gate/v1/gate.proto"]);
  expect(proto.publicDependency).toEqual([1]);
  expect(proto.options?.javaPackage).toBe("com.example.app");
  const { registry } = seenByClients(file);
  const [route, note] = ["gate.v1.route", "gate.v1.note"].map((name) => registry.getExtension(name));
  const page = registry.getMessage("app.v1.Page");
  if (route === undefined || note === undefined || page === undefined) throw new Error("not all is there");
  expect(hasExtension(registry.getService("app.v1.AppService")!.method.getPage!.proto.options!, route)).toBe(true);
  expect(hasExtension(page.field.id!.proto.options!, note)).toBe(true);
  // What had nothing but ours has none at all.
  expect(page.proto.options).toBe(undefined);
  expect(registry.getMessage("app.v1.Page.Inner")?.field.id?.proto.options?.deprecated).toBe(true);
  expect([...reached(file)].every(isPublic)).toBe(true);
});
