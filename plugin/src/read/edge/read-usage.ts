import type { Bind, Usage } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrUsage } from "../../ir/edge.ts";
import { checkUnique } from "../values/names.ts";
import { children, type Declared, expression, text } from "../values/values.ts";

/** Reads the usage events of a package. A field with a fault is left out. */
export function readUsage({ value, place }: Declared<Usage>, report: Report): IrUsage {
  const fields = children(value.field, place, "field").flatMap((declared) => readField(declared, report) ?? []);
  checkUnique(
    fields.map(({ name }) => name),
    "BFF108",
    (name) => `the field "${name}" is set twice`,
    "leave out one of them",
    report,
  );
  return { at: place.at, subject: readSubject(text(value.subject, place, "subject"), report), fields };
}

function readSubject(subject: Text | undefined, report: Report): Text | undefined {
  if (subject === undefined || /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject.value)) return subject;
  const hint = 'write words with dots between them, as in "usage.shop"';
  fault(report, "BFF440", subject.at, {
    message: `${JSON.stringify(subject.value)} is not a subject of one event`,
    hint,
  });
  return undefined;
}

const HINT = 'write `{ name: "…" by: "…" }`';

function readField({ value, place }: Declared<Bind>, report: Report): IrUsage["fields"][number] | undefined {
  for (const other of ["if", "spread", "fields", "reveal"] as const) {
    if (value[other] === undefined) continue;
    fault(report, "BFF440", place.field(other).at, { message: `a field of \`usage\` has no "${other}"`, hint: HINT });
    return undefined;
  }
  const name = text(value.name, place, "name");
  const by = expression(value.by, place, "by", report);
  if (name === undefined || by === undefined) {
    const missing = name === undefined ? "name" : "by";
    fault(report, "BFF440", place.at, { message: `this field of \`usage\` has no "${missing}"`, hint: HINT });
    return undefined;
  }
  if (/^[a-z][a-z0-9_]*$/.test(name.value)) return { name, by };
  fault(report, "BFF440", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of a field`,
    hint: "write lower-case letters, digits and underscores only, and begin with a letter",
  });
  return undefined;
}
