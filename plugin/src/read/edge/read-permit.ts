import { Code, type Permit } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrPermit } from "../../ir/edge.ts";
import type { IrFailure, IrStep } from "../../ir/step.ts";
import { readFailure } from "../steps/read-failure.ts";
import { isEmpty } from "../steps/read-policy.ts";
import { readSteps } from "../steps/read-step.ts";
import { checkListed } from "../values/names.ts";
import { child, codeName, type Declared, expression, sourced, texts } from "../values/values.ts";

/** Reads the permit of a service or of an rpc. */
export function readPermit(declared: Declared<Permit>, of: "service" | "rpc", report: Report): IrPermit {
  const { value, place } = declared;
  const fail = child(value.fail, place, "fail");
  const permit: IrPermit = {
    kind: "permit",
    at: place.at,
    public: value.public === true ? sourced(value.public, place, "public") : undefined,
    sources: names(declared, "source", report),
    scopes: names(declared, "scope", report),
    roles: names(declared, "role", report),
    if: expression(value.if, place, "if", report),
    fail: fail && readFailure(fail, "permit", report),
    steps: of === "service" ? [] : readSteps(value.let, place, report).map((step) => decision(step, report)),
  };
  if (permit.public !== undefined) {
    const { public: _, ...rest } = value;
    if (!isEmpty(rest)) {
      fault(report, "BFF160", permit.public.at, {
        message: "`public` admits every caller: the other options of this permit have no effect",
        hint: "leave out `public`, or the other options",
      });
    }
  }
  if (of === "service" && value.let.length > 0) {
    fault(report, "BFF162", place.field("let").at, {
      message: "a permit of a service cannot have a `let`: its steps could not read `args`",
      hint: "move the step to the permits of the rpcs, or to the `let` of the service",
    });
    return { ...permit, if: undefined, fail: undefined };
  }
  if (permit.fail !== undefined) checkFail(permit.fail, permit.if, report);
  return permit;
}

function names(
  { value, place }: Declared<Permit>,
  field: "source" | "scope" | "role",
  report: Report,
): readonly Text[] {
  const found = texts(value[field], place, field);
  const named = found.filter(({ value }) => value !== "" && value.trim() === value);
  for (const name of found) {
    if (named.includes(name)) continue;
    fault(report, "BFF163", name.at, {
      message: `${JSON.stringify(name.value)} is not the name of a ${field}`,
      hint: `write the exact name of the ${field}, without spaces around it, or leave it out`,
    });
  }
  checkListed(found, "BFF130", report);
  return named;
}

/**
 * Checks a decision, which has a value or refuses, and has no substitute. Settings to the contrary are reported and
 * left out.
 */
function decision(step: IrStep, report: Report): IrStep {
  const { source } = step;
  for (const modifier of ["supplementary", "fallback", "autobind", "unordered", "defer"] as const) {
    const setting = step[modifier];
    if (setting === undefined || setting.value === false) continue;
    fault(report, "BFF162", setting.at, {
      message: `a decision takes no \`${modifier}\`: a failed decision refuses the request`,
      hint: "leave it out",
    });
  }
  const plain = {
    ...step,
    supplementary: undefined,
    fallback: undefined,
    autobind: undefined,
    unordered: undefined,
    defer: undefined,
  };
  if (source === undefined) return plain;
  if (source.kind !== "by" && source.kind !== "call" && source.kind !== "switch") {
    fault(report, "BFF162", step.at, {
      message: `a decision has \`call\`, \`by\` or \`switch\` as its source, not \`${source.kind}\``,
      hint: INSTEAD[source.kind],
    });
    return { ...plain, source: undefined };
  }
  if (source.kind !== "call") return plain;
  const onError = source.policy.onError.filter(({ then }) => {
    if (then === undefined || then.kind === "fail") return true;
    const at = then.kind === "ignore" ? then.at : then.by.at;
    const message = `a decision takes no \`${then.kind}\` in \`on_error\`: a failed decision refuses the request`;
    fault(report, "BFF162", at, { message, hint: "leave out the rule" });
    return false;
  });
  return { ...plain, source: { ...source, policy: { ...source.policy, onError } } };
}
const INSTEAD = {
  guard: "write the negated condition into the `if` of the permit",
  compose: "write the deciding call as a separate step with `call`",
  latest: "decide with a `call`: the latest published item may be old",
  each: "make one call for all items, and read its response in `if`",
};

function checkFail(fail: IrFailure, condition: Text | undefined, report: Report): void {
  if (condition === undefined) {
    fault(report, "BFF161", fail.at, {
      message: "`fail` belongs to an `if`, and this permit has no `if`",
      hint: "add `if`, or leave out `fail`: `source`, `scope` and `role` refuse with a fixed text",
    });
  }
  const { code } = fail;
  if (code === undefined || code.value === Code.PERMISSION_DENIED || code.value === Code.NOT_FOUND) return;
  // An invalid status has already been reported.
  if (code.value === Code.OK || code.value === Code.ANY || codeName(code.value) === String(code.value)) return;
  fault(report, "BFF161", code.at, {
    message: `a permit cannot refuse with ${codeName(code.value)}`,
    hint: "leave out the code for PERMISSION_DENIED, or write NOT_FOUND to hide that the resource exists",
  });
}
