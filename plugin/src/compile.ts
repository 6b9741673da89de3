// The compiler's stages, in order: parse → read → resolve → check → plan → checkPlan → lock → emit. Pure: a request in,
// a response out.
import { create } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_FileSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { checkAll, checkResolved, checkSound } from "./check/all-checks.ts";
import { idleOutputs } from "./check/surface/idle-outputs.ts";
import { routePrefixes } from "./check/surface/route-prefixes.ts";
import { servedTogether as served } from "./check/surface/served-together.ts";
import { faultsOfServers, serverNames } from "./check/surface/server-names.ts";
import { dashboardFiles } from "./dashboards/dashboard-files.ts";
import { deployFiles } from "./deploy/deploy-files.ts";
import { type ServedServer, servedServers } from "./deploy/routes/served-server.ts";
import type { Diagnostic } from "./diagnostic/diagnostic.ts";
import { Findings } from "./diagnostic/findings.ts";
import { renderDiagnostics } from "./diagnostic/render.ts";
import { withoutDerived } from "./diagnostic/severity.ts";
import type { Sources } from "./diagnostic/sources.ts";
import { emit } from "./emit/emit.ts";
import { printFiles } from "./emit/print-files.ts";
import type { Ir } from "./ir/ir.ts";
import { mergeDrifts } from "./lock/drift.ts";
import { fileUses, type UsesIn } from "./lock/file-uses.ts";
import { compareLock, type LockInput } from "./lock/lock.ts";
import { openapiFiles } from "./openapi/document.ts";
import { type Parameter, parseParameter } from "./options/parameter.ts";
import { checkWeight } from "./plan/check/check-weight.ts";
import { checkIdleIgnores } from "./plan/check/idle-ignores.ts";
import { checkIdleMasks } from "./plan/check/idle-masks.ts";
import { checkItemCalls } from "./plan/check/item-calls.ts";
import { checkMaxCalls } from "./plan/check/max-calls.ts";
import { checkSharedUpstreams } from "./plan/check/shared-upstreams.ts";
import { checkToolLists } from "./plan/check/tool-lists.ts";
import { checkUnreachedSteps } from "./plan/check/unreached-steps.ts";
import { editPlan, type PlanEdit, type SettingReport } from "./plan/edits/edit-plan.ts";
import type { Plan, PlanFile } from "./plan/model/plan.ts";
import { planInSlices } from "./plan/plan-run.ts";
import { readIrInSlices, type Schema } from "./read/read-ir.ts";
import { readRequest } from "./read/read-request.ts";
import { checkVendored } from "./read/vendored-protos.ts";
import { planFiles, planReports } from "./report/describe-files.ts";
import type { FileReport } from "./report/describe-report.ts";
import { type CallersReport, callersReports } from "./report/faults/describe-callers.ts";
import {
  examplesIn,
  faultFiles,
  predictionsOf,
  type RpcPrediction,
  readsExamples,
} from "./report/faults/predictions.ts";
import type { Ahead } from "./resolve/graph/messages-ahead.ts";
import type { CheckedText, Observe } from "./resolve/model/checked-text.ts";
import type { Model } from "./resolve/model/model.ts";
import { type ServedTogether, servedTogether } from "./resolve/model/server-paths.ts";
import { foldMissingImports, isElsewhere } from "./resolve/names/missing-imports.ts";
import { resolveInSlices } from "./resolve/resolve.ts";
import { finish, type Sliced } from "./slices/sliced.ts";

/** The result of a run. */
export interface Compilation {
  /** Files, or an error and no files. */
  readonly response: CodeGeneratorResponse;
  readonly warnings: readonly Diagnostic[];
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** The new text of the lock; undefined for a lock that stays as it is. */
  readonly lock: string | undefined;
  /** The identities that servers need; none if there are no files. */
  readonly callers: readonly CallersReport[];
  /** The paths of the servers; none if there are no files. */
  readonly served: readonly ServedServer[];
  /** Settings after `edits`; none without `edits`. */
  readonly settings: readonly SettingReport[];
  /** Describes the plan as `plan=json` does, without behaviour, each time that it is called; none without files. */
  readonly reports: () => readonly FileReport[];
}

/** The committed lock. A run without it compares nothing and returns no lock. */
export type CommittedLock = Pick<LockInput, "text" | "ci" | "project">;

/** The inputs that all stages share, and the diagnostics that they report. */
interface Run {
  readonly request: CodeGeneratorRequest;
  readonly sources: Sources;
  readonly committed: CommittedLock | undefined;
  /** The text of faults.json, if it exists. */
  readonly examples: string | undefined;
  readonly edits: readonly PlanEdit[] | undefined;
  readonly parameter: Parameter;
  readonly findings: Findings;
}

/** A run whose stages found no error. */
interface Planned {
  readonly planned: Plan;
  readonly settings: readonly SettingReport[];
  readonly lock: string | undefined;
  readonly predictions: Predictions;
  /** Undefined without `uses=true`. */
  readonly uses: UsesIn | undefined;
}

/**
 * A run without files. Faults are in the options or in faults.json; diagnostics of the protos are in the run's
 * findings.
 */
interface Stopped {
  readonly faults: readonly string[];
}

/**
 * Runs the stages over one request. Faults of the user are diagnostics; a run with errors throws nothing and writes no
 * file.
 *
 * @param examples the text of faults.json, if it exists
 * @param edits changes of the plan, for a simulation. It also needs the requests that each file with services can send,
 * `web_play.ts`. Undefined: no simulation
 *
 * @example
 * const { response, diagnostics } = compile(request, sourcesIn(process.cwd()));
 */
export function compile(
  request: CodeGeneratorRequest,
  sources: Sources,
  committed?: CommittedLock,
  examples?: string,
  edits?: readonly PlanEdit[],
): Compilation {
  const { parameter, faults } = parseParameter(request.parameter);
  const run: Run = { request, sources, committed, examples, edits, parameter, findings: new Findings(parameter) };
  const result = faults.length > 0 ? { faults } : planRequest(run);
  return "faults" in result ? stop(run, result) : emitFiles(run, result);
}

/** The meaning of a project, for tools beside the compiler. A project with errors has one as far as it resolves. */
export interface Analysis {
  readonly ir: Ir;
  readonly model: Model;
  /** Undefined: there are errors. */
  readonly plan: Plan | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Expressions in the order in which they were checked. */
  readonly texts: readonly CheckedText[];
}

/** Files that an editor shows, whose diagnostics are wanted first. */
interface Shown {
  /** Their names, read when the first message is resolved. */
  readonly files: () => ReadonlySet<string>;
  /**
   * Receives diagnostics that later stages only explain further: when the declarations of all files and the messages
   * of these files are checked, and again after all messages. Later stages add diagnostics.
   */
  readonly found: (diagnostics: readonly Diagnostic[]) => void;
}

/**
 * Runs the stages before the files over one request. A faulty parameter counts as no parameter.
 *
 * @example
 * const { diagnostics } = analyze(request, sourcesIn(process.cwd()));
 */
export const analyze = (...input: Parameters<typeof analyzeInSlices>): Analysis => finish(analyzeInSlices(...input));

/** `analyze`, with pauses of its caller's choice: most slices of a large project take less than 10 ms. */
export function* analyzeInSlices(
  request: CodeGeneratorRequest,
  sources: Sources,
  committed?: CommittedLock,
  shown?: Shown,
): Sliced<Analysis> {
  const { parameter } = parseParameter(request.parameter);
  const findings = new Findings(parameter);
  const texts: CheckedText[] = [];
  const run: Run = { request, sources, committed, examples: undefined, edits: undefined, parameter, findings };
  const ahead = shown && {
    files: shown.files,
    resolved: (pending: readonly Diagnostic[]) =>
      shown.found(
        withoutDerived([...findings.all, ...findings.adjusted(pending)]).filter(
          (diagnostic) => !isElsewhere(diagnostic),
        ),
      ),
  };
  const { ir, model, planned } = yield* examine(run, (text) => texts.push(text), ahead);
  return { ir, model, plan: findings.sound ? planned : undefined, diagnostics: findings.all, texts };
}

/** Every stage between the options and the files. */
function planRequest(run: Run): Planned | Stopped {
  const { schema, model, planned, settings, lock, idle } = finish(examine(run));
  if (planned === undefined || !run.findings.sound || idle.length > 0) return { faults: idle };
  const predictions = predict(planned, schema, run);
  if ("faults" in predictions) return predictions;
  const uses = run.parameter.uses ? finish(fileUses(model)) : undefined;
  return { planned, settings, lock, predictions, uses };
}

/** Every stage that reports faults of the protos. Pauses between stages and in them. */
function* examine(run: Run, observe?: Observe, ahead?: Ahead) {
  const { sources, parameter, findings } = run;
  const { report } = findings;
  const schema = readRequest(run.request);
  yield;
  checkVendored(schema.allFiles, sources, report);
  const ir = yield* readIrInSlices(schema, sources, report);
  const model = yield* resolveInSlices(ir, report, observe, ahead);
  const isResolved = findings.sound;
  yield* checkAll(model, report);
  const servers = servedTogether(model.packages, parameter.server);
  served.run({ model, servers }, report);
  const declared = findings.sound ? yield* planInSlices(model, servers) : undefined;
  const edited = declared && run.edits && editPlan(declared, run.edits);
  const planned = edited?.plan ?? declared;
  if (planned !== undefined) checkPlan(planned, ir, run);
  yield* checkWhatWorks(model, servers, run);
  if (isResolved) yield* checkResolved(model, report);
  const lock = yield* bringLockUpToDate(model, run);
  findings.replace(withoutDerived(foldMissingImports(findings.all)));
  const idle = [...faultsOfServers(model.packages, parameter.server), ...(edited?.faults ?? [])];
  return { schema, ir, model, planned, settings: edited?.settings ?? [], lock, idle };
}

function checkPlan(planned: Plan, ir: Ir, { parameter, findings: { report } }: Run): void {
  checkMaxCalls(planned, report);
  checkItemCalls(planned, report);
  checkUnreachedSteps(planned, report);
  checkSharedUpstreams(planned, ir, report);
  checkIdleMasks(planned, report);
  checkIdleIgnores(planned, report);
  checkToolLists(planned, report);
  checkWeight(planned, parameter.weight, report);
}

/** Checks that an error of an earlier check could explain. */
function* checkWhatWorks(model: Model, servers: readonly ServedTogether[], { parameter, findings }: Run): Sliced<void> {
  const { report } = findings;
  if (findings.sound) yield* checkSound(model, report);
  if (findings.sound) serverNames.run({ packages: model.packages, selection: parameter.server }, report);
  if (findings.sound) idleOutputs.run({ servers, deploy: parameter.deploy }, report);
  if (findings.sound && parameter.deploy.has("gateway-api")) routePrefixes.run({ servers }, report);
}

/** Reports changes of upstreams, and returns the new text of the lock. */
function* bringLockUpToDate(
  model: Model,
  { committed, parameter, sources, findings }: Run,
): Sliced<string | undefined> {
  if (committed === undefined) return undefined;
  const input = { ...committed, path: parameter.lock, mode: parameter.lockMode };
  const { drifts, text } = yield* compareLock(model, input, sources, findings.errors);
  findings.replace(mergeDrifts(findings.all, drifts, parameter));
  return text;
}

/** Effects of upstream faults on each RPC of a file. */
type Predictions = ReadonlyMap<PlanFile, readonly RpcPrediction[]>;

function predict(
  planned: Plan,
  { registry }: Schema,
  { parameter, examples: text, edits }: Run,
): Predictions | Stopped {
  if (!readsExamples(parameter) && edits === undefined) return new Map();
  const { examples, faults } = examplesIn(text, planned, registry);
  if (faults.length > 0) return { faults };
  const files = planned.files.filter(({ services }) => services.length > 0);
  return new Map(files.map((file) => [file, predictionsOf(file, planned, examples, registry)]));
}

function emitFiles(run: Run, { planned, settings, lock, predictions, uses }: Planned): Compilation {
  const { request, parameter, findings } = run;
  const options = { ...parameter, plays: run.edits !== undefined };
  const ofFile = (file: PlanFile): readonly RpcPrediction[] => predictions.get(file) ?? [];
  const response = printFiles(request, parameter, (schema) => emit(planned, schema, options, ofFile, uses));
  const reports = [
    ...[...parameter.plan].flatMap((format) =>
      format === "faults" ? faultFiles(planned, ofFile) : planFiles(planned, format),
    ),
    ...(parameter.openapi === false ? [] : openapiFiles(planned, parameter.openapi === "rest" ? "rest" : "all")),
    ...(parameter.dashboards.size === 0 ? [] : dashboardFiles(planned, parameter)),
    ...(parameter.deploy.size === 0 ? [] : deployFiles(planned, parameter)),
  ];
  response.file.push(...reports.map((file) => create(CodeGeneratorResponse_FileSchema, file)));
  return {
    response,
    warnings: findings.warnings,
    diagnostics: findings.all,
    lock,
    callers: callersReports(planned),
    served: servedServers(planned),
    settings,
    reports: () => planReports(planned),
  };
}

/** The one end without files: the errors in the protos, or else the faults. */
function stop({ sources, parameter, findings }: Run, { faults }: Stopped): Compilation {
  // buf prints a prefix before the first line.
  const error = findings.sound
    ? faults.join("\n")
    : `\n${renderDiagnostics(findings.errors, sources, parameter.errorFormat)}`;
  return {
    response: create(CodeGeneratorResponseSchema, { error }),
    warnings: findings.warnings,
    diagnostics: findings.all,
    lock: undefined,
    callers: [],
    served: [],
    settings: [],
    reports: () => [],
  };
}
