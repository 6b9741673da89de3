// Sensitive values: fields with `debug_redact = true`, followed to every place at which they leave the BFF.

import type { DescField } from "@bufbuild/protobuf";
import { distinctReport, fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrField } from "../../ir/ir.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { Model } from "../../resolve/model/model.ts";
import { revealsIn } from "../../resolve/model/reveals.ts";
import { isRedacted, redactedFields, type Way, wayText } from "../../resolve/model/sensitive-types.ts";
import type { Check } from "../check.ts";
import { copiedFields, fieldsOf, followTaint, messagesOfBff, resolvedFields } from "./flow.ts";
import { callsOfBlock, sentBy, sentWay, sinksOf } from "./sinks.ts";
import { isAny, Taint } from "./taint.ts";

export const sensitiveValues: Check = {
  rules: {
    BFF582:
      "A value of a field with `debug_redact = true` reaches clients only in a field with the same mark, or with `reveal`. A sensitive value that is public by mistake cannot be called back.",
    BFF583:
      "A value of a field with `debug_redact = true` goes only to fields of upstreams with the same mark, or where `reveal` contains the reason. Otherwise the upstream logs and stores the value like any other.",
    BFF584:
      "A value of a field with `debug_redact = true` does not go where others see it, such as failures, headers, traces, meters and limits.",
    BFF585:
      "`reveal` contains a reason, and is where a sensitive value leaves the BFF. Elsewhere it would let a later change pass without a review.",
  },
  run(model, reportTo) {
    const report = distinctReport(reportTo);
    const redacted = redactedFields(model.ir.registry);
    const taint = new Taint(redacted, messagesOfBff(model));
    const used = new Set<Text>();
    if (redacted.length > 0) {
      followTaint(model, taint);
      const check: Checked = { model, taint, used, report };
      checkFields(check);
      checkSent(check);
      checkSinks(check);
    }
    idleReveals(model, used, report);
  },
};

interface Checked {
  readonly model: Model;
  readonly taint: Taint;
  /** Values of `reveal` that let a sensitive value pass. */
  readonly used: Set<Text>;
  readonly report: Report;
}

/** Returns true if the value may pass. */
function passes({ used }: Checked, reveal: Text | undefined): boolean {
  if (reveal !== undefined) used.add(reveal);
  return reveal !== undefined;
}

function checkFields(check: Checked): void {
  const { model, taint, report } = check;
  const declared = new Map<DescField, IrField>(
    model.ir.files.flatMap(({ messages }) =>
      messages.flatMap(({ fields }) => fields.map((field) => [field.desc, field] as const)),
    ),
  );
  const checkField = (field: DescField, way: Way | undefined, bound: BoundExpression | undefined): void => {
    const ir = declared.get(field);
    if (way === undefined || ir === undefined || isRedacted(field) || passes(check, ir.reveal)) return;
    fault(report, "BFF582", placeOf(ir, bound), {
      message: `clients receive a sensitive value in "${field.name}": ${wayText(way)}`,
      hint: 'add `reveal: "…"` with the reason to the rule of the field, or mark the field with `debug_redact = true`',
    });
  };
  for (const block of blocksOf(model)) {
    for (const { field, bound } of fieldsOf(block.targets)) checkField(field, fieldWay(taint, field, bound), bound);
    if (block.kind === "composed")
      for (const { field, way } of resolvedFields(taint, block)) checkField(field, way, undefined);
  }
  for (const { to, from, way, bound } of copiedFields(model, taint)) {
    const whole = from?.message !== undefined && from.message === to.message ? taint.inside(typeOf(from)) : undefined;
    checkField(to, way ?? whole, bound);
  }
}
const typeOf = ({ message }: DescField) =>
  message === undefined ? ({ kind: "null" } as const) : ({ kind: "message", desc: message } as const);
const placeOf = ({ by, at }: IrField, bound: BoundExpression | undefined): Origin =>
  bound === undefined || by === undefined ? at : by.at;

/** A copy is checked field by field. An upstream's message that is passed on whole, or packed, is not. */
function fieldWay(taint: Taint, field: DescField, { expression, conversion, copy }: BoundExpression): Way | undefined {
  const way = taint.of(expression);
  if (way !== undefined || isCopied(conversion) || (copy !== undefined && isCopied(copy.conversion))) return way;
  return isAny(field) ? taint.readable(expression.type) : taint.inside(expression.type);
}
const isCopied = (conversion: BoundExpression["conversion"]): boolean =>
  conversion.kind === "list" || conversion.kind === "map" ? isCopied(conversion.of) : conversion.kind === "message";

function checkSent(check: Checked): void {
  const { model, taint, report } = check;
  const followed = [...model.streams, ...model.topics].flatMap(({ call }) => call ?? []);
  for (const call of [...blocksOf(model).flatMap(callsOfBlock), ...followed])
    for (const sent of sentBy(call)) {
      const way = sentWay(taint, sent);
      if (way === undefined || passes(check, sent.bind?.reveal)) continue;
      const { what, field, at, bind } = sent;
      const target = field === undefined ? "the fields" : `"${field.name}" of "${field.parent.typeName}"`;
      fault(report, "BFF583", at, {
        message: `${what} receives a sensitive value: ${wayText(way)}`,
        hint:
          bind === undefined
            ? `mark ${target} with \`debug_redact = true\`, or set the field by name with \`reveal\``
            : `add \`reveal: "…"\` with the reason to this entry, or mark ${target} with \`debug_redact = true\``,
      });
    }
}

function checkSinks(check: Checked): void {
  const { model, taint, report } = check;
  for (const { what, by, bind } of sinksOf(model)) {
    const way = taint.whole(by);
    if (way === undefined || passes(check, bind?.reveal)) continue;
    fault(report, "BFF584", by.text.at, {
      message: `${what} receives a sensitive value: ${wayText(way)}`,
      hint:
        bind === undefined
          ? "leave the value out: `reveal` has no effect here"
          : 'add `reveal: "…"` with the reason to this entry, or leave it out',
    });
  }
}

/** Reports each `reveal` without a reason, or without a sensitive value. */
function idleReveals({ ir }: Model, used: ReadonlySet<Text>, report: Report): void {
  for (const { reason } of ir.files.flatMap(revealsIn)) {
    if (reason.value.trim() === "")
      fault(report, "BFF585", reason.at, {
        message: "this `reveal` contains no reason",
        hint: "write the reason for which the value may leave the BFF",
      });
    else if (!used.has(reason))
      fault(report, "BFF585", reason.at, {
        message: "no sensitive value leaves the BFF here",
        hint: "leave out `reveal`",
      });
  }
}
