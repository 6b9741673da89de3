// A BFF that mirrors an API: each unary rpc with copies of all messages and enums, under the same field names and numbers.
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  ScalarType,
} from "@bufbuild/protobuf";

/** One mirrored rpc. */
export interface Mirrored {
  readonly upstream: DescMethod;
  /** `/mirror_etcd.etcdserverpb_KV/Range` */
  readonly path: string;
}
export interface Mirror {
  readonly proto: string;
  readonly rpcs: readonly Mirrored[];
  /** Number of messages and enums that are copied. */
  readonly copies: number;
}

const flat = ({ typeName }: { readonly typeName: string }): string => typeName.replaceAll(".", "_");
const isWellKnown = ({ typeName }: { readonly typeName: string }): boolean => typeName.startsWith("google.protobuf.");

export function mirror(name: string, services: readonly DescService[]): Mirror {
  const rpcs: Mirrored[] = [];
  const types = new Set<DescMessage | DescEnum>();
  const blocks: string[] = [];
  for (const service of services) {
    const lines: string[] = [];
    for (const method of service.methods.filter(({ methodKind }) => methodKind === "unary")) {
      const response = `${flat(service)}_${method.name}_Result`;
      const request = isWellKnown(method.input) ? `${flat(service)}_${method.name}_Call` : flat(method.input);
      if (isWellKnown(method.input)) blocks.push(`message ${request} {}`);
      else types.add(method.input);
      lines.push(`  rpc ${method.name}(${request}) returns (${response});`);
      rpcs.push({ upstream: method, path: `/mirror_${name}.${flat(service)}/${method.name}` });
      blocks.push(composed(response, method, types));
    }
    if (lines.length > 0)
      blocks.push(`service ${flat(service)} {\n  option (bff.v1.service) = {};\n${lines.join("\n")}\n}`);
  }
  // The types inside the copies are copied, too.
  for (const type of types) if (type.kind === "message") for (const field of type.fields) take(field, types);
  for (const type of types) blocks.push(type.kind === "message" ? copy(type) : enumCopy(type));
  const head = `syntax = "proto3";\npackage mirror_${name};\nimport "bff/v1/options.proto";\n${IMPORTS}\noption (bff.v1.file) = { upstream: { timeout: "5s" } };`;
  return { proto: `${[head, ...blocks].join("\n\n")}\n`, rpcs, copies: types.size };
}

const IMPORTS = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"]
  .map((name) => `import "google/protobuf/${name}.proto";`)
  .join("\n");

function take({ message, enum: desc }: DescField, types: Set<DescMessage | DescEnum>): void {
  const type = message ?? desc;
  if (type !== undefined && !isWellKnown(type)) types.add(type);
}

function composed(name: string, method: DescMethod, types: Set<DescMessage | DescEnum>): string {
  const inputs = isWellKnown(method.input) ? [] : method.input.fields;
  const set = inputs.map(
    (field) =>
      `{ name: "${field.name}" by: "args.${field.name}"${field.oneof === undefined ? "" : ` if: "has(args.${field.name})"`} }`,
  );
  const outputs = isWellKnown(method.output) ? [] : method.output.fields;
  for (const field of outputs) take(field, types);
  const call = `call: { method: "${method.parent.typeName}/${method.name}"${set.length === 0 ? "" : `\n      set: [\n        ${set.join(",\n        ")}\n      ]`} }`;
  const fields = members(outputs, ({ name }) => ` [(bff.v1.field).by = "result.${name}"]`);
  return `message ${name} {\n  option (bff.v1.message) = {\n    let: { name: "result" ${call} }\n  };\n${fields}}`;
}

function copy(desc: DescMessage): string {
  const fields = members(desc.fields, () => "");
  return `message ${flat(desc)} {\n  option (bff.v1.message).alias = "${desc.typeName}";\n${fields}}`;
}

/** Each copy has a separate message, since the values of all enums of a package share one scope. */
function enumCopy(desc: DescEnum): string {
  const numbers = new Set(desc.values.map(({ number }) => number));
  const several = numbers.size < desc.values.length ? "    option allow_alias = true;\n" : "";
  const values = desc.values.map(
    ({ name, number }, i) => `    ${name} = ${number}${i === 0 ? " [(bff.v1.enum_value).default = true]" : ""};\n`,
  );
  return `message ${flat(desc)} {\n  enum Enum {\n    option (bff.v1.enum).alias = "${desc.typeName}";\n${several}${values.join("")}  }\n}`;
}

function members(fields: readonly DescField[], rule: (field: DescField) => string): string {
  const lines: string[] = [];
  const done = new Set<string>();
  const line = (field: DescField): string => `${typeOf(field)} ${field.name} = ${field.number}${rule(field)};`;
  for (const field of fields) {
    if (field.oneof === undefined) lines.push(`  ${line(field)}\n`);
    else if (!done.has(field.oneof.name)) {
      done.add(field.oneof.name);
      lines.push(
        `  oneof ${field.oneof.name} {\n${field.oneof.fields.map((member) => `    ${line(member)}\n`).join("")}  }\n`,
      );
    }
  }
  return lines.join("");
}

function typeOf(field: DescField): string {
  const named = (type: DescMessage | DescEnum): string =>
    isWellKnown(type) ? type.typeName : type.kind === "message" ? flat(type) : `${flat(type)}.Enum`;
  const scalar = (type: ScalarType): string => ScalarType[type].toLowerCase();
  switch (field.fieldKind) {
    case "map": {
      const value = field.message ?? field.enum;
      return `map<${scalar(field.mapKey)}, ${value === undefined ? scalar(field.scalar ?? ScalarType.STRING) : named(value)}>`;
    }
    case "list": {
      const item = field.message ?? field.enum;
      return `repeated ${item === undefined ? scalar(field.scalar ?? ScalarType.STRING) : named(item)}`;
    }
    case "message":
      return named(field.message);
    default: {
      const optional = field.proto.proto3Optional ? "optional " : "";
      return optional + (field.enum === undefined ? scalar(field.scalar) : named(field.enum));
    }
  }
}
