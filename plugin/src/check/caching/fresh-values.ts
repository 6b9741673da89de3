import type { DescField } from "@bufbuild/protobuf";
import { caution, fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrField } from "../../ir/ir.ts";
import { fullName } from "../../model/full-name.ts";
import { hasRules } from "../../resolve/graph/message-graph.ts";
import { callsOf, isCached, messagesByName, methodsOf } from "../../resolve/model/blocks.ts";
import { type ComposedNames, freshFields, promiseOf } from "../../resolve/model/marked-fields.ts";
import type { BffMethod, Composed, Model } from "../../resolve/model/model.ts";
import { expressionsByField, type StepBehind, ValuesBehind } from "../../resolve/model/values-behind.ts";
import type { Check } from "../check.ts";

/** Reports fresh fields whose value, or whose answer, may be from before the request. */
export const freshValues: Check = {
  rules: {
    BFF806:
      "Every upstream value behind a `fresh` field comes from a call that begins after the request. Caches and topics hold older values, and the compiler cannot see the calls of a resolver.",
    BFF807:
      "An answer with a `fresh` field is composed for each request. A cache of answers returns values from before the request, and items of a stream follow one request. A live answer keeps values that no change has reached.",
  },
  run(model, report) {
    const declared = declaredFresh(model);
    if (declared.size === 0) return;
    const composed = composedNames(model);
    const values = new ValuesBehind(model);
    const reported = new Set<string>();
    for (const { field, named, block } of promises(model, composed)) {
      const promise = promiseOf(field, composed);
      const at = promise && declared.get(promise);
      if (promise === undefined || at === undefined) continue;
      const path = promise === field ? [] : [`${block.desc.name}.${named}`];
      for (const behind of values.of(expressionsByField(block).get(named) ?? [], block, path))
        for (const cause of causesOf(behind)) {
          const id = [nameOf(promise), cause.what, lineOf(cause.at)].join();
          if (reported.has(id)) continue;
          reported.add(id);
          refuseValue(promise, at, behind, cause, report);
        }
    }
    for (const method of methodsOf(model))
      for (const field of freshFields([method.desc.output, method.composed.desc], composed)) {
        const at = declared.get(field);
        if (at !== undefined) refuseAnswer(method, field, at, report);
      }
  },
};

/** Reports fresh fields that no answer contains, such as those of requests. */
export const idleFresh: Check = {
  rules: {
    BFF808: "`fresh` is a promise about an answer. A field that no rpc returns promises nothing.",
  },
  run(model, report) {
    const declared = declaredFresh(model);
    // An answer may yet contain the fields of messages that nothing composes.
    if (declared.size === 0 || model.suspicions.some(({ code }) => code === "BFF205")) return;
    const roots = methodsOf(model).flatMap(({ desc, composed }) => [desc.output, composed.desc]);
    const promised = new Set(freshFields(roots, messagesByName(model.messages)));
    for (const [field, at] of declared) {
      if (promised.has(field) || !model.files.some(({ desc }) => desc === field.parent.file)) continue;
      caution(report, "BFF808", at, {
        message: `no rpc returns "${nameOf(field)}", so \`fresh\` promises nothing`,
        hint: "leave it out",
      });
    }
  },
};

/** Returns the names of the composed messages, and of those that a fault leaves out of the model: they are no copies. */
function composedNames({ ir, messages }: Model): ComposedNames {
  const declared = ir.files.flatMap((file) => file.messages).filter((message) => !message.alias && hasRules(message));
  return new Set([...messages, ...declared].map(({ desc }) => desc.typeName));
}

/** Returns the places of `fresh`, by field. */
function declaredFresh({ ir }: Model): ReadonlyMap<DescField, Origin> {
  const fields = ir.files.flatMap(({ messages }) => messages).flatMap((message): readonly IrField[] => message.fields);
  return new Map(fields.flatMap(({ desc, fresh }) => (fresh === undefined ? [] : [[desc, fresh.at] as const])));
}

/** A field of an answer, and the name of the composed field that it contains. */
interface Promised {
  readonly field: DescField;
  readonly named: string;
  readonly block: Composed;
}

/** Returns the fields of composed messages, and of declared responses in whose place a message is composed. */
function promises(model: Model, composed: ComposedNames): readonly Promised[] {
  const ofFields = (block: Composed, fields: readonly DescField[]): Promised[] =>
    fields.map((field) => ({ field, named: field.name, block }));
  const substituted = methodsOf(model).filter(
    ({ response, desc }) => response !== undefined && !composed.has(desc.output.typeName),
  );
  return [
    ...model.messages.flatMap((block) => ofFields(block, block.desc.fields)),
    ...substituted.flatMap(({ composed: block, desc }) => ofFields(block, desc.output.fields)),
  ];
}

// ---- values ----

interface Cause {
  readonly what: string;
  readonly at: Origin;
  readonly hint: string;
}

function causesOf({ step: { source, ir } }: StepBehind): readonly Cause[] {
  if (source.kind === "latest")
    return [
      {
        what: `the newest item of topic "${source.topic.name.value}"`,
        at: ir.at,
        hint: "read the value by a call, or leave out `fresh`",
      },
    ];
  if (source.kind === "resolver")
    return [
      {
        what: "the value of a resolver",
        at: ir.at,
        hint: "compose the value without the resolver, or leave out `fresh`",
      },
    ];
  return callsOf(source)
    .filter(isCached)
    .map(({ method, policy, methodAt, ir: call }) => ({
      what: `reused answers of "${fullName(method)}"`,
      at: policy.cache.ttl?.at ?? methodAt,
      hint:
        call.policy.cache?.ttl === undefined
          ? 'write `cache: { ttl: "0s" }` in the call, or leave out `fresh`'
          : 'write `ttl: "0s"` here, or leave out `fresh`',
    }));
}

function refuseValue(promise: DescField, at: Origin, { path }: StepBehind, cause: Cause, report: Report): void {
  fault(report, "BFF806", at, {
    message: `"${nameOf(promise)}" is fresh, but contains ${cause.what}: ${[...path, lineOf(cause.at)].join(" → ")}`,
    related: [{ at: cause.at, message: "the value may be from before the request" }],
    hint: cause.hint,
  });
}

// ---- answers ----

function refuseAnswer({ cache, httpCache, ir, desc }: BffMethod, field: DescField, at: Origin, report: Report): void {
  const refuse = (what: string, place: Origin, hint: string): void =>
    fault(report, "BFF807", at, {
      message: `"${nameOf(field)}" is fresh, but "${desc.name}" ${what}: ${lineOf(place)}`,
      related: [{ at: place, message: "the answer may be from before the request" }],
      hint,
    });
  if (cache !== undefined)
    refuse("reuses its answers", cache.at, "leave out the rpc's `cache`, and cache calls that no fresh field reads");
  if (httpCache !== undefined) {
    const shown = [httpCache.maxAge, httpCache.stale].find((setting) => (setting?.value ?? 0) > 0);
    if (shown !== undefined)
      refuse(
        "lets HTTP caches reuse its answers",
        shown.at,
        'write `max_age: "0s"` without `stale`: answers keep their ETag and 304',
      );
  }
  if (ir.stream !== undefined)
    refuse("composes it for items of a stream", ir.stream.at, "leave out `fresh`: items arrive without a request");
  if (ir.live !== undefined)
    refuse("keeps values between its messages", ir.live.at, "leave out `fresh`: later messages follow no request");
}

const nameOf = ({ parent, name }: DescField): string => `${parent.name}.${name}`;
const lineOf = ({ file, line }: Origin): string => `${file}:${line}`;
