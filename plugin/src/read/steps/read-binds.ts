import type { Bind } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrBind } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkHeaderName } from "../values/header-name.ts";
import { checkDistinct, checkMember, checkMetadataKey, checkReference, checkUnique } from "../values/names.ts";
import { children, expression, sourced, text } from "../values/values.ts";

/** Meaning of the names in a list of named values. */
type BindKind =
  | "request field"
  | "argument"
  | "metadata key"
  | "answer header"
  | "hidden field"
  | "field of the principal";

/** Kinds without a spread, as subjects of a sentence. */
const SINGLE: Readonly<Partial<Record<BindKind, string>>> = {
  "metadata key": "metadata",
  "answer header": "a header",
  "hidden field": "a hidden field",
};

const OF_REQUEST: ReadonlySet<BindKind> = new Set(["request field", "hidden field"]);

/** Content of an entry, if it is no header. */
const ENTRY: Readonly<Partial<Record<BindKind, string>>> = { "metadata key": "key", "hidden field": "field" };

export function readBinds(
  values: readonly Bind[],
  parent: Place,
  name: string,
  kind: BindKind,
  report: Report,
): readonly IrBind[] {
  const binds = children(values, parent, name).map(({ value, place }): IrBind => {
    const bind: IrBind = {
      kind: "bind",
      at: place.at,
      name: text(value.name, place, "name"),
      by: expression(value.by, place, "by", report),
      if: expression(value.if, place, "if", report),
      spread: expression(value.spread, place, "spread", report),
      reveal: text(value.reveal, place, "reveal"),
      fields: value.fields === true ? sourced(true, place, "fields") : undefined,
    };
    checkBind(bind, kind, report);
    // A spread beside a name has been reported.
    return bind.name === undefined ? bind : { ...bind, spread: undefined };
  });
  checkDistinct(binds, "BFF108", (value) => `the ${kind} "${value}" is set twice`, "leave out one of them", report);
  checkUnique(
    binds.map((bind) => bind.spread),
    "BFF108",
    (value) => `"${value}" is spread twice`,
    "leave out one of them",
    report,
  );
  return binds;
}

function checkBind(bind: IrBind, kind: BindKind, report: Report): undefined {
  if (bind.fields !== undefined && (kind !== "request field" || bind.by !== undefined || bind.if !== undefined))
    return fault(report, "BFF119", bind.fields.at, {
      message: "`fields` stands alone beside the name of a request field",
      hint: 'leave the entry out, or write `{ name: "…" fields: true }` in the `set` of a call',
    });
  if (bind.spread !== undefined) {
    const beside = bind.name ?? bind.by ?? bind.fields;
    if (SINGLE[kind] !== undefined) {
      const hint = `write an entry for each ${ENTRY[kind] ?? "header"}`;
      fault(report, "BFF119", bind.spread.at, { message: `${SINGLE[kind]} cannot be spread`, hint });
    } else if (beside !== undefined) {
      fault(report, "BFF119", beside.at, {
        message: `"${bind.name === undefined ? "by" : "name"}" is set beside "spread"`,
        hint: "write the name with its value and the spread as separate entries",
      });
    }
    return;
  }
  if (kind === "hidden field" && bind.if !== undefined)
    fault(report, "BFF119", bind.if.at, {
      message: "a hidden field has no `if`",
      hint: "leave it out, or write the condition into `by`",
    });
  const value = kind === "hidden field" ? bind.name : (bind.by ?? bind.fields);
  if (bind.name === undefined || value === undefined) {
    const missing = bind.name !== undefined ? "by" : "name";
    fault(report, "BFF119", bind.at, {
      message: `this ${kind} has no "${missing}"`,
      hint: `write \`{ name: "…" by: "…" }\`${SINGLE[kind] !== undefined ? "" : ', or `{ spread: "…" }`'}`,
    });
  }
  if (bind.name === undefined) return;
  if (kind === "metadata key") checkMetadataKey(bind.name, report);
  else if (kind === "answer header") checkHeaderName(bind.name, report);
  else if (kind === "argument") checkMember(bind.name, "an argument", report);
  else checkReference(bind.name, OF_REQUEST.has(kind) ? "a request field" : "a field", report);
}
