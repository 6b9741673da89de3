import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import type { Report } from "../diagnostic/diagnostic.ts";
import { field as fieldOption, message as messageOption } from "../gen/bff/v1/options_pb.ts";
import type { IrField, IrMessage } from "../ir.ts";
import { sourced, text, texts } from "./declared.ts";
import { fault, unsupported } from "./fault.ts";
import type { Locator } from "./locate.ts";
import { checkReference } from "./names.ts";
import { isEmpty } from "./read-policy.ts";
import { readSteps } from "./read-step.ts";
import { expression } from "./values.ts";

export function readMessage(desc: DescMessage, locator: Locator, report: Report): IrMessage {
  const at = locator.name(desc);
  const fields = desc.fields.map((field) => readField(field, locator, report));
  if (!hasOption(desc, messageOption)) {
    return { kind: "message", desc, at, ruled: false, steps: [], alias: undefined, otherAliases: [], fields };
  }
  const value = getOption(desc, messageOption);
  const place = locator.rule(desc, messageOption);
  const [alias, ...others] = texts(value.alias, place, "alias");
  if (value.resolver === true) unsupported(report, place.field("resolver").at, '"resolver"');
  for (const name of [alias, ...others]) checkReference(name, "a message", report);
  const steps = readSteps(value.let, place, report);
  if (alias !== undefined && steps[0] !== undefined) {
    fault(report, "BFF127", alias.at, 'this message has an "alias" and steps', {
      related: [{ at: steps[0].at, message: "the first step" }],
      hint: "leave out one of them",
    });
  }
  return { kind: "message", desc, at, ruled: true, steps, alias, otherAliases: others, fields };
}

function readField(desc: DescField, locator: Locator, report: Report): IrField {
  const at = locator.name(desc);
  if (!hasOption(desc, fieldOption)) {
    return {
      kind: "field",
      desc,
      at,
      ruled: false,
      by: undefined,
      alias: undefined,
      if: undefined,
      default: undefined,
    };
  }
  const value = getOption(desc, fieldOption);
  const place = locator.rule(desc, fieldOption);
  if (isEmpty(value)) {
    fault(report, "BFF124", place.at, "this rule says nothing", { hint: "add `by` or `alias`, or leave it out" });
  }
  if (value.resolver === true) unsupported(report, place.field("resolver").at, '"resolver"');
  const field: IrField = {
    kind: "field",
    desc,
    at,
    ruled: true,
    by: expression(value.by, place, "by", report),
    alias: text(value.alias, place, "alias"),
    if: expression(value.if, place, "if", report),
    default: sourced(value.default, place, "default"),
  };
  checkReference(field.alias, "a field", report);
  if (field.by !== undefined && field.alias !== undefined) {
    fault(report, "BFF126", field.alias.at, `the field "${desc.name}" has two sources`, {
      related: [{ at: field.by.at, message: "the other one" }],
      hint: "leave out one of them",
    });
  }
  if (desc.oneof === undefined) {
    for (const rule of ["if", "default"] as const) {
      const said = field[rule];
      if (said === undefined) continue;
      fault(report, "BFF125", said.at, `"${rule}" stands on a field that is not in a oneof`, {
        hint:
          rule === "if" && field.by !== undefined
            ? "leave it out, or use `optional` and a conditional expression with `optional.none()`"
            : "leave it out",
      });
    }
  }
  return field;
}
