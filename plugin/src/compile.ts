// The compiler, in order: read → resolve → check → plan → (lock) → emit. Pure: a request in, a response out.
import { create, createRegistry, type Registry } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_FileSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import { checkAll, checkSound } from "./check/all-checks.ts";
import { checkIdleOutputs } from "./check/idle-outputs.ts";
import { checkServed } from "./check/served-together.ts";
import { checkServerNames } from "./check/server-names.ts";
import { dashboardFiles } from "./dashboards/dashboard-files.ts";
import { deployFiles } from "./deploy/deploy-files.ts";
import type { Diagnostic, Report } from "./diagnostic/diagnostic.ts";
import { renderDiagnostics } from "./diagnostic/render.ts";
import type { Sources } from "./diagnostic/sources.ts";
import { emit } from "./emit/emit.ts";
import type { Drift } from "./lock/drift.ts";
import { compareLock, type LockInput } from "./lock/lock.ts";
import { openapiFiles } from "./openapi/document.ts";
import { type Parameter, parseParameter, withSeverity } from "./parameter.ts";
import { checkWeight } from "./plan/check-weight.ts";
import { type CallersReport, callersReports } from "./plan/describe-callers.ts";
import { planFiles } from "./plan/describe-files.ts";
import { checkItemCalls } from "./plan/item-calls.ts";
import { checkMaxCalls } from "./plan/max-calls.ts";
import type { Plan, PlanFile } from "./plan/plan.ts";
import { plan } from "./plan/plan-run.ts";
import { checkSharedUpstreams } from "./plan/shared-upstreams.ts";
import { asksExamples, examplesIn, faultFiles, type ToldRpc, toldFaults } from "./plan/told-faults.ts";
import { readIr } from "./read/read-ir.ts";
import { checkVendored } from "./read/vendored.ts";
import { idleServers, servedTogether } from "./resolve/model/server-paths.ts";
import { foldUnseen } from "./resolve/names/unseen.ts";
import { resolve } from "./resolve/resolve.ts";
import { VERSION } from "./version.ts";

/** What the plugin answers, and what it has to say. */
export interface Compilation {
  /** Files, or an error and no files. */
  readonly response: CodeGeneratorResponse;
  readonly warnings: readonly Diagnostic[];
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text that the lock has to have now; undefined where it is to be left as it is. */
  readonly lock: string | undefined;
  /** What servers need to know who calls; none where there are no files. */
  readonly callers: readonly CallersReport[];
}

/** The lock as it is; without one nothing is compared, and none is given back. */
export type CommittedLock = Pick<LockInput, "text" | "ci" | "project">;

/** Thrown through protoplugin, which offers no other way to end without files. */
class Rejected extends Error {}

/**
 * Runs the stages over one request. Faults of the user are diagnostics; nothing is thrown for them, and no file is written. Long, for it is the
 * list of the stages.
 *
 * @param examples the text of faults.json, where there is one
 */
export function compile(
  request: CodeGeneratorRequest,
  sources: Sources,
  committed?: CommittedLock,
  examples?: string,
): Compilation {
  const { parameter, faults } = parseParameter(request.parameter);
  let diagnostics: Diagnostic[] = [];
  let lock: string | undefined;
  let idle: readonly string[] = [];
  let callers: readonly CallersReport[] = [];
  const described: ReturnType<typeof planFiles>[number][] = [];
  const report: Report = (diagnostic) => {
    const said = withSeverity(diagnostic, parameter);
    if (said !== undefined) diagnostics.push(said);
  };
  const hasErrors = (): boolean => diagnostics.some(isError);
  const failed = (error: string): Compilation => ({
    response: create(CodeGeneratorResponseSchema, { error }),
    warnings: diagnostics.filter(({ severity }) => severity === "warning"),
    diagnostics,
    lock: undefined,
    callers: [],
  });
  if (faults.length > 0) return failed(faults.join("\n"));

  const plugin = createEcmaScriptPlugin({
    name: "protoc-gen-bff",
    version: VERSION,
    generateTs: (schema) => {
      const registry = createRegistry(...schema.allFiles);
      checkVendored(schema.allFiles, sources, report);
      const ir = readIr({ files: schema.files, allFiles: schema.allFiles, registry }, sources, report);
      const model = resolve(ir, report);
      checkAll(model, report);
      idle = idleServers(model.packages, parameter.server).map((name) => idleFault(name, model.packages));
      const servers = servedTogether(model.packages, parameter.server);
      checkServed(model, servers, report);
      const planned = hasErrors() ? undefined : plan(model, servers);
      if (planned !== undefined) {
        checkMaxCalls(planned, report);
        checkItemCalls(planned, report);
        checkSharedUpstreams(planned, ir, report);
        checkWeight(planned, parameter.weight, report);
      }
      if (!hasErrors()) checkSound(model, report);
      if (!hasErrors()) checkServerNames(model, parameter.server, report);
      if (!hasErrors()) checkIdleOutputs(servers, parameter.deploy, report);
      if (committed !== undefined) {
        const input = { ...committed, path: parameter.lock, mode: parameter.lockMode };
        const outcome = compareLock(model, input, sources, diagnostics.filter(isError));
        lock = outcome.text;
        diagnostics = withDrift(diagnostics, outcome.drifts, parameter);
      }
      diagnostics = foldUnseen(diagnostics);
      if (hasErrors() || planned === undefined || idle.length > 0) throw new Rejected();
      const told = faultsOf(planned, parameter, examples, registry);
      if (told.faults.length > 0) idle = told.faults;
      if (idle.length > 0) throw new Rejected();
      emit(planned, schema, parameter, told.of);
      callers = callersReports(planned);
      for (const format of parameter.plan)
        described.push(...(format === "faults" ? faultFiles(planned, told.of) : planFiles(planned, format)));
      if (parameter.openapi !== false)
        described.push(...openapiFiles(planned, parameter.openapi === "rest" ? "rest" : "all"));
      if (parameter.dashboards.size > 0) described.push(...dashboardFiles(planned, parameter.dashboards));
      if (parameter.deploy.size > 0) described.push(...deployFiles(planned, parameter));
    },
  });
  const typescript = create(CodeGeneratorRequestSchema, {
    ...request,
    parameter: `target=ts,import_extension=${parameter.importExtension}`,
  });
  try {
    const response = plugin.run(typescript);
    const { shaping } = parameter;
    for (const file of response.file) {
      const said = ` with parameter "${typescript.parameter}"`;
      file.content = file.content.replace(said, shaping === "" ? "" : ` with parameter "${shaping}"`);
    }
    response.file.push(...described.map((file) => create(CodeGeneratorResponse_FileSchema, file)));
    const warnings = diagnostics.filter(({ severity }) => severity === "warning");
    return { response, warnings, diagnostics, lock, callers };
  } catch (thrown) {
    if (!(thrown instanceof Rejected)) throw thrown;
    if (!hasErrors()) return failed(idle.join("\n"));
    // buf prints its own words before the first line.
    return failed(`\n${renderDiagnostics(diagnostics.filter(isError), sources, parameter.errorFormat)}`);
  }
}

/** What faults do to each rpc, where somebody wants to know. */
function faultsOf(planned: Plan, parameter: Parameter, text: string | undefined, registry: Registry) {
  const none: readonly string[] = [];
  if (!asksExamples(parameter)) return { faults: none, of: (): readonly ToldRpc[] => [] };
  const { examples, faults } = examplesIn(text, planned, registry);
  const known = new Map<PlanFile, readonly ToldRpc[]>();
  const of = (file: PlanFile): readonly ToldRpc[] => {
    const found = known.get(file) ?? toldFaults(file, planned, examples, registry);
    known.set(file, found);
    return found;
  };
  return { faults, of };
}

function idleFault(name: string, packages: readonly { readonly name: string }[]): string {
  const names = packages.map((one) => JSON.stringify(one.name)).sort();
  const instead = names.length === 0 ? "leave it out" : `write ${names.join(", ")}, or what several of them are below`;
  return `option "server" has "${name}": this run has no package with BFF services of that name or below it; ${instead}`;
}

const isError = ({ severity }: Diagnostic): boolean => severity === "error";

/** A change of an upstream takes the place of what only follows from it: errors that it explains, warnings where it stands. A mere warning does not. */
function withDrift(found: readonly Diagnostic[], drifts: readonly Drift[], parameter: Parameter): Diagnostic[] {
  const changes = drifts.flatMap(({ diagnostic, explains }) => {
    const said = withSeverity(diagnostic, parameter);
    return said === undefined ? [] : [{ diagnostic: said, explains }];
  });
  const explained = new Set(changes.flatMap(({ diagnostic, explains }) => (isError(diagnostic) ? explains : [])));
  const changed = new Set(changes.flatMap(({ diagnostic }) => (isError(diagnostic) ? [placeOf(diagnostic)] : [])));
  const follows = (one: Diagnostic): boolean => explained.has(one) || (!isError(one) && changed.has(placeOf(one)));
  return [...found.filter((diagnostic) => !follows(diagnostic)), ...changes.map(({ diagnostic }) => diagnostic)];
}
const placeOf = ({ at }: Diagnostic): string => `${at.file}:${at.line}:${at.column}`;
