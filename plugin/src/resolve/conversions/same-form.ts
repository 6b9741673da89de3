import { ScalarType } from "@bufbuild/protobuf";
import { type CelType, type Proto, typeName } from "../../cel/index.ts";

/** The type of a value in expressions, and its representation. */
interface Typed {
  readonly type: CelType;
  readonly proto: Proto | undefined;
}

/** Returns true if two values have one representation. */
export function sameForm(a: Proto | undefined, b: Proto | undefined): boolean {
  return formName(a) === formName(b);
}

/**
 * Returns names for two types by their difference: `string` and `int`, `int32` and `int64`, `app.v1.Kind` and
 * `app.v1.Shade`.
 */
export function distinctTypeNames(a: Typed, b: Typed): readonly [a: string, b: string] {
  const types = [typeName(a.type), typeName(b.type)] as const;
  return types[0] === types[1] ? [formName(a.proto), formName(b.proto)] : types;
}

/** As a proto declares it. */
export function formName(proto: Proto | undefined): string {
  switch (proto?.kind) {
    case "scalar":
      return (ScalarType[proto.scalar] ?? "").toLowerCase();
    case "enum":
    case "message":
      return proto.desc.typeName;
    case "list":
      return `repeated ${formName(proto.of)}`;
    case "map":
      return `map<${(ScalarType[proto.key] ?? "").toLowerCase()}, ${formName(proto.of)}>`;
    default:
      return "of another form";
  }
}
