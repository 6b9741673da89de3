// `resolver: true`: an undeclared step whose value a function of the user supplies.

import type { DescField, DescMessage, DescService } from "@bufbuild/protobuf";
import { type CelType, fieldType, type Proto } from "../../cel/index.ts";
import { didYouMean, fault, type Origin, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMessage, IrReads } from "../../ir/ir.ts";
import type { IrCall, IrPolicy } from "../../ir/step.ts";
import { canBeAbsent } from "../../model/conversion.ts";
import { declaredCalls } from "../graph/message-graph.ts";
import type { Call } from "../model/call.ts";
import type { Step } from "../model/model.ts";
import { hasRedacted } from "../model/sensitive-types.ts";
import { undeclaredStep } from "../model/undeclared-step.ts";
import { entriesFor, httpProtocol, httpRule, policyOf } from "../policies/entries.ts";
import { entryMetadata } from "../policies/metadata.ts";
import { mergePolicy } from "../policies/policy.ts";
import { isSensitiveCall } from "../policies/sensitive-call.ts";
import { callShard } from "../policies/shards.ts";
import { callTags } from "../policies/tags.ts";
import { effectsOf } from "../policies/vouching.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { MessageContext } from "./context.ts";

/** Returns true if functions of the user supply the message or one of its fields. They receive all arguments. */
export function hasResolver(ir: IrMessage): boolean {
  return ir.resolver !== undefined || ir.fields.some((field) => field.resolver !== undefined);
}

/** The name by which a field's expression reads its resolver. */
const RESOLVED = "resolved";

/**
 * Returns the steps of a message's resolvers: of the whole message, or of each field that has one. Resolvers receive
 * the values of the steps that they read, so they wait for these and follow them. Without `reads`, they read all
 * declared steps, but none of the service.
 */
export function resolverSteps(
  ir: IrMessage,
  declared: readonly Step[],
  shared: readonly Step[],
  scope: MessageScope,
): Step[] {
  const named = new Map(
    [...shared, ...declared].flatMap((step) => (step.variable && step.name ? [[step.name, step]] : [])),
  );
  /** Undefined without `reads`. */
  const readsOf = ({ reads }: { readonly reads: IrReads | undefined }): Step[] | undefined =>
    reads?.steps
      .flatMap((name) => named.get(name.value) ?? unreadable(name, named, ir, scope))
      .sort((a, b) => a.index - b.index);
  const { desc, resolver } = ir;
  if (resolver !== undefined) {
    const of = { type: { kind: "message", desc }, proto: { kind: "message", desc } } as const;
    const supplied = { at: resolver.at, field: undefined, message: desc, index: declared.length, ...of };
    return [resolverStep(supplied, readsOf(ir), declared, scope)];
  }
  const steps: Step[] = [];
  for (const { desc: target, source, resolver: setting, reads } of ir.fields) {
    if (setting === undefined) continue;
    const field = source?.desc ?? target;
    const index = declared.length + steps.length;
    const supplied = { at: setting.at, field, message: desc, index, ...fieldType(field) };
    steps.push(resolverStep(supplied, readsOf({ reads }), declared, scope));
  }
  return steps;
}

/** The value that a function of the user supplies. */
interface Supplied {
  readonly at: Origin;
  readonly message: DescMessage;
  /** Undefined: the whole message. */
  readonly field: DescField | undefined;
  readonly type: CelType;
  readonly proto: Proto;
  /** Index of its step. */
  readonly index: number;
}

/** @param reads undefined: all declared steps */
function resolverStep(
  { at, message, field, type, proto, index }: Supplied,
  reads: readonly Step[] | undefined,
  declared: readonly Step[],
  scope: MessageScope,
): Step {
  const before = reads ?? declared.filter((step) => step.variable !== undefined);
  checkNotDeferred(at, before, reads !== undefined, scope);
  const absent = field !== undefined && canBeAbsent(field);
  const sensitive = hasRedacted(scope.registry);
  return {
    ...undeclaredStep(at, index, { kind: "resolver", field, message, hasReads: reads !== undefined, sensitive }),
    variable: { name: RESOLVED, role: "step", type, proto, absent },
    supplementary: absent,
    reads: before,
    absent,
    absentByFailure: absent,
    tainted: absent || before.some((step) => step.tainted),
  };
}

/** Reports a resolver that reads deferred steps, because a function runs once, for the first message. */
function checkNotDeferred(at: Origin, steps: readonly Step[], hasReads: boolean, scope: MessageScope): void {
  const deferred = steps.find((step) => step.deferred);
  if (deferred === undefined) return;
  const others = steps
    .filter((step) => !step.deferred)
    .flatMap(({ name }) => (name === undefined ? [] : [`"${name}"`]));
  const reads = others.length === 0 ? "" : `, as in \`reads: { step: [${others.join(", ")}] }\``;
  fault(scope.report, "BFF662", at, {
    message: `a resolver depends on "${deferred.name}", which is deferred, but a resolver cannot be deferred`,
    related: [{ at: deferred.ir.defer?.at ?? deferred.ir.at, message: `"${deferred.name}" is deferred` }],
    hint: hasReads
      ? `leave "${deferred.name}" out of \`reads\`, or leave out its \`defer\``
      : `list the other steps of the resolver in \`reads\`${reads}; or leave out the \`defer\` of "${deferred.name}"`,
  });
}

/** Reports a name in `reads` that is no step with a value. */
function unreadable(name: Text, named: ReadonlyMap<string, Step>, ir: IrMessage, scope: MessageScope): Step[] {
  // Such a step has another fault. A guard, for example, takes no name.
  if (scope.broken.has(name.value) || ir.steps.some((step) => step.name?.value === name.value)) return [];
  fault(scope.report, "BFF363", name.at, {
    message: `this message has no step "${name.value}"`,
    hint: stepHint(name.value, [...named.keys()]),
  });
  return [];
}

/** The hint for a name that no step has. */
function stepHint(name: string, steps: readonly string[]): string {
  const like = didYouMean(name, steps);
  if (like !== undefined) return `did you mean "${like}"?`;
  return steps.length === 0 ? "leave it out: this message has no steps" : `name one of: ${steps.join(", ")}`;
}

// ---- clients ----

const NO_POLICY: IrPolicy = {
  timeout: undefined,
  retry: undefined,
  hedge: undefined,
  cache: undefined,
  limit: undefined,
  metadata: [],
  forward: [],
  onError: [],
  idempotent: undefined,
  readOnly: undefined,
  identify: undefined,
  branches: [],
};

/**
 * Returns the calls of a resolver's `clients`, under the policies of the upstream entries. They are all unary methods
 * of the upstreams that the package calls or has entries for. Only calls that are free of side effects or idempotent
 * are repeated.
 */
export function clientCalls(cx: MessageContext, ir: IrMessage): Call[] {
  if (!hasResolver(ir)) return [];
  // The entries' own faults are reported where calls use them.
  const quiet: MessageContext = { ...cx, scope: { ...cx.scope, report: () => {} } };
  const at = ir.resolver?.at ?? ir.at;
  return upstreamServices(cx).flatMap((service) =>
    service.methods.flatMap((method): Call[] => {
      if (method.methodKind !== "unary") return [];
      const entries = entriesFor(cx.governing.entries, method);
      const protocol = httpProtocol(cx.governing.entries, method);
      const http = protocol && httpRule(cx.run.ir, method, at, protocol, () => {});
      // A method without a path, or with one that cannot be called, is left out.
      if (protocol !== undefined && http === undefined) return [];
      const policies = [NO_POLICY, ...entries.map((entry) => policyOf(entry, http !== undefined))];
      const { effects, evidence: vouched } = effectsOf(
        method,
        { callPolicy: undefined, entries, roots: [], at },
        quiet.scope.report,
      );
      const call: IrCall = {
        kind: "call",
        at,
        method: undefined,
        set: [],
        request: undefined,
        policy: NO_POLICY,
        batch: undefined,
        shard: undefined,
      };
      const tags = callTags(quiet.scope, { ir: call, method, entries, locals: [], effects });
      const { shard } = callShard(quiet.scope, { ir: call, method, batch: undefined, entries, locals: [], at });
      const policy = mergePolicy(quiet, { ir: call, policies, effects, tags, shard });
      // A resolver's value cannot be marked as depending on a stale answer.
      const cache = { ...policy.cache, stale: undefined };
      const bound = {
        method,
        set: [],
        masks: [],
        metadata: entryMetadata(quiet.scope, entries),
        policy: { ...policy, cache },
      };
      return [
        {
          ...bound,
          ir: call,
          request: undefined,
          onError: [],
          batch: undefined,
          shard: undefined,
          effects,
          methodAt: at,
          evidence: vouched,
          http,
          sensitive: isSensitiveCall(quiet.scope, bound),
        },
      ];
    }),
  );
}

function upstreamServices({ run, file, governing }: MessageContext): DescService[] {
  const container = file.desc.proto.package;
  const packageFiles = run.ir.files.filter((other) => other.desc.proto.package === container);
  const steps = packageFiles
    .flatMap(({ messages, services }) => [...messages, ...services])
    .flatMap((block) => block.steps);
  const called = steps.flatMap((step) => declaredCalls(step.source)).flatMap((call) => call.method?.value ?? []);
  const entryNames = governing.entries.flatMap(({ service, method }) => service?.value ?? method?.value ?? []);
  const names = [...new Set([...called, ...entryNames].map((name) => name.split("/")[0] ?? ""))];
  return names
    .flatMap((name) => run.ir.registry.getService(name) ?? [])
    .filter((service) => !run.bffServices.has(service.typeName))
    .sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
}
