import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { type Node, typeName, type Variable } from "../../cel/index.ts";
import { fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrUpstream } from "../../ir/step.ts";
import { type BoundExpression, type FieldBinding, isRequired } from "../../model/conversion.ts";
import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import { notWrittenBack } from "../conversions/convert.ts";
import { answerOf } from "../model/blocks.ts";
import type { Call, ErrorRule } from "../model/call.ts";
import { parameterKind, type RestRule } from "../model/rest.ts";
import { lookupMethod } from "../names/lookup.ts";
import { boundPolicy } from "../policies/amounts.ts";
import { entriesFor, httpProtocol, httpRule, policyOf, protocolOf } from "../policies/entries.ts";
import { errorRules, reachable } from "../policies/error-rules.ts";
import { mergeByKey, metadata } from "../policies/metadata.ts";
import { mergePolicy } from "../policies/policy.ts";
import { isSensitiveCall } from "../policies/sensitive-call.ts";
import { callShard } from "../policies/shards.ts";
import { checkStreamLimit } from "../policies/stream-limits.ts";
import { callTags } from "../policies/tags.ts";
import { effectsOf } from "../policies/vouching.ts";
import { check, withoutMessage } from "../scope/scope.ts";
import { resolveBatch } from "./batch.ts";
import type { MessageContext } from "./context.ts";
import { isArgs, resolveMasks, resolveSet } from "./set.ts";

type CallKind = "unary" | "server_streaming";

export function resolveCall(
  cx: MessageContext,
  ir: IrCall,
  locals: readonly Variable[],
  kind: CallKind = "unary",
): Call | undefined {
  const { scope, run } = cx;
  const method = calledMethod(cx, ir, kind);
  if (method === undefined || ir.method === undefined) return undefined;
  const { at } = ir.method;
  checkStreamLimit(ir.policy, method, scope.report);
  const entries = entriesFor(cx.governing.entries, method);
  const http = httpProtocol(cx.governing.entries, method);
  const policy = boundPolicy(ir, cx.governing.env, scope.report);
  const policies = [policy, ...entries.map((entry) => policyOf(entry, http !== undefined))];
  const { effects, evidence } = effectsOf(method, { callPolicy: policy, entries, roots: cx.roots, at }, scope.report);
  const request = ir.request && baseRequest(cx, ir.request, method, locals);
  const set = resolveSet(cx, ir, method.input, locals);
  const masks = resolveMasks(cx, ir, method.input, kind);
  const batch = ir.batch && resolveBatch(cx, ir.batch, method, locals, effects);
  const sentMetadata = allMetadata(cx, ir, entries, locals);
  const onError = resolveErrorRules(cx, ir, { method, entries, batch, locals });
  if ((ir.request && request === undefined) || (ir.batch && batch === undefined)) return undefined;
  const sent = [
    ...[...set, ...masks.map(({ path }) => ({ path }))],
    ...(batch ? [{ path: [batch.keys] }] : []),
    ...(request === undefined ? [] : inLiteral(request.expression.root)),
  ];
  const whole = isKnownWhole(cx, ir, sent, request);
  if (whole) checkRequired(scope.report, ir, method.input, sent);
  if (kind === "server_streaming" && refusesFollowed(cx, ir.method, method)) return undefined;
  const rule = http && httpRule(run.ir, method, at, http, scope.report);
  if (rule !== undefined) {
    const paths = sent.map(({ path }) => path);
    checkSent({ method, rule, at }, ir, paths, whole, scope.report);
  }
  const { choice, shard } = callShard(scope, { ir, method, batch, entries, locals, at });
  const tags = callTags(scope, { ir, method, entries, locals, effects });
  const bound = {
    method,
    set,
    masks,
    metadata: sentMetadata,
    policy: mergePolicy(cx, { ir: { ...ir, policy }, policies, effects, tags, shard }),
  };
  return {
    ...bound,
    ir,
    request,
    http: rule,
    onError,
    batch,
    shard: choice,
    effects,
    sensitive: isSensitiveCall(scope, bound),
    methodAt: at,
    evidence,
  };
}

/** Returns the metadata of the call, and of the entries that govern it. */
function allMetadata(
  { scope }: MessageContext,
  { policy }: IrCall,
  entries: readonly IrUpstream[],
  locals: readonly Variable[],
): Call["metadata"] {
  const ofCall = metadata(scope, policy.metadata, locals);
  const outside = withoutMessage(scope);
  return mergeByKey([ofCall, ...entries.map((entry) => metadata(outside, entry.policy.metadata, []))]);
}

function calledMethod({ scope, run }: MessageContext, ir: IrCall, kind: CallKind): DescMethod | undefined {
  const method = ir.method && lookupMethod(run.ir, ir.method, scope.report, kind);
  if (method === undefined || ir.method === undefined) return undefined;
  if (!run.bffServices.has(method.parent.typeName)) return method;
  return fault(scope.report, "BFF203", ir.method.at, {
    message: `"${method.parent.typeName}" is a service of this BFF`,
    hint: `compose its response message instead: compose: { message: "${method.output.name}" … }`,
  });
}

/** Resolves the rules of the call, then those of its upstream. Rules that no failure reaches are left out. */
function resolveErrorRules(
  cx: MessageContext,
  ir: IrCall,
  {
    method,
    entries,
    batch,
    locals,
  }: Pick<Call, "method" | "batch"> & {
    readonly entries: readonly IrUpstream[];
    readonly locals: readonly Variable[];
  },
): readonly ErrorRule[] {
  const { scope, run } = cx;
  const outside = withoutMessage(scope);
  const gives =
    ir.batch && batch === undefined ? undefined : { method, batchAt: ir.batch?.at, ...answerOf(method, batch) };
  // A permit may not depend on a replaced answer, so that only rules that refuse apply.
  const holding = (rules: readonly ErrorRule[]): readonly ErrorRule[] =>
    scope.strict === "permit" ? rules.filter(({ then }) => then.kind === "fail") : rules;
  const inherited = entries.flatMap((entry) => reachable(holding(errorRules(cx, outside, entry.policy, gives, []))));
  const onError = reachable([...holding(errorRules(cx, scope, ir.policy, gives, locals)), ...inherited]);
  const tried = new Set(onError.map(({ at }) => at));
  for (const { at } of inherited) run.tried.set(at, tried.has(at) || (run.tried.get(at) ?? false));
  return onError;
}

/** Returns true if the fields of the request are known, so that missing ones can be named. */
function isKnownWhole(
  cx: MessageContext,
  ir: IrCall,
  set: readonly Pick<Call["set"][number], "path">[],
  request: BoundExpression | undefined,
): boolean {
  // The fields of other expressions than literals are unknown before they run. The fields of `args` are unknown until a
  // message or RPC composes the message.
  const unknown = cx.run.uncomposed.has(cx.ir) && ir.set.some(({ spread }) => spread !== undefined && isArgs(spread));
  // A field with a wrong value has its own diagnostic and is not also missing.
  const wrong = ir.set.some(({ name }) => name !== undefined && !set.some(({ path }) => pathName(path) === name.value));
  return !unknown && !wrong && (request === undefined || request.expression.root.kind === "message");
}

/** Protocols without streams to follow: their names, and the reasons. */
const STREAMLESS = {
  HTTP_JSON: ["HTTP", "uses HTTP with JSON, which has no streams"],
  CONNECT: ["Connect", "uses Connect, which is for calls with single answers"],
} as const;

/** Reports a followed method whose upstream has no streams. Returns true if it was reported. */
function refusesFollowed({ scope, governing }: MessageContext, text: Text, method: DescMethod): boolean {
  const protocol = protocolOf(governing.entries, method);
  if (protocol === undefined || protocol.value === "GRPC") return false;
  const [name, reason] = STREAMLESS[protocol.value];
  fault(scope.report, "BFF633", text.at, {
    message: `"${text.value}" is followed, but its upstream ${reason}`,
    related: [{ at: protocol.at, message: `${name} is set here` }],
    hint: "follow it over gRPC: leave out `protocol`",
  });
  return true;
}

/** Resolves the request, or the copy of a request, to which `set` adds fields. */
function baseRequest(
  { scope, run }: MessageContext,
  text: Text,
  method: DescMethod,
  locals: readonly Variable[],
): BoundExpression | undefined {
  const expression = check(scope, text, locals);
  if (expression === undefined) return undefined;
  const { input } = method;
  const desc = expression.type.kind === "message" ? expression.type.desc : undefined;
  const bound = { expression, conversion: { kind: "same" } } as const;
  if (desc?.typeName === input.typeName) return bound;
  const computed = desc && notWrittenBack(desc, input, run.aliases);
  if (computed !== undefined) {
    const { code, message, hint } = computed;
    return fault(scope.report, code, text.at, { message, hint });
  }
  const via = desc && run.aliases.message(desc, input);
  if (via !== undefined) return { expression, conversion: { kind: "message", via } };
  const copy = desc !== undefined && run.messages.has(desc.typeName);
  return fault(scope.report, "BFF331", text.at, {
    message: `this is ${typeName(expression.type)}, but "${method.name}" takes ${input.typeName}`,
    hint: copy
      ? `write ${input.typeName}{ … }, or declare "${desc.name}" as a copy: option (bff.v1.message).alias = "${input.typeName}";`
      : `write ${input.typeName}, such as ${input.typeName}{ … }`,
  });
}

/** A field that a request sets: by `set`, as keys of a batch, or in the literal of `request`. */
interface SetField extends Partial<FieldBinding> {
  readonly path: readonly DescField[];
  /** True for a message written as a literal. Its fields have separate settings. */
  readonly literal?: boolean;
}

/** Returns the settings of a message literal, including messages in it. */
function inLiteral(node: Node, above: readonly DescField[] = []): SetField[] {
  if (node.kind !== "message") return [];
  return node.fields.flatMap(({ field, value }) => {
    const path = [...above, field];
    return [{ path, literal: value.kind === "message" && field.message === value.desc }, ...inLiteral(value, path)];
  });
}

/** Reports a request without its `required` fields, because it cannot be sent. */
function checkRequired(
  report: Report,
  ir: IrCall,
  message: DescMessage,
  set: readonly SetField[],
  above: readonly DescField[] = [],
): void {
  const depth = above.length;
  for (const field of message.fields) {
    const here = set.filter(({ path }) => path[depth] === field);
    const inside = here.filter(({ path, literal }) => path.length > depth + 1 || literal === true);
    const whole = here.some(({ path, literal }) => path.length === depth + 1 && literal !== true);
    if (inside.length > 0 && !whole && field.message !== undefined && field.fieldKind === "message")
      checkRequired(report, ir, field.message, inside, [...above, field]);
    if (!isRequired(field) || here.some((binding) => binding.if === undefined)) continue;
    const name = pathName([...above, field]);
    const [conditional] = here;
    fault(report, "BFF240", conditional?.if?.text.at ?? ir.request?.at ?? ir.method?.at ?? ir.at, {
      message: `"${field.name}" of "${message.typeName}" is required, but ${conditional === undefined ? "not set" : "set only under an `if`"}`,
      hint:
        conditional === undefined
          ? `set it: set: { name: "${name}" by: "…" }`
          : "leave out the `if`, and write a value for both cases: … ? … : …",
    });
  }
}

// A call over HTTP: checks that each part of its request has a place in a path, a query or a body.

/**
 * @param sent the fields that the call sets, as far as they are known
 * @param whole whether these are all
 */
function checkSent(
  { method, rule, at }: { readonly method: Call["method"]; readonly rule: RestRule; readonly at: Origin },
  ir: IrCall,
  sent: readonly (readonly DescField[])[],
  whole: boolean,
  report: Report,
): void {
  const { variables, body } = rule;
  for (const path of sent) {
    const [top] = path;
    const name = pathName(path);
    const last = path.at(-1);
    const named = variables.some((variable) => variable.name === name);
    if (named || body === "*" || top === body || last === undefined || parameterKind(last) !== "none") continue;
    const bind =
      ir.set.find((candidate) => candidate.name?.value === name) ??
      ir.set.find((candidate) => candidate.spread !== undefined);
    fault(report, "BFF290", bind?.name?.at ?? bind?.spread?.at ?? at, {
      message: `"${name}" has no place in a request to "${fullName(method)}": neither its path nor its body contains it, and a query cannot contain a ${shapeName(last)}`,
      related: [{ at: rule.ir.path.at, message: "the path" }],
      hint: "leave it out, or call it over gRPC: leave out `protocol`",
    });
  }
  if (!whole) return;
  for (const { name, fields } of variables) {
    if (sent.some((path) => path.every((field, i) => field === fields[i]))) continue;
    fault(report, "BFF291", at, {
      message: `the path of "${fullName(method)}" needs "${name}", which this call does not set`,
      related: [{ at: rule.ir.path.at, message: "the path" }],
      hint: `write \`set: { name: ${JSON.stringify(name)} by: "…" }\``,
    });
  }
}

/** The kind of value that a field without a place in a query holds. */
function shapeName(field: DescField): string {
  if (field.fieldKind === "map") return "map";
  return field.fieldKind === "list" ? "list of messages" : (field.message?.typeName ?? "message");
}
