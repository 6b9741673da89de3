// Successors of deprecated rpcs: checks that clients can move to them.

import { type DescEnum, type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

export const successors: Check = { rules: {}, run: checkSuccessors };

/** Reports a successor whose chain of successors returns to the deprecated rpc. */
function checkSuccessors({ files }: Model, report: Report): void {
  const next = new Map<DescMethod, DescMethod>();
  const methods = methodsOf({ files });
  for (const { desc, version } of methods)
    if (version?.successor?.method !== undefined) next.set(desc, version.successor.method);
  const reported = new Set<DescMethod>();
  for (const { desc, version } of methods) {
    const { text, method: successor } = version?.successor ?? {};
    if (text === undefined || successor === undefined || reported.has(desc)) continue;
    const seen = new Set([desc]);
    let at: DescMethod | undefined = successor;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      at = next.get(at);
    }
    if (at !== desc) continue;
    for (const rpc of seen) reported.add(rpc);
    fault(report, "BFF267", text.at, {
      message: `"${nameOf(successor)}", the successor of "${desc.name}", is in the end succeeded by "${desc.name}"`,
      hint: "leave out the successor of the rpc that stays",
    });
  }
}

export const versions: Check = {
  rules: {
    BFF555: "The successor of an rpc accepts the requests of the rpc. Clients then migrate with a new name alone.",
    BFF556:
      "Each rpc of a service has a counterpart in the successor of the service. Otherwise its callers have no successor.",
    BFF557:
      "An rpc or service that is `deprecated` in its proto also sets `version`. Compiled clients see only headers.",
  },
  run({ files }, report) {
    for (const { desc, at, methods } of files.flatMap((file) =>
      file.services.map((service) => ({ desc: service.desc, at: service.ir.at, methods: service.methods })),
    )) {
      for (const method of methods) {
        checkRequest(method, report);
        checkCounterpart(method, report);
      }
      checkDates(desc.deprecated && methods.some(undated), `service "${desc.name}"`, at, "service", report);
      for (const method of methods)
        checkDates(
          method.desc.deprecated && undated(method),
          `rpc "${method.desc.name}"`,
          method.ir.at,
          "method",
          report,
        );
    }
  },
};
const undated = ({ version }: BffMethod): boolean => version?.deprecated === undefined;
const nameOf = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;

function checkDates(
  found: boolean,
  what: string,
  at: BffMethod["ir"]["at"],
  option: "service" | "method",
  report: Report,
): void {
  if (!found) return;
  caution(report, "BFF557", at, {
    message: `the ${what} is \`deprecated\` in its proto, but its callers receive no deprecation header`,
    hint: `add \`option (bff.v1.${option}).version = { deprecated: "2026-11-01" };\` to it, with the day of its deprecation`,
  });
}

/** Reports an rpc that the successor of the whole service lacks. */
function checkCounterpart({ desc, ir, version }: BffMethod, report: Report): void {
  const { text, method } = version?.successor ?? {};
  if (text === undefined || method !== undefined) return;
  caution(report, "BFF556", ir.at, {
    message: `"${text.value}" has no "${desc.name}": callers of this rpc have no successor`,
    related: [{ at: text.at, message: "the successor of the service" }],
    hint: `name the rpc that replaces it, as in \`option (bff.v1.method).version = { successor: "${text.value}/…" };\`, or add "${desc.name}" to "${text.value}"`,
  });
}

const MAX_NAMED = 3;
function checkRequest({ desc, ir, version }: BffMethod, report: Report): void {
  const { text, method: successor } = version?.successor ?? {};
  if (text === undefined || successor === undefined) return;
  const found = differences(desc.input, successor.input, new Set());
  if (found.length === 0) return;
  const more = found.length > MAX_NAMED ? `, and ${found.length - MAX_NAMED} more` : "";
  const ofMethod = ir.version?.successor === text;
  caution(report, "BFF555", ofMethod ? text.at : ir.at, {
    message: `a request of "${desc.name}" does not fit its successor "${nameOf(successor)}": ${found.slice(0, MAX_NAMED).join(", ")}${more}`,
    ...(!ofMethod && { related: [{ at: text.at, message: "the successor of the service" }] }),
    hint: `declare ${found.length === 1 ? "the field" : "these fields"} in "${successor.input.typeName}" as in "${desc.input.typeName}", so that clients can keep their requests; or name another successor`,
  });
}

/**
 * Returns the fields of a message that cannot be sent as the other message, in binary or in JSON. Further fields of the
 * other message do no harm.
 */
function differences(from: DescMessage, to: DescMessage, seen: Set<string>): string[] {
  const pair = `${from.typeName} ${to.typeName}`;
  if (from.typeName === to.typeName || seen.has(pair)) return [];
  seen.add(pair);
  return from.fields.flatMap((field): string[] => {
    const other = to.fields.find(({ name }) => name === field.name);
    const name = `"${from.name}.${field.name}"`;
    if (other === undefined) return [`${name} is missing`];
    if (other.number !== field.number) return [`${name} has number ${other.number} there`];
    const [mine, theirs] = [typeOf(field), typeOf(other)];
    if (mine !== theirs) return [`${name} is ${theirs} there`];
    if (field.enum !== undefined && other.enum !== undefined) return enumDifferences(field.enum, other.enum);
    if (field.message !== undefined && other.message !== undefined)
      return differences(field.message, other.message, seen);
    return [];
  });
}

function enumDifferences(from: DescEnum, to: DescEnum): string[] {
  if (from.typeName === to.typeName) return [];
  return from.values.flatMap(({ name, number }) => {
    const other = to.values.find((value) => value.number === number);
    if (other === undefined) return [`"${from.name}.${name}" is missing`];
    return other.name === name ? [] : [`"${from.name}.${name}" is ${other.name} there`];
  });
}

/** Messages and enums of one shape may have different names. */
function typeOf(field: DescField): string {
  switch (field.fieldKind) {
    case "scalar":
      return ScalarType[field.scalar].toLowerCase();
    case "enum":
      return "an enum";
    case "message":
      return wellKnown(field.message) ?? "a message";
    case "list":
      return `a list of ${singleType(field.listKind, field.scalar, field.message)}`;
    case "map":
      return `a map from ${ScalarType[field.mapKey].toLowerCase()} to ${singleType(field.mapKind, field.scalar, field.message)}`;
  }
}
function singleType(
  kind: "scalar" | "enum" | "message",
  scalar: ScalarType | undefined,
  message: DescMessage | undefined,
): string {
  if (kind === "scalar") return scalar === undefined ? "" : ScalarType[scalar].toLowerCase();
  return kind === "enum" ? "enums" : ((message && wellKnown(message)) ?? "messages");
}
/** Their JSON forms are special, so only the same type matches. */
const wellKnown = ({ typeName }: DescMessage): string | undefined =>
  typeName.startsWith("google.protobuf.") ? typeName : undefined;
