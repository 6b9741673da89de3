import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldOption, message as messageOption, type Reads } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced } from "../diagnostic/diagnostic.ts";
import type { IrField, IrMessage, IrReads } from "../ir/ir.ts";
import type { Locator } from "./source/locate.ts";
import { isEmpty } from "./steps/read-policy.ts";
import { readSteps } from "./steps/read-step.ts";
import { checkListed, checkReference } from "./values/names.ts";
import { child, type Declared, expression, sourced, text, texts } from "./values/values.ts";

export function readMessage(desc: DescMessage, locator: Locator, report: Report): IrMessage {
  const at = locator.name(desc);
  const fields = desc.fields.map((field) => readField(field, locator, report));
  if (!hasOption(desc, messageOption)) {
    const nothing = { steps: [], alias: undefined, otherAliases: [], resolver: undefined, reads: undefined };
    const plain: IrMessage = { kind: "message", desc, at, ruled: false, ...nothing, fields };
    checkCopy(plain, report);
    return plain;
  }
  const value = getOption(desc, messageOption);
  const place = locator.rule(desc, messageOption);
  const [alias, ...others] = texts(value.alias, place, "alias");
  const resolver = value.resolver === true ? sourced(true, place, "resolver") : undefined;
  for (const name of [alias, ...others]) checkReference(name, "a message", report);
  const steps = readSteps(value.let, place, report);
  if (alias !== undefined && steps[0] !== undefined) {
    fault(report, "BFF127", alias.at, {
      message: 'this message has an "alias" and steps',
      related: [{ at: steps[0].at, message: "the first step" }],
      hint: "leave out one of them",
    });
  }
  const reads = readReads(child(value.reads, place, "reads"), resolver, report);
  const message: IrMessage = {
    kind: "message",
    desc,
    at,
    ruled: true,
    steps,
    alias,
    otherAliases: others,
    resolver,
    reads,
    // A resolver that is not set would fill them.
    fields:
      reads === undefined || resolver !== undefined ? fields : fields.map((field) => ({ ...field, faulty: true })),
  };
  checkResolvers(message, report);
  checkCopy(message, report);
  return message;
}

/**
 * Checks a copy. The upstream decides which member of a oneof is set, and only copies have unset values that a fallback
 * can replace.
 */
function checkCopy({ desc, alias, fields }: IrMessage, report: Report): void {
  if (alias === undefined) {
    for (const { fallback } of fields) {
      if (fallback === undefined) continue;
      fault(report, "BFF150", fallback.at, {
        message: `"fallback" needs a copy, and "${desc.name}" is no copy`,
        hint: 'write the fallback into `by`, as in `by: "step.?field.orValue(20)"`, or give the step a `fallback`',
      });
    }
    return;
  }
  const idle = fields.flatMap((field) => {
    const rule = idleRule(field);
    const at = rule && field[rule]?.at;
    return at === undefined || field.faulty ? [] : [{ rule, at, field }];
  });
  const [first, ...more] = idle;
  if (first === undefined) return;
  const { rule, field } = first;
  const message =
    rule === "by"
      ? `"${field.desc.name}" is a member of a oneof, and "${desc.name}" is a copy: the upstream decides which member is set`
      : `"${desc.name}" is a copy: its fields come from its alias, and "${rule}" has no effect`;
  fault(report, "BFF127", first.at, {
    message,
    related: [
      { at: alias.at, message: "the copied message" },
      ...more.map((other) => ({ at: other.at, message: `"${other.rule}" has no effect here either` })),
    ],
    hint:
      rule === "by"
        ? 'name the member to copy with `alias: "…"`, or move the oneof into a composed message that contains the copy'
        : "leave it out: the member that the upstream sets is copied",
  });
}

/** Returns the option that has no effect on a field of a copy. */
function idleRule(field: IrField): "by" | "if" | "default" | undefined {
  if (field.by !== undefined && field.desc.oneof !== undefined) return "by";
  return (["if", "default"] as const).find((name) => field[name] !== undefined);
}

/** Returns true if a message is declared both as a copy and as composed, which has been reported. */
export function isTorn({ alias, steps, fields }: IrMessage): boolean {
  return alias !== undefined && (steps.length > 0 || fields.some((field) => idleRule(field) !== undefined));
}

/** A resolver supplies all of a message, or fields of one that is composed. */
function checkResolvers({ desc, alias, resolver, steps, fields }: IrMessage, report: Report): undefined {
  if (alias !== undefined && resolver !== undefined)
    return fault(report, "BFF137", resolver.at, {
      message: `"${desc.name}" has both an "alias" and a "resolver"`,
      related: [{ at: alias.at, message: "the copied message" }],
      hint: "leave out one of them",
    });
  for (const field of fields) {
    if (alias !== undefined && field.resolver !== undefined) {
      fault(report, "BFF139", field.resolver.at, {
        message: `"${desc.name}" is a copy: its fields come from its alias, not from a resolver`,
        related: [{ at: alias.at, message: "the copied message" }],
        hint: "move this field to a composed message that contains the copy",
      });
    }
    const source = field.by ?? field.alias ?? field.resolver ?? field.if ?? field.default;
    if (resolver !== undefined && source !== undefined) {
      fault(report, "BFF138", source.at, {
        message: `a resolver supplies all fields of "${desc.name}", including "${field.desc.name}"`,
        related: [{ at: resolver.at, message: "the resolver of the message" }],
        hint: "leave out the rule of the field, or the `resolver` of the message",
      });
    }
  }
  for (const { autobind } of steps) {
    if (resolver === undefined || autobind?.value !== true) continue;
    fault(report, "BFF138", autobind.at, {
      message: `a resolver supplies all fields of "${desc.name}": "autobind" has no effect`,
      related: [{ at: resolver.at, message: "the resolver of the message" }],
      hint: "leave out `autobind`: the resolver receives the value of the step",
    });
  }
}

/** Reads `reads`, which has an effect only on a resolver. Undefined means every step, and `{}` none. */
function readReads(
  declared: Declared<Reads> | undefined,
  resolver: Sourced<boolean> | undefined,
  report: Report,
): IrReads | undefined {
  if (declared === undefined) return undefined;
  const { value, place } = declared;
  const steps = texts(value.step, place, "step");
  if (resolver === undefined)
    fault(report, "BFF172", place.at, {
      message: "`reads` needs a resolver, and `resolver` is not set here",
      hint: "add `resolver: true`, or leave out `reads`",
    });
  checkListed(steps, "BFF130", report);
  return { steps };
}

function readField(desc: DescField, locator: Locator, reportTo: Report): IrField {
  const at = locator.name(desc);
  let faulty = false;
  const report: Report = (diagnostic) => {
    faulty = true;
    reportTo(diagnostic);
  };
  if (!hasOption(desc, fieldOption)) {
    return {
      kind: "field",
      desc,
      at,
      faulty: false,
      by: undefined,
      alias: undefined,
      resolver: undefined,
      reads: undefined,
      if: undefined,
      default: undefined,
      fallback: undefined,
      reveal: undefined,
      onRequest: undefined,
      fresh: undefined,
      publicId: undefined,
    };
  }
  const value = getOption(desc, fieldOption);
  const place = locator.rule(desc, fieldOption);
  // An option that is false is as if it were not written.
  const resolver = value.resolver === true ? sourced(true, place, "resolver") : undefined;
  const fresh = value.fresh === true ? sourced(true, place, "fresh") : undefined;
  const publicId = value.publicId === true ? sourced(true, place, "public_id") : undefined;
  const onRequest = value.onRequest === true ? sourced(true, place, "on_request") : undefined;
  if (isEmpty({ ...value, resolver, fresh, publicId, onRequest })) {
    fault(report, "BFF124", place.at, {
      message: "this rule sets no option",
      hint: "add `by`, `alias` or `resolver`, or leave out the rule",
    });
  }
  const field: IrField = {
    kind: "field",
    desc,
    at,
    faulty: false,
    by: expression(value.by, place, "by", report),
    alias: text(value.alias, place, "alias"),
    resolver,
    reads: readReads(child(value.reads, place, "reads"), resolver, report),
    if: expression(value.if, place, "if", report),
    default: sourced(value.default, place, "default"),
    fallback: expression(value.fallback, place, "fallback", report),
    reveal: text(value.reveal, place, "reveal"),
    onRequest,
    fresh,
    publicId,
  };
  checkField(field, report);
  return { ...field, faulty };
}

function checkField(field: IrField, report: Report): void {
  const { desc } = field;
  checkReference(field.alias, "a field", report);
  const [first, second] = [field.by, field.alias, field.resolver].filter((source) => source !== undefined);
  if (first !== undefined && second !== undefined) {
    fault(report, "BFF126", second.at, {
      message: `the field "${desc.name}" has two sources`,
      related: [{ at: first.at, message: "the other source" }],
      hint: "leave out one of them",
    });
  }
  if (desc.oneof !== undefined && field.default?.value === true && field.if !== undefined) {
    fault(report, "BFF144", field.if.at, {
      message: `"${desc.name}" is the default member of a oneof, and has a condition`,
      related: [{ at: field.default.at, message: "the default is selected if no other member is" }],
      hint: "leave out one of them",
    });
  }
  if (desc.oneof === undefined) {
    for (const rule of ["if", "default"] as const) {
      const setting = field[rule];
      if (setting === undefined) continue;
      fault(report, "BFF125", setting.at, {
        message: `"${rule}" is for members of a oneof, and "${desc.name}" is not in a oneof`,
        hint:
          rule === "if" && field.by !== undefined
            ? "leave it out, or use `optional` and a conditional expression with `optional.none()`"
            : "leave it out",
      });
    }
  }
}
