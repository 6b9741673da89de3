import type { DescField } from "@bufbuild/protobuf";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { didYouMean, fault } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { Ir, IrFile, IrMessage, IrMethod } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { messageTexts, stepTexts } from "../graph/message-graph.ts";
import type { Composed, Step } from "../model/model.ts";
import { envOfMessage } from "../packages/env.ts";
import { packageContext } from "../packages/package-context.ts";
import { checkNamespaces } from "../packages/package-functions.ts";
import { packageScope } from "../packages/package-scope.ts";
import { callerVariables, checkPeerNames } from "../packages/principal.ts";
import { argsFor, type ComposePlace } from "../scope/args.ts";
import { freeNames } from "../scope/free-names.ts";
import type { MessageScope } from "../scope/scope.ts";
import { HEADERS } from "../scope/scope.ts";
import type { MessageContext, Run } from "../steps/context.ts";
import { clientCalls, hasResolver, resolverSteps } from "../steps/resolver.ts";
import { resolveStep } from "../steps/step.ts";
import { missingFields, withAlias } from "../subsets/subset-faults.ts";
import { resolveFields } from "./fields.ts";
import { checkHiding, stepsAround, takeShared } from "./shared-steps.ts";

/**
 * Reports faults in a message with rules that nothing composes, typically an unfinished one. Its arguments are still
 * unknown.
 */
export function resolveUncomposed(run: Run, ir: IrMessage, file: IrFile): void {
  run.uncomposed.add(ir);
  const broken = run.used.get(ir.desc.typeName) ?? new Set<string>();
  const nowhere = { at: ir.at, what: "nothing", request: undefined, members: new Map(), named: new Map(), broken };
  run.places.set(ir.desc.typeName, [nowhere]);
  run.aliases.uncomposed(() => resolveMessage(run, ir, file, new Set(), []));
}

export function resolveMessage(
  of: Run,
  ir: IrMessage,
  file: IrFile,
  spreadable: ReadonlySet<string>,
  roots: readonly IrMethod[],
): Composed | undefined {
  // The composed message alone is declared.
  const run: Run = ir.subset === undefined ? of : { ...of, suspect: () => {} };
  const { report, errors } = countErrors((diagnostic) => run.report(withAlias(ir, diagnostic)));
  const { args, scope, context, env, callers } = scopeOf(run, ir, { file, spreadable, roots }, report);
  const around = stepsAround(run, roots);
  const shared = takeShared(run, ir, roots, scope);
  const cx = {
    run,
    ir,
    file,
    scope,
    args,
    offered: args.members.map((member) => member.name),
    governing: context.governing,
    package: context,
    roots,
    deferred: run.deferredMessages.has(ir.desc.typeName),
    around,
  } satisfies MessageContext;
  checkHiding(cx);
  checkPeerNames(cx);
  checkNamespaces(cx);
  const steps = resolveSteps(cx, errors, {
    order: orderOf(cx),
    rootsOf: () => roots,
  });
  const resolvers = resolverSteps(ir, steps, shared, scope);
  const fillers = ir.steps.filter((step) => step.autobind?.value === true);
  const unknown = fillers.some((step) => !steps.some((resolved) => resolved.ir === step));
  const { targets, degradedField } = resolveFields(cx, unknown, resolvers);
  if (errors() > 0) return undefined;
  return {
    kind: "composed",
    ir,
    file: ir.subset?.home ?? file,
    desc: ir.desc,
    args,
    shared,
    env: env.variables,
    steps: [...steps, ...resolvers],
    targets: inOrder(targets, ir),
    degradedField,
    resolver: ir.resolver && resolvers[0],
    clients: clientCalls(cx, ir),
    callers,
  };
}

interface MessageUse {
  readonly file: IrFile;
  readonly spreadable: ReadonlySet<string>;
  readonly roots: readonly IrMethod[];
}
/**
 * Returns the scope of a message before any of its steps: the arguments of all its places, and the declarations of the
 * package.
 */
function scopeOf(run: Run, ir: IrMessage, { file, spreadable, roots }: MessageUse, report: Run["report"]) {
  const places = run.places.get(ir.desc.typeName) ?? [];
  const used = run.used.get(ir.desc.typeName) ?? new Set<string>();
  // A function of the user may read any argument.
  const fillable = hasResolver(ir) ? new Set(places.flatMap(({ members }) => [...members.keys()])) : spreadable;
  const readOf = (name: string) =>
    messageTexts(ir).find(({ text }) => freeNames(text.value, run.ir.registry, file.desc.proto.package).args.has(name))
      ?.text.at;
  const { args, broken: unbound } = argsFor(ir, places, { used, spreadable: fillable, readOf }, report);
  const brokenArgs = unbound.union(missingFields(ir, args, { places, used, readOf }, report));
  const context = packageContext(run, file.desc.proto.package);
  const env = envOfMessage(run, ir, file, { context, roots }, report);
  const {
    variables,
    broken: brokenCallers,
    callers,
    callersAt,
  } = callerVariables(run, ir.desc, context, roots, report);
  // The future service of an uncomposed message is unknown, so any service may be meant.
  const elsewhere = run.uncomposed.has(ir) ? namesOfServices(run) : [];
  const builtins = new Map([
    ["args", args.variable],
    ["headers", HEADERS],
    ["env", env.group],
    ["now", context.now],
    ...variables,
  ]);
  const broken = [...elsewhere, ...brokenCallers];
  const scope: MessageScope = {
    ...packageScope(run, file, context, { report, builtins, brokenEnv: env.broken, callersAt, broken }),
    offered: args.message === undefined ? [...new Set(places.flatMap(({ members }) => [...members.keys()]))] : [],
    brokenArgs,
    // One fault of a message that nothing composes is enough.
    pages: run.uncomposed.has(ir) || isAnswer(places, roots),
    shared: { steps: new Map(), broken: new Set(broken) },
  };
  return { args, scope, context, env, callers };
}

/** Returns true for a message that unary rpcs answer with, and that no other message composes. */
function isAnswer(places: readonly ComposePlace[], roots: readonly IrMethod[]): boolean {
  const isRoot = places.every(({ request, item }) => request !== undefined && item === undefined);
  return isRoot && roots.every(({ desc }) => desc.methodKind === "unary");
}

function namesOfServices({ ir }: Run): string[] {
  const steps = ir.files.flatMap(({ services }) => services.flatMap((service) => service.steps));
  return steps.flatMap(({ name }) => (name === undefined ? [] : [name.value]));
}

function inOrder(targets: Composed["targets"], ir: IrMessage): Composed["targets"] {
  const place = new Map<DescField, number>(ir.fields.map((field, i) => [field.desc, i]));
  const first = (target: Composed["targets"][number]): number => {
    const field = target.kind === "field" ? target.field : target.members[0]?.field;
    return (field && place.get(field)) ?? 0;
  };
  return [...targets].sort((a, b) => first(a) - first(b));
}

/** The order in which steps can be resolved, and those in a circle, which have been reported. */
interface Order {
  readonly order: readonly IrStep[];
  readonly circular: ReadonlySet<IrStep>;
}
export function orderOf(cx: MessageContext): Order {
  const { ir, run, scope } = cx;
  const byName = new Map(
    // A step with the name of a value that is always in scope has been reported. The name then means that value.
    ir.steps.flatMap((step) =>
      step.name === undefined || scope.builtins.has(step.name.value) ? [] : [[step.name.value, step] as const],
    ),
  );
  const reads = new Map(ir.steps.map((step) => [step, dependencies(run.ir, step, scope.container, byName)]));
  const { order, cycles } = sortByDependency(ir.steps, (step) => reads.get(step) ?? []);
  for (const cycle of cycles) reportCycle(cx, cycle);
  return { order, circular: new Set(cycles.flat()) };
}

/**
 * @param rootsOf the RPCs that a step is part of
 * @param scopeOf the scope of a step; default: the scope of the other steps
 */
export function resolveSteps(
  cx: MessageContext,
  errors: () => number,
  {
    order: { order, circular },
    rootsOf,
    scopeOf = () => cx.scope,
  }: {
    order: Order;
    rootsOf: (step: IrStep) => readonly IrMethod[];
    scopeOf?: (step: IrStep) => MessageScope;
  },
): Step[] {
  const { scope, ir } = cx;
  checkAfter(cx);
  const twice = namedTwice(ir.steps);
  const resolved: Step[] = [];
  for (const step of order) {
    const before = errors();
    const name = step.name?.value;
    const around = { ...cx, scope: scopeOf(step), roots: rootsOf(step) };
    const result = circular.has(step) ? undefined : resolveStep(around, step, step.index);
    const again = name !== undefined && twice.has(name);
    // A step whose name is malformed cannot be read.
    if (result === undefined || errors() > before || again || !/^\w*$/.test(name ?? "")) {
      if (name !== undefined) scope.broken.add(name);
      continue;
    }
    resolved.push(result);
    if (name !== undefined) scope.steps.set(name, result);
    if (result.variable !== undefined) scope.stepOf.set(result.variable, result);
  }
  return resolved.sort((a, b) => a.index - b.index);
}

function namedTwice(steps: readonly IrStep[]): ReadonlySet<string> {
  const names = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of steps) {
    if (name === undefined) continue;
    if (names.has(name.value)) twice.add(name.value);
    names.add(name.value);
  }
  return twice;
}

/** The steps whose names a step's expressions use, and those it starts after. */
function dependencies(ir: Ir, step: IrStep, container: string, byName: ReadonlyMap<string, IrStep>): IrStep[] {
  // One that names itself has been reported.
  const names = new Set(step.after.map((name) => name.value).filter((name) => name !== step.name?.value));
  for (const { text, item } of stepTexts(step)) {
    for (const name of freeNames(text.value, ir.registry, container).names) if (name !== item) names.add(name);
  }
  return [...names].flatMap((name) => byName.get(name) ?? []);
}

function checkAfter(cx: MessageContext): void {
  const names = new Set(
    [...cx.ir.steps.map((step) => step.name?.value), ...cx.around.keys()].filter((name) => name !== undefined),
  );
  const items = itemsOf(cx);
  for (const { step, name } of cx.ir.steps.flatMap((step) => step.after.map((name) => ({ step, name })))) {
    if (name.value === step.name?.value) {
      fault(cx.scope.report, "BFF212", name.at, {
        message: `step "${name.value}" cannot start after itself`,
        hint: "name another step",
      });
    }
    if (names.has(name.value) || items.has(name.value)) continue;
    const like = didYouMean(name.value, [...names]);
    fault(cx.scope.report, "BFF206", name.at, {
      message: `this message has no step "${name.value}"`,
      hint: like === undefined ? `name one of: ${[...names].join(", ")}` : `did you mean "${like}"?`,
    });
  }
}

/** Returns the names of items in the streams that compose a message. A step may wait for an item. */
const itemsOf = ({ run, ir }: MessageContext): ReadonlySet<string> =>
  new Set(run.places.get(ir.desc.typeName)?.flatMap(({ item }) => item ?? []) ?? []);

export function reportCycle(cx: MessageContext, cycle: readonly IrStep[]): void {
  const [first] = cycle;
  if (first === undefined) return;
  const name = (step: IrStep): string => step.name?.value ?? `step ${step.index + 1}`;
  fault(cx.scope.report, "BFF410", first.name?.at ?? first.at, {
    message: `steps wait for each other in a circle: ${[...cycle, first].map(name).join(" → ")}`,
    related: cycle.slice(1).map((step, i) => ({
      at: step.name?.at ?? step.at,
      message: `"${name(step)}" waits for "${name(cycle[i + 2] ?? first)}"`,
    })),
    hint: "remove one of these reads: a step cannot read a step that waits for it",
  });
}
