// Readers of each step of a service's `let`. They are found before types are checked, because they determine which
// steps an RPC starts, and in which order.

import type { Text } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrFile, IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import type { IrCall, IrStep } from "../../ir/step.ts";
import { methodNamed, resolveName } from "../names/lookup.ts";
import { entriesFor, governing } from "../policies/entries.ts";
import { freeNames } from "../scope/free-names.ts";
import {
  composed,
  declaredCalls,
  type MessageGraph,
  messageTexts,
  policyTexts,
  rootOf,
  stepTexts,
} from "./message-graph.ts";

/** A mention of a step, with its place. */
export interface Mention {
  readonly name: string;
  readonly text: Text;
  /** The indirect reader, if the expression is not its own: `the upstream entry for "user.v1.UserService"`. */
  readonly through: string | undefined;
}
/** A dependency of one step of a service on another one of the same service. */
interface LetEdge {
  readonly to: IrStep;
  readonly mention: Mention | undefined;
}

export interface LetGraph {
  /** The rpcs whose responses a message is part of, by type name. */
  readonly roots: ReadonlyMap<string, readonly IrMethod[]>;
  readonly serviceOf: ReadonlyMap<IrMethod, IrService>;
  /** The steps that the response of an rpc needs. */
  readonly reads: ReadonlyMap<IrMethod, ReadonlySet<IrStep>>;
  /** The same, with the unread steps and all that they need. */
  readonly starts: ReadonlyMap<IrMethod, ReadonlySet<IrStep>>;
  /** Steps with a name that no rpc has a reader of. */
  readonly unread: ReadonlySet<IrStep>;
  /** Names in a message's own expressions, and in the upstream entries for its calls, that none of its steps has. */
  readonly mentions: (message: string) => ReadonlyMap<string, Mention>;
  /** The same, with the names of the messages that it composes. */
  readonly needs: (message: string) => ReadonlySet<string>;
  readonly edges: (step: IrStep) => readonly LetEdge[];
}

export function letGraph(ir: Ir, graph: MessageGraph): LetGraph {
  const messages = new Map<string, Declared>(
    ir.files.flatMap((file) =>
      file.messages.map((message) => [message.desc.typeName, { ir: message, file: message.subset?.file ?? file }]),
    ),
  );
  const services = ir.files.flatMap((file) => file.services.map((service) => ({ service, file })));
  const shares =
    services.some(({ service }) => service.steps.length > 0) || ir.files.some(({ identity }) => identity !== undefined);
  const mentions = mentionsOf(ir, shares ? messages : new Map());
  const needs = needsOf(graph, mentions);
  const { edges, composes } = stepGraph({ ir, services, messages, mentions, needs });
  const { roots, reads, starts, unread } = reach({ services, messages, graph, mentions, edges, composes });
  return {
    roots: new Map([...roots].map(([name, methods]) => [name, [...methods]])),
    serviceOf: new Map(services.flatMap(({ service }) => service.methods.map((method) => [method, service]))),
    reads,
    starts,
    unread,
    mentions,
    needs,
    edges,
  };
}

interface Declared {
  readonly ir: IrMessage;
  readonly file: IrFile;
}
interface DeclaredService {
  readonly service: IrService;
  readonly file: IrFile;
}

/** Returns the names in each message that none of the message's steps has. */
function mentionsOf(ir: Ir, messages: ReadonlyMap<string, Declared>): LetGraph["mentions"] {
  const known = new Map<string, ReadonlyMap<string, Mention>>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const message = messages.get(name);
    const found = message === undefined ? new Map<string, Mention>() : mentionsIn(ir, message);
    known.set(name, found);
    return found;
  };
}
function mentionsIn(ir: Ir, message: Declared): Map<string, Mention> {
  const { steps } = message.ir;
  const calls = steps.flatMap((step) => declaredCalls(step.source));
  const stepNames = new Set(steps.map((step) => step.name?.value));
  const after = steps.flatMap((step) => step.after);
  const all = [
    ...namesOf(ir, message.file, messageTexts(message.ir)),
    ...[...after, ...resolverReads(message.ir)].map(
      (text): Mention => ({ name: text.value, text, through: undefined }),
    ),
    ...entryNames(ir, message.file, calls),
  ];
  const found = new Map<string, Mention>();
  for (const mention of all)
    if (!stepNames.has(mention.name) && !found.has(mention.name)) found.set(mention.name, mention);
  return found;
}

interface StepGraph {
  readonly edges: LetGraph["edges"];
  /** The messages that each step composes. */
  readonly composes: ReadonlyMap<IrStep, readonly string[]>;
}
interface Sources extends Pick<LetGraph, "mentions" | "needs"> {
  readonly ir: Ir;
  readonly services: readonly DeclaredService[];
  readonly messages: ReadonlyMap<string, Declared>;
}

/** Returns the steps that each step of a service waits for, and the messages that it composes. */
function stepGraph(sources: Sources): StepGraph {
  const edges = new Map<IrStep, readonly LetEdge[]>();
  const composes = new Map<IrStep, readonly string[]>();
  for (const { service, file } of sources.services) {
    const byName = new Map(service.steps.flatMap((step) => (step.name === undefined ? [] : [[step.name.value, step]])));
    for (const step of service.steps) {
      const children = composed(step.source).flatMap(
        (text) =>
          resolveName(file.desc.proto.package, text.value, (name) => (sources.messages.has(name) ? name : undefined)) ??
          [],
      );
      composes.set(step, children);
      edges.set(step, edgesOf(step, byName, mentionsBy(step, children, file, sources)));
    }
  }
  return { edges: (step) => edges.get(step) ?? [], composes };
}

/**
 * Returns the steps that a step of a service names directly, through entries for its calls, or through messages that it
 * composes.
 */
function mentionsBy(
  step: IrStep,
  children: readonly string[],
  file: IrFile,
  { ir, mentions, needs }: Sources,
): Mention[] {
  return [
    ...namesOf(ir, file, stepTexts(step)),
    ...entryNames(ir, file, declaredCalls(step.source)),
    ...composed(step.source).flatMap((text, i) =>
      [...needs(children[i] ?? "")].map((name) => ({
        name,
        text: mentions(children[i] ?? "").get(name)?.text ?? text,
        through: `"${text.value}"`,
      })),
    ),
  ];
}

function edgesOf(step: IrStep, byName: ReadonlyMap<string, IrStep>, mentions: readonly Mention[]): LetEdge[] {
  const named = mentions.flatMap((mention): LetEdge[] => {
    const to = byName.get(mention.name);
    return to === undefined ? [] : [{ to, mention }];
  });
  const after = step.after.flatMap((name): LetEdge[] => {
    const to = byName.get(name.value);
    // One that names itself has been reported.
    return to === undefined || to === step ? [] : [{ to, mention: undefined }];
  });
  return [...named, ...after];
}

interface Reach extends StepGraph, Pick<LetGraph, "mentions"> {
  readonly services: readonly DeclaredService[];
  readonly messages: ReadonlyMap<string, Declared>;
  readonly graph: MessageGraph;
}

/** Finds the messages in an RPC's response, and the steps that it starts for them. */
function reach({ services, messages, graph, mentions, edges, composes }: Reach) {
  const roots = new Map<string, Set<IrMethod>>();
  const starts = new Map<IrMethod, Set<IrStep>>();
  /**
   * Returns the names that the message and all messages it composes mention, for messages that this RPC has not reached
   * before.
   */
  const reachMessage = (method: IrMethod, first: string): Set<string> => {
    const names = new Set<string>();
    const open = [first];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const known = roots.get(name) ?? new Set();
      if (known.has(method)) continue;
      roots.set(name, known.add(method));
      for (const mention of mentions(name).keys()) names.add(mention);
      for (const { to } of graph.composes.get(name) ?? []) open.push(to);
    }
    return names;
  };
  const start = (method: IrMethod, first: readonly IrStep[]): void => {
    const running = starts.get(method) ?? new Set();
    starts.set(method, running);
    const open = [...first];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      if (running.has(step)) continue;
      running.add(step);
      // Composed messages are part of the response's work. The edges include the steps that these messages read.
      for (const child of composes.get(step) ?? []) reachMessage(method, child);
      open.push(...edges(step).map(({ to }) => to));
    }
  };
  for (const { service, file } of services) {
    for (const method of service.methods) {
      const root = rootOf(method, file.desc.proto.package, (name) => messages.has(name));
      const names = reachMessage(method, root);
      const read = service.steps.filter(({ name }) => name === undefined || names.has(name.value));
      start(method, read);
    }
  }
  const isStarted = (service: IrService, step: IrStep): boolean =>
    service.methods.some((method) => starts.get(method)?.has(step));
  const unread = new Set(services.flatMap(({ service }) => service.steps.filter((step) => !isStarted(service, step))));
  const reads = new Map([...starts].map(([method, steps]) => [method, new Set(steps)]));
  // Unread steps run for their effect, if they have one, and then in every RPC.
  for (const { service } of services) {
    const idle = service.steps.filter((step) => unread.has(step));
    for (const method of service.methods) start(method, idle);
  }
  return { roots, reads, starts, unread };
}

/** Returns the steps that the resolvers of a message declare to read. */
function resolverReads(message: IrMessage): Text[] {
  return [message, ...message.fields].flatMap(({ reads }) => reads?.steps ?? []);
}

/**
 * Returns the names that messages and their composed messages read outside of themselves, without messages of a cycle.
 */
function needsOf(graph: MessageGraph, mentions: LetGraph["mentions"]): LetGraph["needs"] {
  const known = new Map<string, Set<string>>();
  // Composers come first, so the reverse order visits composed messages before their composers.
  for (const { ir } of [...graph.order].reverse()) {
    const name = ir.desc.typeName;
    const all = new Set(mentions(name).keys());
    for (const { to } of graph.composes.get(name) ?? []) for (const inner of known.get(to) ?? []) all.add(inner);
    known.set(name, all);
  }
  return (name) => known.get(name) ?? new Set();
}

/** Returns the names in steps, and in the upstream entries for their calls. */
export function mentionsOfSteps(ir: Ir, file: IrFile, steps: readonly IrStep[]): Mention[] {
  return steps.flatMap((step) => [
    ...namesOf(ir, file, stepTexts(step)),
    ...entryNames(ir, file, declaredCalls(step.source)),
  ]);
}
/** Returns the names in expressions. */
export function namesIn(ir: Ir, file: IrFile, texts: readonly Text[]): Mention[] {
  return namesOf(
    ir,
    file,
    texts.map((text) => ({ text, item: undefined })),
  );
}

/** @param which names, or the members of `env` */
export function namesOf(
  ir: Ir,
  file: IrFile,
  texts: ReturnType<typeof stepTexts>,
  which: "names" | "env" = "names",
): Mention[] {
  return texts.flatMap(({ text, item }) =>
    [...freeNames(text.value, ir.registry, file.desc.proto.package)[which]]
      .filter((name) => which === "env" || name !== item)
      .map((name) => ({ name, text, through: undefined })),
  );
}

/** Returns the names in the upstream entries for these calls. */
export function entryNames(
  ir: Ir,
  file: IrFile,
  calls: readonly IrCall[],
  which: "names" | "env" = "names",
): Mention[] {
  if (calls.length === 0) return [];
  const { entries } = governing(ir, file.desc.proto.package);
  return calls.flatMap((call) => {
    const method = call.method && methodNamed(ir, call.method.value);
    const governs = method === undefined ? [] : entriesFor(entries, method);
    return governs.flatMap((entry) => {
      const of = entry.method?.value ?? entry.service?.value;
      const through = of === undefined ? "the entry for every upstream" : `the upstream entry for "${of}"`;
      const texts = [...policyTexts(entry.policy), ...(entry.shard?.by ? [entry.shard.by] : [])].map((text) => ({
        text,
        item: undefined,
      }));
      return namesOf(ir, file, texts, which).map((mention) => ({ ...mention, through }));
    });
  });
}
