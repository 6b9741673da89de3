import type { DescField, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { caution, type Diagnostic, distinctReport, type Report } from "../diagnostic/diagnostic.ts";
import type { Ir, IrFile, IrMessage, IrMethod, IrService } from "../ir/ir.ts";
import { isPart, isPosition } from "../model/stream-fields.ts";
import { finish, type Sliced } from "../slices/sliced.ts";
import { AliasTable } from "./conversions/aliases.ts";
import { suspectCopies } from "./conversions/dropped-extensions.ts";
import { cachingOf } from "./edge/caching.ts";
import { resolveShares } from "./edge/fair-share.ts";
import { fieldChoiceOf } from "./edge/field-choice.ts";
import { resolveHeaders } from "./edge/headers.ts";
import { resolveLimits } from "./edge/limits.ts";
import { resolvePermits } from "./edge/permit.ts";
import { resolvePurges } from "./edge/purges.ts";
import { restOf } from "./edge/rest.ts";
import { resolveAnswerTags } from "./edge/tags.ts";
import { resolveTelemetry } from "./edge/telemetry.ts";
import { resolveTools } from "./edge/tools.ts";
import { versionsOf } from "./edge/version.ts";
import { envMentions } from "./graph/env-mentions.ts";
import { letGraph } from "./graph/let-graph.ts";
import { hasRules, type MessageGraph, messageGraph, rootOf } from "./graph/message-graph.ts";
import { type Ahead, messagesAhead } from "./graph/messages-ahead.ts";
import { resolveLet } from "./messages/let.ts";
import { resolveMessage, resolveUncomposed } from "./messages/message.ts";
import { type Opened, takeOpenings } from "./messages/opening.ts";
import { type EffectTable, effectTable, restsOn } from "./model/blocks.ts";
import type { Observe } from "./model/checked-text.ts";
import { isDegradation } from "./model/degradation.ts";
import { freshFields } from "./model/marked-fields.ts";
import { failableFields, joined, readsMore } from "./model/missing/failable.ts";
import type { Failable } from "./model/missing/failable-fields.ts";
import type {
  AnswerHeaders,
  AnswerTags,
  BffFile,
  BffMethod,
  BffPackage,
  Composed,
  Followed,
  Let,
  Limits,
  Model,
  Permit,
  RequestShare,
  Step,
  Telemetry,
  Tool,
} from "./model/model.ts";
import { envVars } from "./packages/env.ts";
import { checkServicesEnv } from "./packages/env-agreement.ts";
import { packageContext } from "./packages/package-context.ts";
import { userFunctions } from "./packages/package-functions.ts";
import { callersOf } from "./packages/principal.ts";
import { Pass } from "./pass.ts";
import { DEFAULT_BUDGET_MS, DEFAULT_PARTS_MS, sendsParts } from "./policies/context.ts";
import { timeoutOf } from "./policies/entries.ts";
import { checkEntries, findRoots } from "./roots.ts";
import { resolveRules } from "./rules/rules.ts";
import { ConstantTests } from "./scope/constant-tests.ts";
import type { Run } from "./steps/context.ts";
import { resolveStreams } from "./streams/stream.ts";
import { resolveTopics } from "./streams/topics.ts";
import { withSubsets } from "./subsets/subsets.ts";

/**
 * Resolves declared names to descriptors, types and a graph. Faulty parts are left out of the model after their
 * diagnostics.
 *
 * @param observe receives the texts of expressions as they are checked
 */
export const resolve = (declared: Ir, reportEach: Report, observe?: Observe): Model =>
  finish(resolveInSlices(declared, reportEach, observe));

/**
 * `resolve`, with pauses between its parts and after each message. If expressions read fields of composed messages that
 * turn out to be failable, all is resolved again with these fields: composers are resolved before what they compose.
 */
export function* resolveInSlices(declared: Ir, reportEach: Report, observe?: Observe, ahead?: Ahead): Sliced<Model> {
  for (let failable: Failable = new Map(); ; ) {
    const pass = new Pass(reportEach, observe, ahead);
    const read = new Set<DescField>();
    const model = yield* resolveOnce(declared, pass, { fields: failable, read });
    const next = joined(failable, failableFields(model.messages, model.conversions.messages));
    if (!readsMore(read, failable, next)) {
      pass.ends();
      return model;
    }
    failable = next;
  }
}

function* resolveOnce(
  declared: Ir,
  { report: reportEach, observe, ahead }: Pass,
  failable: { readonly fields: Failable; readonly read: Set<DescField> },
): Sliced<Model> {
  const suspicions: Diagnostic[] = [];
  const aliases = new AliasTable(declared, reportEach, observe).buildAll();
  yield;
  const ir = withSubsets(declared, reportEach);
  const report = ir === declared ? reportEach : distinctReport(reportEach);
  const graph = messageGraph(ir, report);
  yield;
  const run = runOf(ir, { report, aliases, graph, suspicions, observe, failable });
  checkEntries(ir, report);
  // Also of a file that nothing in this run imports.
  for (const { identity, desc } of ir.files) if (identity !== undefined) packageContext(run, desc.proto.package);
  checkServicesEnv(run);
  findRoots(run);
  yield;
  // Messages read them, and may be composed by them.
  const lets = resolveLets(run);
  const { composed: all, namedUncomposed } = yield* resolveMessages(run, graph, ahead);
  const { composed, openings } = takeOpenings(run, all);
  const edge = resolveEdge(run);
  const effects = effectTable([...composed.values()]);
  const files: BffFile[] = [];
  for (const file of ir.files.filter(({ target }) => target)) {
    yield;
    files.push(bffFile(run, file, { composed, openings, lets, effects, ...edge }));
  }
  const packages = packagesOf(run, files);
  reportLast(run);
  return {
    ir,
    files,
    packages,
    identities: [...run.identities.values()].filter((identity) => identity !== undefined),
    lets: [...lets.values()],
    permits: [...edge.permits.values()],
    limits: [...edge.limits.values()],
    headers: [...edge.headers.values()],
    tags: [...edge.tags.values()],
    purges: resolvePurges(run, packages),
    shares: [...edge.shares.values()],
    telemetry: [...edge.telemetry.values()],
    tools: [...edge.tools.values()],
    streams: [...edge.streams.values()],
    topics: [...edge.topics.values()],
    openings: [...openings.values()],
    messages: [...composed.values()],
    conversions: aliases.conversions(),
    rules: resolveRules(ir, report),
    functions: run.functions,
    namedUncomposed,
    suspicions,
    failable,
  };
}

/** Resolves the blocks of rpcs, in the order of their diagnostics. */
function resolveEdge(run: Run) {
  return {
    permits: resolvePermits(run),
    limits: resolveLimits(run),
    headers: resolveHeaders(run),
    tags: resolveAnswerTags(run),
    shares: resolveShares(run),
    telemetry: resolveTelemetry(run),
    tools: resolveTools(run),
    streams: resolveStreams(run),
    topics: resolveTopics(run),
  };
}

/** Creates the state that stages share. Later stages add to many of its parts. */
function runOf(
  ir: Ir,
  {
    report,
    aliases,
    graph,
    suspicions,
    observe,
    failable,
  }: {
    readonly report: Report;
    readonly aliases: AliasTable;
    readonly graph: MessageGraph;
    readonly suspicions: Diagnostic[];
    readonly observe: Observe | undefined;
    readonly failable: Run["failable"];
  },
): Run {
  return {
    ir,
    report,
    suspect: (diagnostic) => suspicions.push(diagnostic),
    aliases,
    enums: aliases.relations,
    observe,
    constants: new ConstantTests(ir.files.flatMap(({ target, desc }) => (target ? [desc.proto.name] : []))),
    messages: new Map(ir.files.flatMap((file) => file.messages).map((message) => [message.desc.typeName, message])),
    bffServices: new Set(ir.files.flatMap((file) => file.services.map((service) => service.desc.typeName))),
    places: new Map(),
    used: graph.used,
    spreadable: graph.spreadable,
    packages: new Map(),
    identities: new Map(),
    lets: letGraph(ir, graph),
    functions: userFunctions(ir, report),
    shared: new Map(),
    uncomposed: new Set(),
    tried: new Map(),
    deferredMessages: new Set(),
    failable,
  };
}

function resolveLets(run: Run): ReadonlyMap<IrService, Let> {
  return new Map(
    run.ir.files.flatMap((file) =>
      file.services.flatMap((service) =>
        service.steps.length === 0 ? [] : [[service, resolveLet(run, service, file)] as const],
      ),
    ),
  );
}

interface ResolvedMessages {
  readonly composed: Map<string, Composed>;
  /** Names of services' steps, and variables as `env.X`, in messages that nothing composes. */
  readonly namedUncomposed: Set<string>;
}
/** Composers first, so that all places of a message are known when it is resolved. */
function* resolveMessages(run: Run, graph: MessageGraph, ahead: Ahead | undefined): Sliced<ResolvedMessages> {
  const resolved: ResolvedMessages = { composed: new Map(), namedUncomposed: new Set() };
  const { first, rest } = ahead === undefined ? { first: [], rest: graph.order } : messagesAhead(graph, ahead.files());
  for (const messages of [first, rest]) {
    yield* resolveEach(messages, run, graph, resolved);
    ahead?.resolved([]);
  }
  return resolved;
}

function* resolveEach(
  messages: MessageGraph["order"],
  run: Run,
  graph: MessageGraph,
  { composed, namedUncomposed }: ResolvedMessages,
): Sliced<void> {
  const inner = new Set([...graph.composes.values()].flatMap((edges) => edges.map(({ to }) => to)));
  for (const { ir } of graph.order) if (ir.subset !== undefined) inner.add(ir.subset.of.desc.typeName);
  for (const { ir: message, file } of messages) {
    yield;
    const name = message.desc.typeName;
    if (message.alias !== undefined || graph.circular.has(name)) continue;
    if (run.places.has(name)) {
      const spreadable = graph.spreadable.get(name) ?? new Set();
      const result = resolveMessage(run, message, file, spreadable, run.lets.roots.get(name) ?? []);
      if (result !== undefined) composed.set(name, result);
    } else if (message.subset === undefined && hasRules(message) && !run.lets.roots.has(name)) {
      // The warning for its composer is enough.
      if (!inner.has(name)) suspectUncomposed(run, message, file);
      resolveUncomposed(run, message, file);
      for (const named of run.lets.mentions(name).keys()) namedUncomposed.add(named);
      for (const named of envMentions(run.ir, message, file).keys()) namedUncomposed.add(`env.${named}`);
    }
  }
}

function suspectUncomposed(
  { bffServices, suspect }: Run,
  { at, desc }: IrMessage,
  { desc: { services } }: IrFile,
): void {
  const returns = ({ methods }: DescService): boolean => methods.some(({ output }) => output === desc);
  const plain = services.find((service) => !bffServices.has(service.typeName) && returns(service))?.name;
  caution(suspect, "BFF205", at, {
    message: `"${desc.name}" has rules, but nothing composes it${plain ? `: "${plain}", which returns it, is no BFF service` : ""}`,
    hint: plain
      ? `add \`option (bff.v1.service) = {};\` to "${plain}", or remove the rules`
      : "return it from an rpc of a BFF service, compose it in a step, or remove its rules",
  });
}

/** Reports what depends on all blocks and messages. */
function reportLast(run: Run): void {
  suspectUntried(run);
  suspectCopies(run.ir, run.aliases.ofValues(), run.suspect);
  run.constants.flush();
}

function suspectUntried(run: Run): void {
  for (const [at, tried] of run.tried) {
    if (tried) continue;
    caution(run.suspect, "BFF146", at, {
      message: "this rule is never tried: for each of its calls, a nearer rule handles the errors",
      hint: "leave it out",
    });
  }
}

interface ResolvedBlocks extends Opened {
  readonly lets: ReadonlyMap<IrService, Let>;
  readonly effects: EffectTable;
  readonly permits: ReadonlyMap<IrMethod, Permit>;
  readonly limits: ReadonlyMap<IrMethod, Limits>;
  readonly headers: ReadonlyMap<IrMethod, AnswerHeaders>;
  readonly tags: ReadonlyMap<IrMethod, AnswerTags>;
  readonly shares: ReadonlyMap<IrMethod, RequestShare>;
  readonly telemetry: ReadonlyMap<IrMethod, Telemetry>;
  readonly tools: ReadonlyMap<IrMethod, Tool>;
  readonly streams: ReadonlyMap<IrMethod, Followed>;
}

function bffFile(run: Run, file: IrFile, blocks: ResolvedBlocks): BffFile {
  const { composed, openings, lets, effects, permits, limits, headers, tags, shares, telemetry, tools, streams } =
    blocks;
  const rest = new Map(
    file.services.flatMap(({ methods }) => methods.map((method) => [method, restOf(method, run.report)] as const)),
  );
  const versions = new Map(file.services.flatMap((service) => [...versionsOf(run, service)]));
  const services = file.services.map((service) => ({
    ir: service,
    desc: service.desc,
    let: lets.get(service),
    env: envVars(run.ir, service.env),
    methods: service.methods.flatMap((method): BffMethod[] => {
      const container = file.desc.proto.package;
      const message = composed.get(rootOf(method, container, (name) => run.messages.has(name)));
      if (message === undefined) return [];
      const { output } = method.desc;
      const substituted = message.desc.typeName !== output.typeName;
      return [
        {
          ir: method,
          desc: method.desc,
          callers: callersOf(run, method),
          composed: message,
          response: substituted
            ? run.aliases.response(message.desc, output, method.response?.at ?? method.at)
            : undefined,
          degradedField: substituted ? output.fields.find(isDegradation) : message.degradedField,
          permit: permits.get(method),
          version: versions.get(method),
          limits: limits.get(method),
          headers: headers.get(method),
          tags: tags.get(method),
          share: shares.get(method),
          telemetry: telemetry.get(method),
          tool: tools.get(method),
          stream: streams.get(method),
          opening: method.stream && openings.get(message.desc.typeName),
          positionField: output.fields.find(isPosition),
          fields: fieldChoiceOf(run, method),
          rest: rest.get(method) ?? [],
          ...cachingOf(run, service, method, () => freshFields([output, message.desc], composed).length > 0),
          timeout: timeoutOf(run.ir, method) ?? { value: DEFAULT_BUDGET_MS },
          parts: sendsParts(method) ? { timeoutMs: method.partsTimeout?.value ?? DEFAULT_PARTS_MS } : undefined,
          partsField: output.fields.find(isPart),
          noSideEffects: method.desc.idempotency === Level.NO_SIDE_EFFECTS,
          shared: startedBy(run, method, lets.get(service), effects),
        },
      ];
    }),
  }));
  const messages = file.messages.flatMap((message) => composed.get(message.desc.typeName) ?? []);
  const { env, hosts } = packageContext(run, file.desc.proto.package);
  return { ir: file, desc: file.desc, services, messages, env, hosts };
}

/** Returns the steps that an RPC starts: guards, steps with effects, and steps that the response reads. */
function startedBy(run: Run, method: IrMethod, of: Let | undefined, { step: effectful }: EffectTable): readonly Step[] {
  const reads = run.lets.reads.get(method);
  const all = of?.steps ?? [];
  const needed = all.filter((step) => reads?.has(step.ir) || (run.lets.unread.has(step.ir) && effectful(step)));
  const rests = new Set(needed.flatMap((step) => [step, ...restsOn(step)]));
  return all.filter((step) => rests.has(step));
}

function packagesOf(run: Run, files: readonly BffFile[]): BffPackage[] {
  const packages = new Map<string, BffFile[]>();
  for (const file of files) {
    if (file.services.length === 0) continue;
    const name = file.desc.proto.package;
    packages.set(name, [...(packages.get(name) ?? []), file]);
  }
  return [...packages].map(([name, files]) => ({ name, files, identity: packageContext(run, name).identity }));
}
