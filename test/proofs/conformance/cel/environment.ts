// Declarations of the cases: messages, variables and functions.
import { type Decl, type Type, Type_WellKnownType } from "@bufbuild/cel-spec/cel/expr/checked_pb.js";
import { getTestRegistry } from "@bufbuild/cel-spec/testdata/registry.js";
import {
  create,
  createFileRegistry,
  createRegistry,
  fromJsonString,
  type Registry,
  toJsonString,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  type CelType,
  messageType,
  type Overload,
  type Scope,
  type Variable,
} from "../../../../plugin/src/cel/index.ts";

export const registry: Registry = getTestRegistry();

/** cel-go's own tests use the same messages in other packages. */
export const checkingRegistry: Registry = renamed();

function renamed(): Registry {
  const names = ["cel.expr.conformance.proto3.TestAllTypes", "cel.expr.conformance.proto2.TestAllTypes"];
  const files = names.map((name) => {
    const desc = registry.getMessage(name);
    if (desc === undefined) throw new Error(`no ${name}`);
    const text = toJsonString(FileDescriptorProtoSchema, desc.file.proto);
    const changed = text
      .replaceAll(/cel\.expr\.conformance\.(proto[23])/g, "google.expr.$1.test")
      // A field of a group has another name there.
      .replaceAll(/"(single_id|singleId)"/g, (_, name) => `"${name.replace("single", "nested")}"`);
    return { file: fromJsonString(FileDescriptorProtoSchema, changed), dependencies: desc.file.dependencies };
  });
  const wellKnown = new Map(
    files.flatMap(({ dependencies }) => dependencies.map((dependency) => [dependency.proto.name, dependency.proto])),
  );
  const all = createFileRegistry(
    create(FileDescriptorSetSchema, { file: [...wellKnown.values(), ...files.map(({ file }) => file)] }),
  );
  return createRegistry(...all.files);
}

export interface Declared {
  readonly scope: Scope;
  readonly functions: readonly Overload[];
}

/** Undefined when a type cannot be declared: its message is not there. */
export function declared(
  decls: readonly Decl[],
  container: string,
  messages: Registry,
  more: readonly Variable[] = [],
): Declared {
  const variables = new Map(more.map((variable) => [variable.name, variable]));
  const functions: Overload[] = [];
  for (const { name, declKind } of decls) {
    if (declKind.case === "ident" && declKind.value.type !== undefined) {
      variables.set(name, variable(name, celType(declKind.value.type, messages)));
    }
    if (declKind.case !== "function") continue;
    for (const overload of declKind.value.overloads) {
      functions.push({
        id: overload.overloadId,
        fn: name,
        method: overload.isInstanceFunction,
        params: overload.params.map((param) => celType(param, messages)),
        result: overload.resultType ? celType(overload.resultType, messages) : { kind: "dyn" },
        fails: true,
      });
    }
  }
  const scope: Scope = { lookup: (name) => variables.get(name), names: () => variables.keys(), container };
  return { scope, functions };
}

export function variable(name: string, type: CelType): Variable {
  return { name, role: "var", type, proto: undefined, absent: false };
}

/** Variables that cel-go's checker tests declare for all cases. */
export const CHECKING_VARIABLES: readonly Variable[] = [
  variable("is", { kind: "string" }),
  variable("ii", { kind: "int" }),
  variable("iu", { kind: "uint" }),
  variable("iz", { kind: "bool" }),
  variable("ib", { kind: "bytes" }),
  variable("id", { kind: "double" }),
  variable("ix", { kind: "null" }),
];

export const CHECKING_FUNCTIONS: readonly Overload[] = [
  { id: "fg_s_0", fn: "fg_s", method: false, params: [], result: { kind: "string" }, fails: true },
  {
    id: "fi_s_s_0",
    fn: "fi_s_s",
    method: true,
    params: [{ kind: "string" }],
    result: { kind: "string" },
    fails: true,
  },
];

const PRIMITIVES: readonly (CelType | undefined)[] = [
  undefined,
  { kind: "bool" },
  { kind: "int" },
  { kind: "uint" },
  { kind: "double" },
  { kind: "string" },
  { kind: "bytes" },
];

export function celType({ typeKind }: Type, messages: Registry): CelType {
  const inner = (type: Type | undefined): CelType => (type === undefined ? { kind: "dyn" } : celType(type, messages));
  switch (typeKind.case) {
    case "null":
      return { kind: "null" };
    case "primitive":
      return PRIMITIVES[typeKind.value] ?? { kind: "dyn" };
    case "wrapper":
      return { kind: "wrapper", of: PRIMITIVES[typeKind.value] ?? { kind: "dyn" } };
    case "wellKnown": {
      if (typeKind.value === Type_WellKnownType.ANY) return { kind: "dyn", any: true };
      const name = typeKind.value === Type_WellKnownType.TIMESTAMP ? "Timestamp" : "Duration";
      const desc = messages.getMessage(`google.protobuf.${name}`);
      return desc === undefined ? { kind: "dyn" } : { kind: "message", desc };
    }
    case "listType":
      return { kind: "list", element: inner(typeKind.value.elemType) };
    case "mapType":
      return { kind: "map", key: inner(typeKind.value.keyType), value: inner(typeKind.value.valueType) };
    case "messageType": {
      const desc = messages.getMessage(typeKind.value);
      return desc === undefined ? { kind: "opaque", name: typeKind.value, params: [] } : messageType(desc).type;
    }
    case "type":
      return { kind: "type", of: inner(typeKind.value) };
    case "typeParam":
      return { kind: "param", name: typeKind.value };
    case "abstractType": {
      const { name, parameterTypes } = typeKind.value;
      if (name === "optional_type") return { kind: "optional", of: inner(parameterTypes[0]) };
      return { kind: "opaque", name, params: parameterTypes.map(inner) };
    }
    default:
      return { kind: "dyn" };
  }
}
