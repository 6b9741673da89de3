// Composition of messages, and the arguments that each message reads, found before types are checked.

import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { Ir, IrFile, IrMessage, IrMethod } from "../../ir/ir.ts";
import type { IrBind, IrCall, IrErrorRule, IrFailure, IrPolicy, IrSource, IrStep } from "../../ir/step.ts";
import { methodNamed, resolveName } from "../names/lookup.ts";
import { holes } from "../policies/failure.ts";
import { freeNames } from "../scope/free-names.ts";

export interface MessageGraph {
  /** Composed messages, composers first. */
  readonly order: readonly { readonly ir: IrMessage; readonly file: IrFile }[];
  /** Messages in a circle, by type name: they are not resolved any further. */
  readonly circular: ReadonlySet<string>;
  /** The arguments that each message reads by name. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** The request fields that a message would fill from arguments by `spread: "args"`, where they are given. */
  readonly spreadable: ReadonlyMap<string, ReadonlySet<string>>;
  /** The messages that each composes. */
  readonly composes: ReadonlyMap<string, readonly { readonly to: string }[]>;
}

/** The message that an rpc composes: its response, or the one that `response` names. */
export function rootOf(method: IrMethod, container: string, exists: (name: string) => boolean): string {
  const { response, desc } = method;
  const named = response && resolveName(container, response.value, (name) => (exists(name) ? name : undefined));
  return named ?? desc.output.typeName;
}

export function messageGraph(ir: Ir, report: Report): MessageGraph {
  const messages = new Map<string, { ir: IrMessage; file: IrFile }>();
  for (const file of ir.files)
    for (const message of file.messages)
      messages.set(message.desc.typeName, { ir: message, file: message.subset?.file ?? file });
  const composers = new Map<string, { to: string; at: Text }[]>();
  const incoming = new Map<string, string[]>();
  for (const [name, { ir: message, file }] of messages) {
    const edges = message.steps
      .flatMap((step) => composed(step.source))
      .flatMap((text) => {
        const to = resolveName(file.desc.proto.package, text.value, (candidate) =>
          messages.has(candidate) ? candidate : undefined,
        );
        return to === undefined ? [] : [{ to, at: text }];
      });
    composers.set(name, edges);
    for (const { to } of edges) incoming.set(to, [...(incoming.get(to) ?? []), name]);
    // Faults of its steps are reported for the composed message first.
    const of = message.subset?.of.desc.typeName;
    if (of !== undefined) incoming.set(name, [...(incoming.get(name) ?? []), of]);
  }
  const { order, cycles } = sortByDependency([...messages.keys()], (name) => incoming.get(name) ?? []);
  const circular = new Set<string>();
  for (const cycle of cycles) {
    for (const name of cycle) circular.add(name);
    reportCircle(cycle, messages, composers, report);
  }
  const used = new Map<string, ReadonlySet<string>>();
  for (const [name, { ir: message, file }] of messages) {
    used.set(
      name,
      new Set(
        messageTexts(message).flatMap(({ text }) => [
          ...freeNames(text.value, ir.registry, file.desc.proto.package).args,
        ]),
      ),
    );
  }
  return {
    order: order.flatMap((name) => messages.get(name) ?? []),
    circular,
    used: withSpreads(messages, composers, used),
    spreadable: withSpreads(messages, composers, spreadFields(ir, messages)),
    composes: composers,
  };
}

function reportCircle(
  cycle: readonly string[],
  messages: ReadonlyMap<string, { ir: IrMessage; file: IrFile }>,
  composers: ReadonlyMap<string, readonly { to: string; at: Text }[]>,
  report: Report,
): void {
  // Edges lead from composed to composer here; readers need the opposite order.
  const path = [...cycle].reverse();
  const [first] = path;
  const next = path[1] ?? first;
  const edge = composers.get(first ?? "")?.find(({ to }) => to === next);
  if (first === undefined || edge === undefined) return;
  fault(report, "BFF409", edge.at.at, {
    message: `messages compose each other in a circle: ${[...path, first].map((name) => messages.get(name)?.ir.desc.name ?? name).join(" → ")}`,
    related: path.slice(1).flatMap((name, i) => {
      const to = path[i + 2] ?? first;
      const on = composers.get(name)?.find((candidate) => candidate.to === to);
      return on === undefined
        ? []
        : [
            {
              at: on.at.at,
              message: `"${messages.get(name)?.ir.desc.name}" composes "${messages.get(to)?.ir.desc.name}" here`,
            },
          ];
    }),
    hint: "remove one of these steps, or split the composed message",
  });
}

function spreadFields(
  ir: Ir,
  messages: ReadonlyMap<string, { ir: IrMessage; file: IrFile }>,
): Map<string, ReadonlySet<string>> {
  const spreadable = new Map<string, ReadonlySet<string>>();
  for (const [name, { ir: message }] of messages) {
    const fields = message.steps.flatMap((step) => {
      const source = innerSource(step.source);
      if (source?.kind !== "call" || !source.set.some(spreadsArgs)) return [];
      const method = source.method && methodNamed(ir, source.method.value);
      return method?.input.fields.map((field) => field.name) ?? [];
    });
    spreadable.set(name, new Set(fields));
  }
  return spreadable;
}

/** `spread: "args"` in a compose hands on whatever the composed message reads, or has a use for. */
function withSpreads(
  messages: ReadonlyMap<string, { ir: IrMessage; file: IrFile }>,
  composers: ReadonlyMap<string, readonly { to: string; at: Text }[]>,
  used: Map<string, ReadonlySet<string>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, { ir: message }] of messages) {
      for (const step of message.steps) {
        const source = innerSource(step.source);
        if (source?.kind !== "compose" || !source.args.some(spreadsArgs)) continue;
        const to = composers.get(name)?.find(({ at }) => at === source.message)?.to;
        const argNames = new Set(source.args.map((bind) => bind.name?.value));
        const current = used.get(name) ?? new Set();
        const more = [...(used.get(to ?? "") ?? [])].filter((arg) => !argNames.has(arg) && !current.has(arg));
        if (more.length === 0) continue;
        used.set(name, new Set([...current, ...more]));
        changed = true;
      }
    }
  }
  return used;
}
const spreadsArgs = (bind: IrBind): boolean => bind.spread?.value.trim() === "args";

/** The names of the messages that a source composes. */
export function composed(source: IrSource | undefined): Text[] {
  const inner = innerSource(source);
  return inner?.kind === "compose" && inner.message !== undefined ? [inner.message] : [];
}

/** An expression with the name of the item that it may also read. */
interface Located {
  readonly text: Text;
  readonly item: string | undefined;
}

/** Every expression of a message. */
export function messageTexts(message: IrMessage): Located[] {
  return [...message.steps.flatMap(stepTexts), ...plain(message.fields.flatMap((field) => some(field.by, field.if)))];
}
/** Every expression of a step. */
export function stepTexts(step: IrStep): Located[] {
  return [...plain(some(step.if, step.fallback)), ...sourceTexts(step.source)];
}
function sourceTexts(source: IrSource | undefined): Located[] {
  switch (source?.kind) {
    case "by":
      return plain([source.by]);
    case "call":
      return plain(callTexts(source));
    case "compose":
      return plain(source.args.flatMap(bindTexts));
    case "each": {
      const item = source.var?.value;
      const inner = [...some(source.if, source.key), ...sourceTexts(source.source).map(({ text }) => text)];
      return [...plain(some(source.in)), ...inner.map((text) => ({ text, item }))];
    }
    case "switch":
      return plain([...source.cases.flatMap((branch) => some(branch.if, branch.by)), ...some(source.default)]);
    case "guard":
      return plain([...some(source.if), ...(source.fail === undefined ? [] : failTexts(source.fail))]);
    case "latest":
      return plain(some(source.key));
    case undefined:
      return [];
  }
}
const plain = (texts: readonly Text[]): Located[] => texts.map((text) => ({ text, item: undefined }));
function callTexts(call: IrCall): Text[] {
  const { policy } = call;
  return [
    ...some(call.request, call.batch?.by, call.shard?.text),
    ...call.set.flatMap(bindTexts),
    ...policyTexts(policy),
  ];
}
/** Every expression of a policy, of a call or of an upstream entry. */
export function policyTexts(policy: IrPolicy): Text[] {
  return [
    ...policy.metadata.flatMap(bindTexts),
    ...policy.onError.flatMap((rule) => [...some(rule.if), ...rescueTexts(rule.then)]),
    ...some(policy.retry?.if, ...policy.branches.flatMap((branch) => [branch.if, branch.by])),
    ...(policy.cache?.tags ?? []).flatMap(holeTexts),
  ];
}
function rescueTexts(then: IrErrorRule["then"]): Text[] {
  if (then?.kind === "fallback") return [then.by];
  return then?.kind === "fail" ? failTexts(then.fail) : [];
}
const bindTexts = (bind: IrBind): Text[] => some(bind.by, bind.if, bind.spread);
/** Every expression of a failure. */
export function failTexts(fail: IrFailure): Text[] {
  return [...(fail.message === undefined ? [] : holeTexts(fail.message)), ...fail.details];
}
const some = (...texts: readonly (Text | undefined)[]): Text[] => texts.filter((text) => text !== undefined);
const holeTexts = (message: Text): Text[] => holes(message).filter((part) => typeof part !== "string");

// Queries of declarations that several stages need before anything is resolved.

/** Returns true if the message has rules for its composition. */
export function hasRules(message: IrMessage): boolean {
  return message.ruled || message.fields.some((field) => field.by !== undefined || field.resolver !== undefined);
}

/** Returns the source of a step, or the source that an `each` runs for every item. */
export function innerSource(source: IrSource | undefined): IrSource | undefined {
  return source?.kind === "each" ? source.source : source;
}

export function declaredCalls(source: IrSource | undefined): IrCall[] {
  const inner = innerSource(source);
  return inner?.kind === "call" ? [inner] : [];
}
