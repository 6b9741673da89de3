import { hash } from "node:crypto";
import { type DescEnum, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { DescriptorProtoSchema, EnumDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

const known = new WeakMap<DescMessage, string>();

/**
 * Returns a digest of a message type and of all types that it reaches. It differs wherever the same bytes could mean
 * something else.
 */
export function typeDigest(type: DescMessage): string {
  let digest = known.get(type);
  if (digest === undefined) {
    const parts: string[] = [];
    for (const reached of reach(type)) {
      const bytes =
        reached.kind === "message"
          ? toBinary(DescriptorProtoSchema, reached.proto)
          : toBinary(EnumDescriptorProtoSchema, reached.proto);
      parts.push(`${reached.typeName} ${reached.file.edition} ${hash("sha256", bytes, "base64")}`);
    }
    digest = hash("sha256", parts.sort().join("\n"), "base64");
    known.set(type, digest);
  }
  return digest;
}

function reach(type: DescMessage): Set<DescMessage | DescEnum> {
  const reached = new Set<DescMessage | DescEnum>([type]);
  // A loop over a set includes elements that are added during the loop.
  for (const each of reached) {
    if (each.kind === "enum") continue;
    for (const { message, enum: values } of each.fields) {
      if (message !== undefined) reached.add(message);
      if (values !== undefined) reached.add(values);
    }
  }
  return reached;
}
