// The type json.v1.All, which has fields of every kind.
import { readFileSync } from "node:fs";
import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { build } from "../../support/protos.ts";

const proto = new URL("json-values/values.proto", import.meta.url);

export const FILES: FileDescriptorSet = create(FileDescriptorSetSchema, {
  file: [...build({ "json/v1/values.proto": readFileSync(proto, "utf8") })],
});
export const REGISTRY = createFileRegistry(FILES);
export const ALL = REGISTRY.getMessage("json.v1.All") as DescMessage;
