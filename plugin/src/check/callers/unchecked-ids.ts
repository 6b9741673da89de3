// Ids that clients choose: a decision must read them, or the upstream must receive the caller.

import { Identify } from "@protobff/messages/options.js";
import type { Expression } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import { callsOf } from "../../resolve/model/source-parts.ts";
import type { Check } from "../check.ts";
import { ARGS, CALLER, fieldsSent, HEADERS, namesBehind, namesRead, namesWho, overlap } from "../request-names.ts";

/**
 * The last word of a field that identifies a resource of a user. A `key` is excluded: it may be an idempotency key,
 * which is new each time.
 */
const ID = /[._](id|ids|uuid)$/;

export const uncheckedIds: Check = {
  rules: {
    BFF580:
      "An id from a client takes part in a decision, or its upstream receives the caller. Otherwise every caller can read the data of others, because ids can be guessed.",
  },
  run: checkUnaskedIds,
};

/**
 * Reports an id from the client that reaches an upstream without a decision and without the caller, in a package with
 * identified callers.
 */
function checkUnaskedIds(model: Model, report: Report): void {
  for (const { services } of model.files)
    for (const { methods } of services) for (const method of methods) checkIds(method, report);
}

function checkIds({ ir, permit, callers, opening, shared, stream, composed }: BffMethod, report: Report): void {
  if (callers === undefined || permit?.public !== undefined || namesWho(permit)) return;
  const steps = [...shared, ...(opening?.steps ?? []), ...composed.steps];
  const conditions = [...(permit?.conditions ?? []), ...steps].filter(({ source }) => source.kind === "guard");
  const decided = conditions.flatMap((condition) => [...namesBehind([condition])]);
  if (decided.includes(CALLER)) return;
  const calls = [...steps.flatMap(({ source }) => [...callsOf(source)]), ...(stream?.call ? [stream.call] : [])];
  for (const call of calls) {
    if (sendsCaller(call)) continue;
    const found = sentBy(call)
      .flatMap((expression) => namesSent(expression).map((name) => ({ name, at: expression.text.at })))
      .find(
        ({ name }) =>
          name.startsWith(`${ARGS}.`) && ID.test(name) && !decided.some((guardName) => overlap(guardName, name)),
      );
    if (found === undefined) continue;
    report({
      code: "BFF580",
      severity: "warning",
      message: `no permit or guard of "${ir.desc.name}" reads \`${found.name}\`, and "${call.method.name}" does not receive the caller: any caller can name any id`,
      at: found.at,
      related: [{ at: ir.at, message: "the rpc" }],
      hint: `add a \`permit\` or a guard that compares it with \`principal\`, or add \`identify: SIGNED\` to the call, so that the upstream decides`,
    });
    return;
  }
}

const sentBy = ({ set, request, batch }: Call) =>
  [...set.map(({ bound }) => bound), request, batch?.by].flatMap((bound) =>
    bound === undefined ? [] : [bound.expression],
  );

/** Maximum number of fields in which ids are searched. Messages may hold themselves. */
const MAX_FIELDS = 1_000;

/** Names that an expression reads, and the fields of messages that it passes on as a whole. */
function namesSent(expression: Expression): readonly string[] {
  const sent = [...fieldsSent(expression)];
  for (let i = 0; i < Math.min(sent.length, MAX_FIELDS); i++)
    for (const field of sent[i]?.desc?.fields ?? [])
      sent.push({ name: `${sent[i]?.name}.${field.name}`, desc: field.message });
  return [...namesRead(expression), ...sent.map(({ name }) => name)];
}

/** Returns true if the upstream itself can decide. */
function sendsCaller(call: Call): boolean {
  const { policy, metadata } = call;
  if (policy.identify !== undefined && policy.identify.value !== Identify.NOTHING) return true;
  if (policy.forward.length > 0) return true;
  return [...sentBy(call), ...metadata.map(({ by }) => by)]
    .flatMap(namesRead)
    .some((name) => name === CALLER || name.startsWith(HEADERS));
}
