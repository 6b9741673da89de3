import type { Variable } from "../../cel/index.ts";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { IrFile, IrMethod, IrService } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { stepTexts } from "../graph/message-graph.ts";
import type { Let } from "../model/model.ts";
import { envOfLet } from "../packages/env.ts";
import { packageContext } from "../packages/package-context.ts";
import { checkNamespaces } from "../packages/package-functions.ts";
import { packageScope } from "../packages/package-scope.ts";
import { callerVariables, checkPeerNames } from "../packages/principal.ts";
import { stepContext } from "../packages/rpc-context.ts";
import { freeNames } from "../scope/free-names.ts";
import { HEADERS, PEER } from "../scope/scope.ts";
import type { MessageContext, Run } from "../steps/context.ts";
import { reportCycle, resolveSteps } from "./message.ts";

const NO_ARGS: Variable = {
  name: "args",
  role: "args",
  type: { kind: "struct", members: new Map() },
  proto: undefined,
  absent: false,
};

/** The `let` of a service. Its steps see `headers`, `env`, `now` and each other. */
export function resolveLet(run: Run, ir: IrService, file: IrFile): Let {
  const { report, errors } = countErrors(run.report);
  const context = packageContext(run, file.desc.proto.package);
  const env = envOfLet(run, ir, file, context, report);
  const builtins = new Map([
    ["headers", HEADERS],
    ["env", env.group],
    ["now", context.now],
    ...(context.identified ? ([["peer", PEER]] as const) : []),
  ]);
  const scope = packageScope(run, file, context, { report, builtins, brokenEnv: env.broken });
  const args = { message: undefined, variable: NO_ARGS, members: [] };
  const cx = stepContext({ run, ir, file, scope, args, package: context, roots: [] });
  checkAutobind(cx);
  checkNamespaces(cx);
  checkPeerNames(cx);
  const before = new Set(readers(cx));
  const { order, cycles } = sortByDependency(ir.steps, (step) => run.lets.edges(step).map(({ to }) => to));
  for (const cycle of cycles) reportLetCycle(cx, cycle);
  const resolved = resolveSteps(cx, errors, {
    order: { order, circular: new Set([...cycles.flat(), ...before]) },
    rootsOf: (step) => rootsOf(run, step),
    scopeOf: (step) => {
      const { variables, broken, callersAt } = callerVariables(run, undefined, context, rootsOf(run, step), report);
      if (broken.length > 0) for (const name of broken) scope.broken.add(name);
      return { ...scope, callersAt, builtins: new Map([...scope.builtins, ...variables]) };
    },
  });
  for (const step of resolved) run.shared.set(step.ir, step);
  return { kind: "let", ir, file, desc: ir.desc, args, shared: [], env: env.variables, steps: resolved, targets: [] };
}

function rootsOf(run: Run, step: IrStep): IrMethod[] {
  return [...run.lets.starts].flatMap(([method, steps]) => (steps.has(step) ? [method] : []));
}

function checkAutobind({ ir, scope }: MessageContext): void {
  for (const { autobind } of ir.steps) {
    if (autobind?.value !== true) continue;
    fault(scope.report, "BFF216", autobind.at, {
      message: "a step of a service has no message with fields to fill",
      hint: "leave it out, and bind the fields with (bff.v1.field).by",
    });
  }
}

/** The steps that read `args`, which have been reported. */
function readers({ run, ir, scope }: MessageContext): IrStep[] {
  return ir.steps.filter((step) => {
    const reader = stepTexts(step).find(({ text }) =>
      freeNames(text.value, run.ir.registry, scope.container).names.has("args"),
    );
    if (reader === undefined) return false;
    fault(scope.report, "BFF214", reader.text.at, {
      message: `a step of a service runs once per response, so it cannot read \`args\``,
      hint: "read `headers`, `env`, `now` or another step of the service, or declare the step in the messages that read it",
    });
    return true;
  });
}

function reportLetCycle(cx: MessageContext, cycle: readonly IrStep[]): void {
  const [first] = cycle;
  if (first === undefined) return;
  const name = (step: IrStep): string => step.name?.value ?? `step ${step.index + 1}`;
  const around = cycle.map((step, i) => {
    const to = cycle[i + 1] ?? first;
    const edges = cx.run.lets.edges(step).filter((edge) => edge.to === to);
    const plain = edges.find(({ mention }) => mention?.through === undefined);
    return { step, to, mention: (plain ?? edges[0])?.mention };
  });
  const indirect = around.filter(({ mention }) => mention?.through !== undefined);
  if (indirect.length === 0) {
    reportCycle(cx, cycle);
    return;
  }
  const path = around.flatMap(({ step, mention }) => [
    name(step),
    ...(mention?.through === undefined ? [] : [mention.through]),
  ]);
  fault(cx.scope.report, "BFF419", first.name?.at ?? first.at, {
    message: `a step of the service depends on itself: ${[...path, name(first)].join(" → ")}`,
    related: indirect.flatMap(({ to, mention }) =>
      mention === undefined ? [] : [{ at: mention.text.at, message: `"${name(to)}" is read here` }],
    ),
    hint: "remove the read in the upstream entry or the message that the step needs",
  });
}
