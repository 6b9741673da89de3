// A random upstream and a random BFF over it, with an account of what the BFF uses.
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { pick } from "../../../proofs/fuzz/random.ts";
import type { Random } from "./edits.ts";
import type { Uses } from "./uses.ts";

export interface World {
  readonly name: string;
  readonly protos: Readonly<Record<string, string>>;
  readonly upstream: string;
  readonly bff: string;
  /** Records the uses, once the upstream's descriptors are known. */
  readonly account: (uses: Uses) => void;
}

interface Field {
  readonly name: string;
  /** "string", "Inner", "Kind" */
  readonly type: string;
  readonly form: "singular" | "optional" | "repeated" | "map" | "oneof";
}
interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
}

const SCALARS = ["string", "int32", "int64", "bool", "double", "bytes"];
const MESSAGES = ["Item", "Inner", "Other"];
const FORMS = ["singular", "singular", "optional", "repeated", "map", "oneof"] as const;

function randomMessage(name: string, random: Random): Message {
  const count = 3 + Math.floor(random() * 5);
  const fields = Array.from({ length: count }, (_, index): Field => {
    const kind = random();
    const type = kind < 0.5 ? pick(SCALARS, random) : kind < 0.65 ? "Kind" : pick(MESSAGES, random);
    return {
      name: `f${index}_${(type ?? "").toLowerCase()}`,
      type: type ?? "string",
      form: pick(FORMS, random) ?? "singular",
    };
  });
  return { name, fields };
}

function textOf({ name, fields }: Message, isProto3: boolean): string {
  const number = (field: Field): number => fields.indexOf(field) + 1;
  const label = (field: Field): string => {
    if (field.form === "repeated") return "repeated ";
    return field.form === "optional" || !isProto3 ? "optional " : "";
  };
  const lines = fields.flatMap((field) => {
    if (field.form === "oneof") return [];
    const type = field.form === "map" ? `map<string, ${field.type}>` : `${label(field)}${field.type}`;
    return [`  ${type} ${field.name} = ${number(field)};`];
  });
  const members = fields
    .filter(({ form }) => form === "oneof")
    .map((field) => `    ${field.type} ${field.name} = ${number(field)};`);
  const oneof = members.length === 0 ? [] : ["  oneof choice {", ...members, "  }"];
  return `message ${name} {\n${[...lines, ...oneof].join("\n")}\n}`;
}

/** Returns a world whose packages end in its number, so that many are built at once. */
export function randomWorld(index: number, random: Random): World {
  const isProto3 = random() < 0.7;
  const up = `up${index}.v1`;
  const [upstream, bff] = [`up${index}/v1/up.proto`, `web${index}/v1/web.proto`];
  const messages = MESSAGES.map((name) => randomMessage(name, random));
  const message = (name: string): Message =>
    messages.find((candidate) => candidate.name === name) ?? { name, fields: [] };
  const request = ["region", "zone", "limit"].filter(() => random() < 0.8);
  const values = isProto3 ? "KIND_NONE = 0; KIND_A = 1; KIND_B = 2;" : "KIND_A = 1; KIND_B = 2; KIND_NONE = 3;";
  const upText = [
    `syntax = "${isProto3 ? "proto3" : "proto2"}";\npackage ${up};`,
    `service Up {\n  rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }\n}`,
    `message GetRequest {\n${["id", ...request].map((name, i) => `  ${isProto3 ? "" : "optional "}string ${name} = ${i + 1};`).join("\n")}\n}`,
    ...messages.map((each) => textOf(each, isProto3)),
    `enum Kind { ${values} }`,
  ].join("\n\n");

  const accounts: ((uses: Uses) => void)[] = [];
  const fields: string[] = [];
  const types: string[] = [];
  let number = 0;
  const addField = (type: string, by: string): void => {
    number++;
    fields.push(`  ${type} p${number} = ${number} [(bff.v1.field).by = "${by}"];`);
  };
  /** Walks down singular messages; returns the path's type and form. */
  const walk = (depth: number): { path: string; field: Field | undefined; names: [string, string][] } => {
    let at = message("Item");
    let path = "item";
    const names: [string, string][] = [];
    for (let step = 0; ; step++) {
      const field = pick(at.fields, random);
      if (field === undefined) return { path, field, names };
      path += `.${field.name}`;
      names.push([`${up}.${at.name}`, field.name]);
      const isMessage = MESSAGES.includes(field.type) && ["singular", "optional", "oneof"].includes(field.form);
      if (!isMessage || step >= depth || random() < 0.4) return { path, field, names };
      at = message(field.type);
    }
  };
  const addRead = (): void => {
    const { path, field, names } = walk(3);
    // A closed enum is no type of a field of proto3.
    if (field === undefined || (field.type === "Kind" && !isProto3)) return;
    const type = SCALARS.includes(field.type) ? field.type : `${up}.${field.type}`;
    const isUnset = names.length > 1 || field.form === "oneof" || field.form === "optional" || !isProto3;
    const label =
      field.form === "repeated" ? "repeated " : isUnset && !MESSAGES.includes(field.type) ? "optional " : "";
    addField(field.form === "map" ? `map<string, ${type}>` : `${label}${type}`, path);
    accounts.push((uses) => {
      for (const [owner, name] of names) uses.field(owner, name);
      if (field.type === "Kind") uses.enumWhole(`${up}.Kind`);
      else if (!SCALARS.includes(field.type)) uses.whole(`${up}.${field.type}`);
    });
  };
  const addCopy = (): void => {
    const { path, field, names } = walk(2);
    if (field === undefined || !MESSAGES.includes(field.type) || field.form === "map") return;
    const copied = message(field.type).fields.filter(
      (inner) =>
        SCALARS.includes(inner.type) && ["singular", "optional", "repeated"].includes(inner.form) && random() < 0.7,
    );
    if (copied.length === 0) return;
    const name = `Copy${types.length}`;
    const lines = copied.map((inner, i) => {
      const label = inner.form === "repeated" ? "repeated " : inner.form === "optional" || !isProto3 ? "optional " : "";
      return `  ${label}${inner.type} ${inner.name} = ${i + 1};`;
    });
    types.push(`message ${name} {\n  option (bff.v1.message).alias = "${up}.${field.type}";\n${lines.join("\n")}\n}`);
    addField(field.form === "repeated" ? `repeated ${name}` : name, path);
    accounts.push((uses) => {
      for (const [owner, member] of names) uses.field(owner, member);
      for (const inner of copied) uses.field(`${up}.${field.type}`, inner.name);
    });
  };
  const addTest = (): void => {
    const kinds = message("Item").fields.filter(({ type, form }) => type === "Kind" && form === "singular");
    const kind = pick(kinds, random);
    if (kind === undefined) return;
    addField("bool", `item.${kind.name} == ${up}.Kind.KIND_B`);
    accounts.push((uses) => {
      uses.field(`${up}.Item`, kind.name);
      uses.field(`${up}.Kind`, "KIND_B");
    });
  };
  const addMapped = (): void => {
    const kind = pick(
      message("Item").fields.filter(({ type, form }) => type === "Kind" && form === "singular"),
      random,
    );
    if (kind === undefined || types.some((text) => text.startsWith("enum"))) return;
    types.push(
      `enum Sort {\n  option (bff.v1.enum).alias = "${up}.Kind";\n  SORT_OTHER = 0 [(bff.v1.enum_value).default = true, (bff.v1.enum_value).alias = "KIND_NONE"];\n  KIND_A = 1;\n  SORT_B = 2 [(bff.v1.enum_value).alias = "KIND_B"];\n}`,
    );
    addField(`${isProto3 ? "" : "optional "}Sort`, `item.${kind.name}`);
    accounts.push((uses) => {
      uses.field(`${up}.Item`, kind.name);
      uses.enumWhole(`${up}.Kind`);
    });
  };
  const addParsed = (): void => {
    addField("bool", `${up}.Kind.parse('KIND_A') == optional.of(${up}.Kind.KIND_A)`);
    accounts.push((uses) => uses.enumWhole(`${up}.Kind`));
  };
  const addWhole = (): void => {
    addField(`${up}.Item`, "item");
    accounts.push((uses) => uses.whole(`${up}.Item`));
  };
  const count = 1 + Math.floor(random() * 5);
  for (let i = 0; i < count; i++) pick([addRead, addRead, addCopy, addTest, addMapped, addParsed], random)?.();
  if (random() < 0.3 || number === 0) addWhole();

  const filled = isProto3
    ? message("Item").fields.filter(({ type, form }) => SCALARS.includes(type) && form === "singular" && random() < 0.3)
    : [];
  for (const { type, name } of filled) fields.push(`  ${type} ${name} = ${++number};`);
  accounts.push((uses) => {
    for (const { name } of filled) uses.field(`${up}.Item`, name);
  });

  const isSpread = random() < 0.5;
  const isDirect = !isSpread && random() < 0.3;
  const set = isSpread
    ? '{ spread: "args" }'
    : ["id", ...request].map((name) => `{ name: "${name}" by: "args.${name}" }`).join(" ");
  accounts.push((uses) => {
    for (const name of ["id", ...request]) uses.field(`${up}.GetRequest`, name);
  });
  const call = isDirect ? 'request: "args"' : isSpread ? `set: ${set}` : `set: [${set.replaceAll("} {", "}, {")}]`;
  const bffText = [
    `syntax = "proto3";\npackage web${index}.v1;\nimport "bff/v1/options.proto";\nimport "${upstream}";`,
    `service Web {\n  option (bff.v1.service) = {};\n  rpc Show(${isDirect ? `${up}.GetRequest` : "ShowRequest"}) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }\n}`,
    ...(isDirect
      ? []
      : [
          `message ShowRequest {\n${["id", ...request].map((name, i) => `  string ${name} = ${i + 1};`).join("\n")}\n}`,
        ]),
    `message Page {\n  option (bff.v1.message) = {\n    let: { name: "item"${filled.length > 0 ? " autobind: true" : ""} call: { method: "${up}.Up/Get" ${call} } }\n  };\n${fields.join("\n")}\n}`,
    ...types,
  ].join("\n\n");
  return {
    name: `world ${index}`,
    protos: { [upstream]: upText, [bff]: bffText },
    upstream,
    bff,
    account: (uses) => {
      for (const account of accounts) account(uses);
    },
  };
}

export const fileOf = (files: readonly FileDescriptorProto[], name: string): FileDescriptorProto => {
  const file = files.find((candidate) => candidate.name === name);
  if (file === undefined) throw new Error(`no ${name}`);
  return file;
};
