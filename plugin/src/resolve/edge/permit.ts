import { Code } from "@protobff/messages/options.js";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { caution, fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { IrPermit } from "../../ir/edge.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import { mentionsOfSteps, namesIn } from "../graph/let-graph.ts";
import { failTexts } from "../graph/message-graph.ts";
import { orderOf, resolveSteps } from "../messages/message.ts";
import { checkHiding } from "../messages/shared-steps.ts";
import { callsOf, failExpressions, mayBeStale } from "../model/blocks.ts";
import type { Fail } from "../model/call.ts";
import type { Permit, Step } from "../model/model.ts";
import { undeclaredStep } from "../model/undeclared-step.ts";
import { packageContext } from "../packages/package-context.ts";
import { checkNamespaces } from "../packages/package-functions.ts";
import { checkPeerNames } from "../packages/principal.ts";
import {
  argsOf,
  type RpcContext,
  requestScope,
  resolveEachRpc,
  rpcBlock,
  stepContext,
} from "../packages/rpc-context.ts";
import { resolveFailure } from "../policies/failure.ts";
import { freeNames } from "../scope/free-names.ts";
import { checkCondition, type MessageScope, stepsRead, where } from "../scope/scope.ts";
import type { MessageContext, Run } from "../steps/context.ts";
import { checkAccepts, resolveAccepts } from "./permit-sources.ts";

/** Every permit of the run; an rpc that is not covered, or whose permit is faulty, is missing. */
export function resolvePermits(run: Run): ReadonlyMap<IrMethod, Permit> {
  const sound = new Set(
    run.ir.files.flatMap(({ desc, services }) =>
      services.filter((service) => checkAccepts(run, service, packageContext(run, desc.proto.package))),
    ),
  );
  return resolveEachRpc(run, (rpc) => (sound.has(rpc.service) ? resolvePermit(rpc) : undefined));
}

function resolvePermit(rpc: RpcContext): Permit | undefined {
  const { service, method, context } = rpc;
  const permits = [service.permit, method.permit].filter((permit) => permit !== undefined);
  const accepts = resolveAccepts(rpc, context);
  if (permits.length === 0 || accepts === undefined) return undefined;
  const { cx, env, shared, steps, errors } = decisions(rpc);
  const conditions = permits.flatMap((permit, i) => {
    const step = condition(rpc, cx, permit, steps.length + i);
    return step === undefined ? [] : [step];
  });
  const expected = permits.filter((permit) => permit.if !== undefined).length;
  if (errors() > 0 || conditions.length < expected) return undefined;
  for (const step of steps)
    checkDecision(cx.scope, step, { shared: shared.includes(step.ir), reader: readerOf(step, conditions) });
  if (errors() > 0) return undefined;
  return {
    ...rpcBlock(rpc),
    kind: "permit",
    ir: cx.ir as IrService,
    at: (method.permit ?? service.permit)?.at ?? method.at,
    ...accepts,
    env,
    rests: new Set(shared),
    steps: [...steps, ...conditions],
    conditions,
  };
}

/** The expression that reads a step, to be pointed at. */
function readerOf(step: Step, all: readonly Step[]): Origin | undefined {
  const reader = all.find((other) => other.source.kind === "guard" && other.reads.includes(step));
  const { source } = reader ?? {};
  return source?.kind === "guard" ? source.if.reads.find(({ variable }) => variable === step.variable)?.at : undefined;
}

/** Resolves the service's steps that the permit reads and the permit's own steps, in a scope with all of them. */
function decisions(rpc: RpcContext) {
  const { run, service, method, context } = rpc;
  const { report, errors } = countErrors(rpc.report);
  const methodSteps = method.permit?.steps ?? [];
  const shared = restedOn(rpc, methodSteps);
  const { scope, env } = requestScope({ ...rpc, report }, { env: "service", args: true, strict: "permit" });
  const cx = stepContext({
    run,
    ir: { ...service, steps: shared },
    file: rpc.file,
    scope,
    args: argsOf(method.desc),
    package: context,
    roots: [method],
  });
  // Faults in steps of the service have been reported at the service. These steps do not see `args`.
  const silent: Report = () => {};
  const without = new Map([...scope.builtins].filter(([name]) => name !== "args"));
  const apart = { ...scope, report: silent, builtins: without };
  const sound = shared.filter((step) => run.shared.has(step));
  for (const step of shared) if (!sound.includes(step)) scope.broken.add(step.name?.value ?? "");
  const quiet = { ...cx, run: { ...run, report: silent, suspect: silent }, scope: apart };
  const { order } = sortByDependency(sound, (step) => run.lets.edges(step).map(({ to }) => to));
  const before = resolveSteps({ ...quiet, ir: { ...service, steps: sound } }, () => 0, {
    order: { order, circular: new Set() },
    rootsOf: () => [method],
  });
  const named = new Map(service.steps.flatMap((step) => (step.name === undefined ? [] : [[step.name.value, step]])));
  const inner: MessageContext = { ...cx, ir: { ...service, steps: methodSteps }, around: named };
  checkHiding({ ...inner, ir: { ...service, steps: methodSteps } });
  checkNamespaces(inner);
  checkPeerNames(inner);
  const steps = resolveSteps(inner, errors, { order: orderOf(inner), rootsOf: () => [method] });
  return { cx: inner, env, shared, steps: [...before, ...steps], errors };
}
/** Returns the service's steps that the permit reads, with the steps that these wait for, as declared. */
function restedOn({ run, service, method, file }: RpcContext, methodSteps: readonly IrStep[]): IrStep[] {
  const names = new Set(methodSteps.map(({ name }) => name?.value));
  const texts = [service.permit, method.permit].flatMap((permit) =>
    permit === undefined ? [] : [...(permit.if ? [permit.if] : []), ...(permit.fail ? failTexts(permit.fail) : [])],
  );
  const mentioned = [...namesIn(run.ir, file, texts), ...mentionsOfSteps(run.ir, file, methodSteps)].map(
    ({ name }) => name,
  );
  const open = service.steps.filter(
    ({ name }) => name !== undefined && !names.has(name.value) && mentioned.includes(name.value),
  );
  const all = new Set<IrStep>();
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (all.has(step)) continue;
    all.add(step);
    open.push(...run.lets.edges(step).map(({ to }) => to));
  }
  return service.steps.filter((step) => all.has(step));
}

/** Resolves the `if` of a permit as a step: the expression it reads, and its refusal. */
function condition(rpc: RpcContext, cx: MessageContext, permit: IrPermit, index: number): Step | undefined {
  if (permit.if === undefined) return undefined;
  const { service, run } = rpc;
  const ofService = permit === service.permit;
  const scope = ofService ? sceneOfService(rpc, cx.scope) : cx.scope;
  if (ofService && freeNames(permit.if.value, run.ir.registry, scope.container).names.has("args"))
    return fault(scope.report, "BFF235", permit.if.at, {
      message: "the `if` of a service's permit cannot read `args`: the requests of its rpcs differ",
      hint: "move it to the permits of the rpcs, or read `principal`, `headers`, `peer`, `env`, `now` or a step of the service",
    });
  const test = checkCondition(scope, permit.if, "this `if`");
  const failRule = permit.fail;
  // The text for refused callers is not part of the decision. It is evaluated only after the condition has failed.
  const lenient = { ...where(scope, test, false), strict: undefined };
  const fail = failRule === undefined ? DENIED(permit.at) : resolveFailure(lenient, failRule, []);
  if (test === undefined || fail === undefined) return undefined;
  checkFailTexts(scope, fail);
  const denies: Fail = { ...fail, code: fail.code ?? Code.PERMISSION_DENIED };
  const declared = { kind: "guard", at: permit.if.at, if: permit.if, fail: failRule } as const;
  return {
    ...undeclaredStep(permit.if.at, index, { kind: "guard", if: test, fail: denies }, declared),
    reads: stepsRead(scope, [test, ...failExpressions(denies)]),
  };
}
const DENIED = (at: Origin): Fail => ({
  code: Code.PERMISSION_DENIED,
  message: undefined,
  details: [],
  asIs: undefined,
  at,
});

/** A service's `if` sees neither `args` nor the decisions of an rpc. */
function sceneOfService({ service }: RpcContext, scope: MessageScope): MessageScope {
  const names = new Set(service.steps.map(({ name }) => name?.value));
  const steps = new Map([...scope.steps].filter(([name]) => names.has(name)));
  const builtins = new Map([...scope.builtins].filter(([name]) => name !== "args"));
  return { ...scope, steps, builtins, offered: [] };
}

/** Reports texts for refused callers that may fail or be absent, because a caller would not receive them. */
function checkFailTexts(scope: MessageScope, fail: Fail): void {
  for (const expression of failExpressions(fail)) {
    const [absent] = expression.unsafe;
    if (absent === undefined && !expression.fails) continue;
    fault(scope.report, "BFF242", expression.text.at, {
      message:
        absent === undefined
          ? "this part of the refusal may fail"
          : `this part of the refusal may be absent, because "${absent.name}" may be absent`,
      hint: "write a value that is always set, such as a field of `args`",
    });
  }
}

// Steps that a permit may read: they have a value or fail, and their calls have no side effects.

/**
 * @param shared true for a step of the service
 * @param reader the place where the permit reads the step, if it reads the step directly
 */
function checkDecision(
  { report }: MessageScope,
  step: Step,
  { shared, reader }: { readonly shared: boolean; readonly reader: Origin | undefined },
): undefined {
  if (step.source.kind === "guard") return;
  const at = reader ?? step.ir.name?.at ?? step.ir.at;
  const called = step.name === undefined ? "this step" : `step "${step.name}"`;
  const what = unsureOf(step);
  if (what !== undefined)
    return fault(report, "BFF236", at, {
      message: `a permit depends on ${called}, which ${what}: a failure would decide about access`,
      ...(!shared || reader === undefined
        ? {}
        : { related: [{ at: step.ir.name?.at ?? step.ir.at, message: "the step of the service" }] }),
      hint: "read a critical step by `call`, `by` or `switch`, such as one in the `let` of the permit itself",
    });
  for (const call of callsOf(step.source)) {
    if (call.effects !== "none") {
      fault(report, "BFF237", call.methodAt, {
        message: `"${fullName(call.method)}" may have side effects, but is also called for callers that the permit refuses`,
        hint: "set `read_only: true` in the call if it only reads, or `idempotency_level = NO_SIDE_EFFECTS` in its method",
        derived: true,
      });
    }
    if (mayBeStale(call)) {
      caution(report, "BFF238", call.policy.cache.stale?.at ?? call.ir.at, {
        message: `a permit depends on an answer that may be past its \`ttl\`: a revoked right stays valid until then`,
        hint: 'write `stale: "0s"` in the `cache` of this call',
      });
    }
  }
}

function unsureOf({ ir, source, supplementary, fallback }: Step): string | undefined {
  if (source.kind !== "by" && source.kind !== "call" && source.kind !== "switch")
    return `has \`${source.kind}\` as its source`;
  if (supplementary) return "is supplementary";
  if (fallback !== undefined) return "has a `fallback`";
  if (ir.unordered?.value === true) return "is `unordered`";
  // Error rules of upstream entries do not apply to decisions.
  const rules = ir.source?.kind === "call" ? ir.source.policy.onError : [];
  const rule = rules.find(({ then }) => then !== undefined && then.kind !== "fail");
  return rule?.then === undefined ? undefined : `has an \`on_error\` with \`${rule.then.kind}\``;
}
