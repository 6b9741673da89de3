import type { Compose, Each, Guard, Step, Switch } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCompose, IrEach, IrGuard, IrSource, IrStep, IrSwitch } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkDistinct, checkListed, checkReference, checkVariable } from "../values/names.ts";
import { child, children, count, type Declared, expression, sourced, text, texts } from "../values/values.ts";
import { readBinds } from "./read-binds.ts";
import { readCall } from "./read-call.ts";
import { readFailure } from "./read-failure.ts";
import { readLatest } from "./read-topic.ts";

export function readSteps(values: readonly Step[], parent: Place, report: Report): readonly IrStep[] {
  const steps = children(values, parent, "let").map((step, index) => readStep(step, index, report));
  checkDistinct(
    steps,
    "BFF108",
    (value) => `the name "${value}" belongs to an earlier step`,
    "rename one of them",
    report,
  );
  return steps;
}

function readStep({ value, place }: Declared<Step>, index: number, report: Report): IrStep {
  const step: IrStep = {
    kind: "step",
    at: place.at,
    index,
    name: text(value.name, place, "name"),
    if: expression(value.if, place, "if", report),
    source: readSource(value, place, report),
    supplementary: sourced(value.supplementary, place, "supplementary"),
    fallback: expression(value.fallback, place, "fallback", report),
    autobind: sourced(value.autobind, place, "autobind"),
    after: texts(value.after, place, "after"),
    unordered: sourced(value.unordered, place, "unordered"),
    defer: value.defer === true ? sourced(value.defer, place, "defer") : undefined,
  };
  checkVariable(step.name, "a step", report);
  checkListed(step.after, "BFF130", report);
  for (const name of step.after) checkReference(name, "a step", report);
  checkUse(step, report);
  return step;
}

function checkUse(step: IrStep, report: Report): void {
  const kind = step.source?.kind;
  if (kind === "guard") {
    for (const modifier of ["name", "supplementary", "fallback", "autobind", "defer"] as const) {
      const setting = step[modifier];
      if (setting === undefined) continue;
      fault(report, "BFF111", setting.at, {
        message: `a guard takes no "${modifier}": it has no value`,
        hint: "leave it out",
      });
    }
  } else if ((kind === "by" || kind === "switch") && step.name === undefined && step.autobind?.value !== true) {
    fault(report, "BFF123", step.at, {
      message: "this step has no name, so nothing can read its value",
      hint: "add `name`",
    });
  }
  if (step.defer !== undefined && step.supplementary?.value === false)
    fault(report, "BFF660", step.supplementary.at, {
      message: "a deferred step is always supplementary: it may fail after the status was sent",
      related: [{ at: step.defer.at, message: "the step is deferred here" }],
      hint: "leave out `supplementary`, or `defer`",
    });
}

/** Only a response has parts. */
export function withoutDefer(steps: readonly IrStep[], report: Report): readonly IrStep[] {
  for (const { defer } of steps)
    if (defer !== undefined)
      fault(report, "BFF661", defer.at, {
        message: "only steps of a message can be deferred: a step of a service belongs to no part of a response",
        hint: "leave out `defer`, or move the step to the message with the deferred fields",
      });
  return steps.map((step) => ({ ...step, defer: undefined }));
}

function readSource({ source }: Step, place: Place, report: Report): IrSource | undefined {
  switch (source.case) {
    case "by":
    case "call":
    case "compose":
      return readItemSource(source, place, report);
    case "each":
      return readEach({ value: source.value, place: place.field("each") }, report);
    case "switch":
      return readSwitch({ value: source.value, place: place.field("switch") }, report);
    case "guard":
      return readGuard({ value: source.value, place: place.field("guard") }, report);
    case "latest":
      return readLatest({ value: source.value, place: place.field("latest") }, report);
    case undefined:
      return fault(report, "BFF101", place.at, {
        message: "this step has no source",
        hint: "add one of `by`, `call`, `compose`, `each`, `switch`, `guard`, `latest`",
      });
  }
}

function readCompose({ value, place }: Declared<Compose>, report: Report): IrCompose {
  const message = text(value.message, place, "message");
  if (message === undefined) {
    fault(report, "BFF114", place.at, {
      message: 'this "compose" has no "message"',
      hint: "add `message`, the message to compose",
    });
  }
  checkReference(message, "a message", report);
  return {
    kind: "compose",
    message,
    args: readBinds(value.args, place, "args", "argument", report),
  };
}

function readEach({ value, place }: Declared<Each>, report: Report): IrEach {
  const each: IrEach = {
    kind: "each",
    var: text(value.var, place, "var"),
    in: expression(value.in, place, "in", report),
    if: expression(value.if, place, "if", report),
    source: value.source.case === undefined ? undefined : readItemSource(value.source, place, report),
    key: expression(value.key, place, "key", report),
    partial: sourced(value.partial, place, "partial"),
    concurrent: count(value.concurrent, place, "concurrent", "write the maximum number of calls in flight", report),
    max: count(value.max, place, "max", "write the maximum number of items", report),
    min: sourced(value.min, place, "min"),
    enough: count(value.enough, place, "enough", "write the number of successes that suffices", report),
  };
  checkVariable(each.var, "a variable", report);
  const missing = (["var", "in"] as const).filter((part) => each[part] === undefined).map((part) => `"${part}"`);
  if (value.source.case === undefined) missing.push("source");
  if (missing.length > 0) {
    fault(report, "BFF115", place.at, {
      message: `this "each" has no ${missing.join(", ")}`,
      hint: "set the variable (`var`), the list (`in`) and the source for each item (`by`, `call` or `compose`)",
    });
  }
  return each;
}

/** Reads the source that an `each` runs for an item. */
function readItemSource(
  source: Exclude<Each["source"], { case: undefined }>,
  place: Place,
  report: Report,
): IrEach["source"] {
  switch (source.case) {
    case "by": {
      const by = expression(source.value, place, "by", report);
      return by && { kind: "by", by };
    }
    case "call":
      return readCall({ value: source.value, place: place.field("call") }, report);
    case "compose":
      return readCompose({ value: source.value, place: place.field("compose") }, report);
  }
}

function readSwitch({ value, place }: Declared<Switch>, report: Report): IrSwitch {
  const cases = children(value.case, place, "case").map((declaration) => {
    const found = {
      at: declaration.place.at,
      if: expression(declaration.value.if, declaration.place, "if", report),
      by: expression(declaration.value.by, declaration.place, "by", report),
    };
    const missing = (["if", "by"] as const).filter((part) => found[part] === undefined).map((part) => `"${part}"`);
    if (missing.length > 0) {
      fault(report, "BFF116", found.at, {
        message: `this case has no ${missing.join(", ")}`,
        hint: "set the condition (`if`) and the value (`by`)",
      });
    }
    return found;
  });
  if (cases.length === 0) {
    fault(report, "BFF116", place.at, {
      message: 'this "switch" has no cases',
      hint: 'add `case: { if: "…" by: "…" }`',
    });
  }
  return { kind: "switch", cases, default: expression(value.default, place, "default", report) };
}

function readGuard({ value, place }: Declared<Guard>, report: Report): IrGuard {
  const fail = child(value.fail, place, "fail");
  const guard: IrGuard = {
    kind: "guard",
    if: expression(value.if, place, "if", report),
    fail: fail && readFailure(fail, "guard", report),
  };
  const missing = (["if", "fail"] as const).filter((part) => guard[part] === undefined).map((part) => `"${part}"`);
  if (missing.length > 0) {
    fault(report, "BFF110", place.at, {
      message: `this guard has no ${missing.join(", ")}`,
      hint: "set the condition of the failure (`if`) and its status (`fail`)",
    });
  }
  return guard;
}
