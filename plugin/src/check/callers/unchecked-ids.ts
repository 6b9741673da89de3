// Ids that clients choose: a decision must read them, or the upstream must receive the caller.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { Identify } from "@protobff/messages/options.js";
import type { Expression } from "../../cel/index.ts";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { callsOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { fieldsBeside, publicIdsOf } from "../../resolve/model/marked-fields.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import {
  ARGS,
  CALLER,
  fieldsSent,
  HEADERS,
  namesBehind,
  namesRead,
  namesWho,
  overlap,
  REQUEST_IDS,
} from "../request-names.ts";

/**
 * The last word of a field that identifies a resource of a user. A `key` is excluded: it may be an idempotency key,
 * which is new each time.
 */
const ID = /[._](id|ids|uuid)$/;

export const uncheckedIds: Check = {
  rules: {
    BFF580:
      "An id from a client takes part in a decision, its upstream receives the caller, or its field has `public_id`. Otherwise every caller can read the data of others, because ids can be guessed.",
    BFF587: "A field with `public_id` is in the request of an rpc. Only there does a caller choose an id.",
  },
  run: (model, report) => {
    checkUnaskedIds(model, report);
    checkIdleMarks(model, report);
  },
};

/**
 * Reports an id from the client that reaches an upstream without a decision and without the caller, in a package with
 * identified callers.
 */
function checkUnaskedIds(model: Model, report: Report): void {
  for (const { services } of model.files)
    for (const { methods } of services) for (const method of methods) checkIds(method, report);
}

function checkIdleMarks({ ir }: Model, report: Report): void {
  const inputs = ir.files.flatMap(({ services }) =>
    services.flatMap(({ methods }) => methods.map(({ desc }) => desc.input)),
  );
  const requested = new Set(reachable(inputs, ({ fields }) => fields.flatMap(({ message }) => message ?? [])));
  for (const { messages } of ir.files)
    for (const { desc, fields } of messages)
      for (const { publicId, desc: field } of requested.has(desc) ? [] : fields)
        if (publicId !== undefined)
          fault(report, "BFF587", publicId.at, {
            message: `"${desc.name}" is in no request, so no caller chooses "${field.name}"`,
            hint: "leave it out, or move it to a field of a request",
          });
}

function checkIds({ ir, permit, callers, opening, shared, stream, composed }: BffMethod, report: Report): undefined {
  if (callers === undefined || permit?.public !== undefined || namesWho(permit)) return;
  const steps = [...shared, ...(opening?.steps ?? []), ...composed.steps];
  const conditions = [...(permit?.conditions ?? []), ...steps].filter(({ source }) => source.kind === "guard");
  // A guard over the request alone, such as one against an empty id, decides nothing about callers.
  const decided = conditions.flatMap((condition) => {
    const names = [...namesBehind([condition])];
    return condition.reads.length > 0 || names.some((name) => !name.startsWith(`${ARGS}.`)) ? names : [];
  });
  if (decided.includes(CALLER)) return;
  const calls = [...steps.flatMap(({ source }) => [...callsOf(source)]), ...(stream?.call ? [stream.call] : [])];
  for (const call of calls) {
    if (sendsCaller(call)) continue;
    const found = sentBy(call)
      .flatMap((expression) => namesSent(expression).map((name) => ({ name, at: expression.text.at })))
      .find(
        ({ name }) =>
          name.startsWith(`${ARGS}.`) &&
          ID.test(name) &&
          !isPublic(ir.desc.input, name) &&
          !decided.some((guardName) => overlap(guardName, name)),
      );
    if (found === undefined) continue;
    return caution(report, "BFF580", found.at, {
      message: `no permit or guard of "${ir.desc.name}" decides about \`${found.name}\`, and "${call.method.name}" does not receive the caller: any caller can name any id`,
      related: [{ at: ir.at, message: "the rpc" }],
      hint: hintFor(ir.desc, found.name),
    });
  }
}

/** Returns the fields of the request along a path such as `args.at.id`. */
function fieldsAlong(input: DescMessage, name: string): readonly DescField[] {
  const fields: DescField[] = [];
  let desc: DescMessage | undefined = input;
  for (const part of name.split(".").slice(1)) {
    const field: DescField | undefined = desc?.fields.find((member) => member.name === part);
    if (field !== undefined) fields.push(field);
    desc = field?.message;
  }
  return fields;
}

function isPublic(input: DescMessage, name: string): boolean {
  return fieldsAlong(input, name).some(publicIdsOf(input));
}

function hintFor({ name: rpc, input }: DescMethod, name: string): string {
  const field = fieldsAlong(input, name).findLast(fieldsBeside(input));
  const mark =
    field && `If all callers may name it, add \`public_id: true\` to "${field.name}" of "${field.parent.name}".`;
  return [
    "compare it with `principal` in a `permit` or a guard.",
    ...(mark === undefined ? [] : [mark]),
    "If the upstream checks its callers, add `identify: SIGNED` to the call.",
    // A public rpc beside protected rpcs is BFF231.
    `If "${rpc}" needs no callers, move it to a service with \`permit: { public: true }\``,
  ].join(" ");
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
  if (policy.forward.some(({ value }) => mayIdentify(value.toLowerCase()))) return true;
  return [...sentBy(call), ...metadata.map(({ by }) => by)]
    .flatMap(namesRead)
    .some((name) => name === CALLER || (name.startsWith(HEADERS) && mayIdentify(name.slice(HEADERS.length + 1))));
}

/** Returns false for headers that all callers may send alike. */
const mayIdentify = (header: string): boolean =>
  !REQUEST_IDS.has(header) && !/^(accept|tracestate|user-agent)/.test(header);
