// Rpcs whose response arrives in parts: one message, and deferred parts later.

import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { composedBy, composesOf, messagesByName, methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod, Composed } from "../../resolve/model/model.ts";
import { messagesWithParts, placesOf } from "../../resolve/model/parts.ts";
import { type Check, nameOf } from "../check.ts";

export const parts: Check = {
  rules: {
    BFF669:
      "`parts_timeout` is longer than `timeout`. Both start with the request, so no part could arrive later otherwise.",
    BFF670:
      "Deferred parts are fields of the response, or of single messages in it. Protocol buffers append to lists and replace map entries, so clients cannot merge into their items.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const withParts = messagesWithParts(model.messages);
    for (const method of methodsOf(model)) {
      if (method.parts === undefined) continue;
      if (!withParts.has(method.composed.desc.typeName)) reportNothingDeferred(method, report);
      checkTimes(method, method.parts.timeoutMs, report);
      checkReached(method, { byName, withParts }, report);
    }
  },
};

function reportNothingDeferred({ desc, ir }: BffMethod, report: Report): void {
  fault(report, "BFF131", ir.at, {
    message: `the rpc "${desc.name}" returns a stream, but sets no \`stream\`, and "${desc.output.name}" has no deferred steps`,
    hint: `add option (bff.v1.method).stream = { var: "…" call: { … } }, write \`defer: true\` in steps of the response, or \`returns (${desc.output.name})\``,
    derived: true,
  });
}

/** Reports a time for the first message that exceeds the time for all parts. */
function checkTimes({ ir, timeout: { value: timeoutMs } }: BffMethod, partsMs: number, report: Report): void {
  if (partsMs > timeoutMs) return;
  fault(report, "BFF669", ir.partsTimeout?.at ?? ir.timeout?.at ?? ir.at, {
    message: `the first message of "${ir.desc.name}" may take ${timeoutMs}ms, but all of its parts at most ${partsMs}ms`,
    ...(ir.partsTimeout !== undefined && ir.timeout !== undefined
      ? { related: [{ at: ir.timeout.at, message: "the timeout of the first message" }] }
      : {}),
    hint: "raise `parts_timeout`, by default 10s, above `timeout`: both start with the request",
  });
}

interface Messages {
  readonly byName: ReadonlyMap<string, Composed>;
  readonly withParts: ReadonlySet<string>;
}

/**
 * Reports parts that clients cannot merge into the first message. Messages merge with messages, while elements of lists
 * are appended, and entries of maps are replaced.
 */
function checkReached({ composed: root, ir }: BffMethod, { byName, withParts }: Messages, report: Report): void {
  const inner = (message: Composed): Composed[] =>
    message.steps.flatMap(({ source }) =>
      source.kind === "compose" && withParts.has(source.message.typeName)
        ? (byName.get(source.message.typeName) ?? [])
        : [],
    );
  for (const message of reachable([root], inner)) {
    for (const step of message.steps) {
      const [source] = composesOf(step.source);
      if (source === undefined || !withParts.has(source.message.typeName)) continue;
      const [first, second] = placesOf(step, message);
      const listed = step.source.kind === "each";
      if (first === undefined || (!listed && second === undefined)) continue;
      const what = first.fieldKind === "map" ? "a map" : "a list";
      fault(report, "BFF670", step.ir.name?.at ?? step.ir.at, {
        message: listed
          ? `parts of "${source.message.name}" are deferred, but "${first.name}" is ${what}: clients cannot merge into its items`
          : `parts of "${source.message.name}" are deferred, but both "${first.name}" and "${second?.name}" contain it`,
        related: [
          { at: ir.at, message: "this rpc sends parts" },
          ...deferredIn(byName.get(source.message.typeName), byName),
        ],
        hint: listed
          ? `defer ${nameOf(step)} as a whole, and nothing of "${source.message.name}"; or send the deferred values in a map beside "${first.name}"`
          : "compose it in two steps, or leave one of the fields out",
      });
    }
  }
}
function deferredIn(message: Composed | undefined, byName: ReadonlyMap<string, Composed>) {
  const all = reachable(message === undefined ? [] : [message], ({ steps }) => composedBy(steps, byName));
  const step = all.flatMap(({ steps }) => steps).find(({ deferred }) => deferred);
  return step === undefined ? [] : [{ at: step.ir.defer?.at ?? step.ir.at, message: "deferred" }];
}

/** Reports settings of parts that are valid but probably not intended. */
export const partsMeant: Check = {
  rules: {
    BFF671:
      "A message with deferred steps is sent in parts by an rpc. Such an rpc streams the message and has no `stream` option.",
    BFF672:
      "A response in parts has a field of type `repeated bff.v1.Part`. Without this field clients cannot distinguish an empty part from a missing part.",
  },
  run(model, report) {
    const byName = messagesByName(model.messages);
    const children = ({ steps }: Composed): Composed[] => composedBy(steps, byName);
    const methods = methodsOf(model);
    const roots = (of: readonly BffMethod[]): Composed[] =>
      reachable(
        of.map(({ composed }) => composed),
        children,
      );
    const inParts = new Set(roots(methods.filter(({ parts }) => parts !== undefined)));
    for (const message of roots(methods)) {
      if (inParts.has(message)) continue;
      for (const step of message.steps) {
        if (!step.deferred) continue;
        caution(report, "BFF671", step.ir.defer?.at ?? step.ir.at, {
          message: `${nameOf(step)} is deferred, but no rpc sends "${message.desc.name}" in parts`,
          hint: `add an rpc that streams it, \`returns (stream …)\`, or leave out \`defer\``,
        });
      }
    }
    for (const { parts, partsField, desc, composed } of methods) {
      if (parts === undefined || partsField !== undefined) continue;
      caution(report, "BFF672", composed.ir.at, {
        message: `"${desc.output.name}" is sent in parts, but has no field that lists the parts that have arrived`,
        hint: "add `repeated bff.v1.Part parts = 14;`",
      });
    }
  },
};
