// Validity of deferred steps: nothing in the first message depends on them, and clients can merge their parts.

import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { isPosition } from "../../model/stream-fields.ts";
import { callsOf, composedBy, composesOf, messagesByName } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { caseOnly } from "../../resolve/model/case-only.ts";
import type { Composed, Let, Opening, Step } from "../../resolve/model/model.ts";
import { oneofOnly } from "../../resolve/model/oneof-only.ts";
import { deferredBehind, isAsItIs, isUnchanged, messagesWithParts, partsOf } from "../../resolve/model/parts.ts";
import { type Check, type fieldExpressions, nameOf, stepExpressions } from "../check.ts";

export const deferred: Check = {
  rules: {
    BFF663:
      "A composed message with deferred parts is bound as a whole. Its parts arrive after it, so a step that reads it earlier does not find them.",
    BFF664:
      "A message with deferred parts has no required fields. The messages that deliver the parts contain nothing else.",
    BFF665: "A deferred step fills a field, because parts of a response consist of fields.",
    BFF666:
      "A deferred step does not decide the status, which the first message fixes. Guards, `fail` rules of `on_error` and resolvers that may refuse run before.",
    BFF667:
      "A step that starts only after a decision of a deferred step is deferred. Examples are a step in one case of a deferred `switch`, or a oneof with deferred conditions.",
    BFF668: "A `latest` that sets the position is not deferred. The first message contains the position.",
    BFF674:
      "A message that is composed once for several messages or items has no deferred parts. Deferred parts belong to one message.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const withParts = messagesWithParts(model.messages);
    for (const block of [...model.lets, ...model.openings]) checkOnce(block, withParts, report);
    for (const message of model.messages) {
      if (!withParts.has(message.desc.typeName)) continue;
      checkPlaced(message, withParts, report);
      checkRequired(message, report);
      if (!message.steps.some(({ deferred }) => deferred)) continue;
      checkFed(message, report);
      checkStatus(message, byName, report);
      checkStarted(message, report);
      checkPosition(message, report);
    }
  },
};

/**
 * Reports steps that run once for several messages and compose a message with parts: such parts belong to none of these
 * messages.
 */
function checkOnce({ kind, steps }: Let | Opening, withParts: ReadonlySet<string>, report: Report): void {
  for (const step of steps) {
    const inner = composesOf(step.source).find((source) => withParts.has(source.message.typeName));
    if (inner === undefined) continue;
    const { name } = inner.message;
    fault(report, "BFF674", step.ir.name?.at ?? step.ir.at, {
      message: `parts of "${name}" are deferred, but ${nameOf(step)} composes it once, ${kind === "let" ? "for all messages of a response" : "for all items of a stream"}`,
      hint:
        kind === "let"
          ? `compose it in the message that contains it, or leave out \`defer\` in "${name}"`
          : `let the step run per item, with the name of the item in \`after\`, or leave out \`defer\` in "${name}"`,
    });
  }
}

/** Reports reads of a composed message with parts: the message is handed over before its parts have arrived. */
function checkPlaced(message: Composed, withParts: ReadonlySet<string>, report: Report): void {
  for (const step of message.steps) {
    const inner = composesOf(step.source).find((source) => withParts.has(source.message.typeName));
    if (inner === undefined) continue;
    const reportRead = (at: Step["ir"]["at"]): void =>
      fault(report, "BFF663", at, {
        message: `"${step.name}" has deferred parts, and is read here before they arrive`,
        related: [{ at: step.ir.name?.at ?? step.ir.at, message: `it composes "${inner.message.name}"` }],
        hint: `bind it to a field as a whole, by = "${step.name}"; or read the sources of "${inner.message.name}" instead`,
      });
    const placed = message.targets.flatMap((target): readonly { readonly bound: BoundExpression }[] =>
      target.kind === "field" ? [target] : target.members,
    );
    for (const { bound } of placed) {
      const read = readIn(bound.expression, step);
      if (read !== undefined && !(isAsItIs(bound.expression, step) && isUnchanged(bound))) reportRead(read);
    }
    const conditions = message.targets.flatMap((target) =>
      target.kind === "oneof" ? target.members.map((member) => member.if) : [],
    );
    for (const expression of [...conditions, ...message.steps.flatMap(stepExpressions)]) {
      const read = readIn(expression, step);
      if (read !== undefined) reportRead(read);
    }
    const resolver = message.steps.find(({ source, reads }) => source.kind === "resolver" && reads.includes(step));
    if (resolver !== undefined) reportRead(resolver.ir.at);
  }
}
/** Returns the place that reads a step's value. A test of its presence is no such read. */
function readIn(expression: ReturnType<typeof fieldExpressions>[number] | undefined, { variable }: Step) {
  return expression?.reads.find((read) => read.variable === variable && read.kind !== "ok" && read.kind !== "failure")
    ?.at;
}

/** Reports required fields: later messages contain only parts and the messages around them. */
function checkRequired({ desc, ir, steps }: Composed, report: Report): void {
  const field = desc.fields.find(({ presence }) => presence === Presence.LEGACY_REQUIRED);
  if (field === undefined) return;
  const deferred = steps.find((step) => step.deferred);
  fault(report, "BFF664", ir.fields.find((irField) => irField.desc === field)?.at ?? ir.at, {
    message: `"${desc.name}" has deferred parts, which are sent in messages without "${field.name}", a required field`,
    ...(deferred === undefined
      ? {}
      : { related: [{ at: deferred.ir.defer?.at ?? deferred.ir.at, message: "deferred" }] }),
    hint: `make "${field.name}" optional, or leave out \`defer\``,
  });
}

/** Reports a deferred step without any field that comes later because of it. */
function checkFed(message: Composed, report: Report): void {
  // An alias keeps the side effects of fields that it leaves out.
  if (message.ir.subset !== undefined) return;
  const behind = new Set(partsOf(message).flatMap(({ steps }) => steps));
  for (const step of message.steps) {
    if (!step.deferred || behind.has(step)) continue;
    fault(report, "BFF665", step.ir.defer?.at ?? step.ir.at, {
      message: `${nameOf(step)} is deferred, but no field depends on it`,
      related: [{ at: step.ir.name?.at ?? step.ir.at, message: "the step" }],
      hint: "read the step in a field, or leave out `defer`",
    });
  }
}

/** Reports deferred steps that decide the status, which is final with the first message. */
function checkStatus(message: Composed, byName: ReadonlyMap<string, Composed>, report: Report): void {
  for (const step of message.steps) {
    if (!step.deferred) continue;
    const inside = reachable(composedBy([step], byName), ({ steps }) => composedBy(steps, byName)).flatMap(
      ({ steps }) => steps,
    );
    const decided = decidedBy(step, inside);
    if (decided === undefined) continue;
    fault(report, "BFF666", step.ir.defer?.at ?? step.ir.at, {
      message: `${nameOf(step)} is deferred, but ${decided.what} could fail a response whose status is already sent`,
      related: [{ at: decided.at, message: "this decides the status" }],
      hint: `${decided.instead}; or leave out \`defer\``,
    });
  }
}
/** Kinds of steps that may set a status, inside a message that a deferred step composes. */
const DECIDING = [
  {
    kind: "guard",
    what: "a guard of its composed message",
    instead: "move the guard to the response itself, over values of the first message",
  },
  {
    kind: "resolver",
    what: "a resolver of its composed message, which may `refuse`,",
    instead: "move the resolver to the response itself, which waits for it",
  },
] as const;
/** Returns the part of a step, or of the steps in the messages that it composes, that may set a status. */
function decidedBy(step: Step, inside: readonly Step[]) {
  for (const { kind, what, instead } of DECIDING) {
    const found = inside.find(({ source }) => source.kind === kind);
    if (found !== undefined) return { at: found.ir.at, what, instead };
  }
  const rule = [step, ...inside].flatMap(({ source }) => callsOf(source)).flatMap(failing)[0];
  if (rule === undefined) return undefined;
  const instead = "replace `fail` by `ignore` or `fallback`";
  return { at: rule.at, what: "an `on_error` with `fail`", instead };
}
const failing = ({ onError }: Call): Call["onError"] => onError.filter(({ then }) => then.kind === "fail");

/** Reports steps without `defer` that start late, because only deferred steps need them. */
function checkStarted(message: Composed, report: Report): void {
  const owners = caseOnly(message, message.steps, new Set());
  const demands = oneofOnly(message);
  const behind = deferredBehind(message);
  for (const step of message.steps) {
    if (step.deferred) continue;
    const ifs = demands.get(step)?.ifs.map((condition) => condition.if) ?? [];
    const owner = owners.get(step)?.switch;
    const late = owner?.deferred === true ? owner : behind(ifs)[0];
    if (late === undefined) continue;
    fault(report, "BFF667", step.ir.name?.at ?? step.ir.at, {
      message: `${nameOf(step)} starts only after "${late.name}", which is deferred, but is not deferred itself`,
      related: [{ at: late.ir.defer?.at ?? late.ir.at, message: `"${late.name}" is deferred` }],
      hint: `add \`defer: true\` to it, or leave out the \`defer\` of "${late.name}"`,
    });
  }
}

/** Reports a deferred position: a client receives its position with the first message. */
function checkPosition({ desc, steps }: Composed, report: Report): void {
  const [latest, other] = steps.filter(({ source }) => source.kind === "latest");
  const field = desc.fields.find(isPosition);
  if (latest?.deferred !== true || other !== undefined || field === undefined) return;
  fault(report, "BFF668", latest.ir.defer?.at ?? latest.ir.at, {
    message: `${nameOf(latest)} sets "${field.name}", and the first message contains the position`,
    related: [{ at: latest.ir.name?.at ?? latest.ir.at, message: "the newest item" }],
    hint: `leave out \`defer\`, or the field "${field.name}"`,
  });
}
