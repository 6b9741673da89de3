// Declarations of requests in buf.validate. They are read with protobff's copy of validate.proto, even if the user has
// another one. Numbers of its fields are never reused, and resolve reports rules that are missing in this copy.
import { type DescFile, type DescMessage, getOption, hasOption, type Registry } from "@bufbuild/protobuf";
import {
  field,
  message,
  oneof,
  type PredefinedRules,
  predefined,
} from "@protobff/messages/buf/validate/validate_pb.js";
import type { IrMessageRules, IrRules } from "../ir/edge.ts";
import type { Ir, IrService } from "../ir/ir.ts";
import type { Locator } from "./source/locate.ts";

/** Returns the rules of these services' requests that are to be checked, and of all messages inside of them. */
export function readRules(services: readonly IrService[], locator: (file: DescFile) => Locator): Ir["rules"] {
  const checked = services.flatMap(({ methods }) => methods.filter(({ validate }) => validate?.value !== false));
  const reached = new Set(checked.map(({ desc }) => desc.input));
  for (const desc of reached) for (const { message: inner } of desc.fields) if (inner !== undefined) reached.add(inner);
  const ruled = [...reached].flatMap((desc): [DescMessage, IrMessageRules][] => {
    const rules = rulesOf(desc, () => locator(desc.file));
    return rules === undefined ? [] : [[desc, rules]];
  });
  return new Map(ruled);
}

function rulesOf(desc: DescMessage, locator: () => Locator): IrMessageRules | undefined {
  const fields = desc.fields.filter((member) => hasOption(member, field));
  const oneofs = desc.oneofs.filter((group) => hasOption(group, oneof));
  const ruled = hasOption(desc, message);
  if (fields.length + oneofs.length === 0 && !ruled) return undefined;
  const { rule } = locator();
  return {
    desc,
    message: ruled ? { value: getOption(desc, message), place: rule(desc, message) } : undefined,
    oneofs: oneofs.map((group) => ({
      desc: group,
      rules: { value: getOption(group, oneof), place: rule(group, oneof) },
    })),
    fields: new Map(fields.map((member) => [member, { value: getOption(member, field), place: rule(member, field) }])),
  };
}

/** Extensions that are rules, by their full names. */
export function readPredefined(registry: Registry, locator: (file: DescFile) => Locator): Ir["predefined"] {
  const found = new Map<string, IrRules<PredefinedRules>>();
  for (const type of registry) {
    if (type.kind !== "extension" || !hasOption(type, predefined)) continue;
    found.set(type.typeName, { value: getOption(type, predefined), place: locator(type.file).rule(type, predefined) });
  }
  return found;
}
