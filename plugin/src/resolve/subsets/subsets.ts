// Aliases of composed messages. Before anything else is resolved, such a message receives the steps and the sources of
// the message that it names, as far as its fields need them. It is then composed like any other message.

import type { DescMessage } from "@bufbuild/protobuf";
import type { Report } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { Ir, IrField, IrFile, IrMessage, IrSubset } from "../../ir/ir.ts";
import type { IrBind, IrStep } from "../../ir/step.ts";
import { isPosition } from "../../model/stream-fields.ts";
import { composed, declaredCalls, innerSource, messageTexts } from "../graph/message-graph.ts";
import { isFilled } from "../model/degradation.ts";
import { methodNamed, resolveName } from "../names/lookup.ts";
import { freeNames } from "../scope/free-names.ts";
import { hasResolver } from "../steps/resolver.ts";
import { type Child, type Children, type CopiedMessage, childrenInPlace } from "./children.ts";
import { type Declared, Effects } from "./effects.ts";
import { type Kept, keptOf, type Source } from "./kept-declarations.ts";
import { checkSources, checkSubset } from "./subset-rules.ts";

/** Returns the declarations with every alias of a composed message filled in. */
export function withSubsets(declared: Ir, report: Report): Ir {
  // The files of subsets are those that contain them.
  const files = declared.files.map((file) => ({ ...file, messages: [...file.messages] }));
  const ir = { ...declared, files };
  const messages = new Map<string, Declared>(
    files.flatMap((file) => file.messages.map((message) => [message.desc.typeName, { ir: message, file }])),
  );
  const subsets = new Map<string, IrSubset>();
  for (const { ir: message, file } of messages.values()) {
    const of = subsetOf(message, file, messages);
    const copied = of ?? copyOf(message, file, messages);
    if (of !== undefined) subsets.set(message.desc.typeName, checkSubset(message, of, report));
    else if (copied !== undefined) checkSources(message, copied, report);
  }
  if (subsets.size === 0) return declared;
  const filled = new Filling(ir, messages, subsets).all();
  for (const file of files)
    file.messages = file.messages.map((message) => filled.get(message.desc.typeName) ?? message);
  return ir;
}

/** Returns the composed message that an alias names first. Undefined: it names none, so the message is a plain copy. */
function subsetOf(
  { desc, alias, otherAliases, steps }: IrMessage,
  home: IrFile,
  messages: ReadonlyMap<string, Declared>,
): IrSubset | undefined {
  if (alias === undefined || steps.length > 0) return undefined;
  for (const name of [alias, ...otherAliases]) {
    const found = resolveName(desc.file.proto.package, name.value, (candidate) => messages.get(candidate));
    const isComposed = found !== undefined && found.ir.alias === undefined;
    if (isComposed && (found.ir.steps.length > 0 || found.ir.resolver !== undefined))
      return { of: found.ir, file: found.file, home, alias: name };
  }
  return undefined;
}

/** Returns the message without steps, or the copy, that an alias names, if its fields have values of expressions. */
function copyOf(
  { desc, alias, otherAliases }: IrMessage,
  { desc: { proto } }: IrFile,
  messages: ReadonlyMap<string, Declared>,
  seen: ReadonlySet<DescMessage> = new Set(),
): Pick<IrSubset, "of" | "alias"> | undefined {
  if (alias === undefined || seen.has(desc)) return undefined;
  for (const name of [alias, ...otherAliases]) {
    const found = resolveName(proto.package, name.value, (candidate) => messages.get(candidate));
    if (found === undefined) continue;
    const { ir: of, file } = found;
    const isComposed =
      of.alias === undefined
        ? of.fields.some(({ by, resolver }) => by !== undefined || resolver !== undefined)
        : copyOf(of, file, messages, new Set([...seen, desc])) !== undefined ||
          subsetOf(of, file, messages) !== undefined;
    if (isComposed) return { of, alias: name };
  }
  return undefined;
}

/** Fills in subsets. Those that others may compose come first, so that the arguments of each are known. */
class Filling {
  readonly #ir: Ir;
  readonly #messages: Map<string, Declared>;
  readonly #subsets: ReadonlyMap<string, IrSubset>;
  readonly #effects: Effects;

  constructor(ir: Ir, messages: Map<string, Declared>, subsets: ReadonlyMap<string, IrSubset>) {
    this.#ir = ir;
    this.#messages = messages;
    this.#subsets = subsets;
    this.#effects = new Effects(ir, messages, subsets);
  }

  all(): ReadonlyMap<string, IrMessage> {
    const filled = new Map<string, IrMessage>();
    const { order } = sortByDependency([...this.#subsets.keys()], (name) => this.#effects.children(name));
    for (const name of order) {
      const declared = this.#messages.get(name);
      const subset = this.#subsets.get(name);
      if (declared === undefined || subset === undefined) continue;
      const message = this.#fill(declared.ir, subset);
      filled.set(name, message);
      this.#messages.set(name, { ir: message, file: subset.file });
    }
    return filled;
  }

  #fill(message: IrMessage, subset: IrSubset): IrMessage {
    const { of, file } = subset;
    const container = file.desc.proto.package;
    const roots = this.#effects.rootsOf(message.desc.typeName);
    const source: Source = {
      ir: of,
      names: (text) => freeNames(text.value, this.#ir.registry, container).names,
      effectful: (step) => this.#effects.of(step, container, roots),
      filled: (step) => filledBy(this.#ir, step, container),
      replaced: new Map(),
    };
    const pairs = pairsOf(message, of);
    const keep = (replaced: Children["steps"]): Kept =>
      keptOf({ ...source, replaced }, new Set(pairs.values()), message.desc.fields.some(isPosition));
    const { kept, children } = this.#withChildren(keep, { pairs, of, source });
    const steps = kept.steps.map((step) => {
      const found = children.steps.get(step) ?? step;
      return kept.started.has(step) ? { ...found, started: true as const } : found;
    });
    const { alias: _alias, otherAliases: _others, ...rest } = message;
    return {
      ...rest,
      alias: undefined,
      otherAliases: [],
      ruled: true,
      steps,
      fields: fieldsOf(message, pairs, kept, children.direct),
      subset,
    };
  }

  /** A child in place needs fewer arguments, so that fewer steps are kept, and fewer may read another child. */
  #withChildren(
    keep: (replaced: Children["steps"]) => Kept,
    around: Omit<CopiedMessage, "kept">,
  ): { kept: Kept; children: Children } {
    const container = around.of.desc.file.proto.package;
    let children: Children = { steps: new Map(), direct: new Set() };
    for (;;) {
      const kept = keep(children.steps);
      const next = childrenInPlace({ ...around, kept }, (step, name) => this.#childOf(step, name, container));
      if (next.direct.symmetricDifference(children.direct).size === 0) return { kept, children: next };
      children = next;
    }
  }

  /** Returns the subset of this name, if it is one of the message that a step composes. */
  #childOf(step: IrStep, name: string, container: string): Child | undefined {
    const of = this.#subsets.get(name)?.of.desc.typeName;
    if (of === undefined || !this.#effects.composedBy([step], container).includes(of)) return undefined;
    return { name, reads: argumentsOf(this.#ir, this.#messages, name) };
  }
}

/** Returns the fields with the fields that they copy. Unknown names have been reported with the other copies. */
function pairsOf(message: IrMessage, of: IrMessage): ReadonlyMap<IrField, IrField> {
  return new Map(
    message.fields.flatMap((field) => {
      if (isFilled(field.desc)) return [];
      const name = field.alias?.value ?? field.desc.name;
      const source = of.fields.find(({ desc }) => desc.name === name);
      return source === undefined || isFilled(source.desc) ? [] : [[field, source] as const];
    }),
  );
}

/**
 * Returns the fields of a subset in its order. The members of a oneof are together, in the order in which the composed
 * message tries them.
 */
function fieldsOf(
  message: IrMessage,
  pairs: ReadonlyMap<IrField, IrField>,
  kept: Kept,
  direct: ReadonlySet<IrField>,
): readonly IrField[] {
  const copyOf = new Map([...pairs].map(([field, source]) => [source, field]));
  const copied = (field: IrField, source: IrField): IrField => ({
    ...source,
    desc: field.desc,
    at: field.at,
    faulty: field.faulty || source.faulty,
    alias: undefined,
    fallback: field.fallback,
    reveal: field.reveal ?? source.reveal,
    fresh: field.fresh ?? source.fresh,
    onRequest: field.onRequest,
    ...(direct.has(field) ? {} : { source }),
  });
  const done = new Set<string>();
  const membersOf = (name: string): IrField[] => {
    if (done.has(name)) return [];
    done.add(name);
    const members = kept.members.get(name) ?? [];
    const [keptMember, first] = [members.find((member) => member.kept), members[0]];
    const oneof = (keptMember && copyOf.get(keptMember.field)?.desc.oneof) ?? first?.field.desc.oneof;
    return members.map((member): IrField => {
      const field = member.kept ? copyOf.get(member.field) : undefined;
      if (field !== undefined) return { ...copied(field, member.field), ...(oneof && { oneof }) };
      const value = member.valued ? {} : { by: undefined, resolver: undefined, reads: undefined };
      return {
        ...member.field,
        ...value,
        onRequest: undefined,
        source: member.field,
        left: true,
        ...(oneof && { oneof }),
      };
    });
  };
  const copies = message.fields.flatMap((field): IrField[] => {
    const source = pairs.get(field);
    if (source === undefined) return isFilled(field.desc) ? [field] : [];
    return source.desc.oneof === undefined ? [copied(field, source)] : membersOf(source.desc.oneof.name);
  });
  return [...copies, ...[...kept.members.keys()].flatMap(membersOf)];
}

/** Returns the fields of a step's value, as far as its declaration shows them. */
function filledBy(ir: Ir, { source }: IrStep, container: string): ReadonlySet<string> | undefined {
  const [call] = declaredCalls(source);
  const text = composed(source)[0];
  const desc =
    call === undefined
      ? text && resolveName(container, text.value, (name) => ir.registry.getMessage(name))
      : call.batch === undefined && call.method && methodNamed(ir, call.method.value)?.output;
  return desc ? new Set(desc.fields.map(({ name }) => name)) : undefined;
}

// Arguments that a message reads, found before its places are known.

/** Returns the names that a message reads, or can use by `spread: "args"`. Undefined: a function may read any. */
function argumentsOf(
  ir: Ir,
  messages: ReadonlyMap<string, Declared>,
  name: string,
  around: ReadonlySet<string> = new Set(),
): ReadonlySet<string> | undefined {
  const message = messages.get(name);
  if (message === undefined || around.has(name)) return new Set();
  if (hasResolver(message.ir)) return undefined;
  const container = message.file.desc.proto.package;
  const found = new Set(
    messageTexts(message.ir).flatMap(({ text }) => [...freeNames(text.value, ir.registry, container).args]),
  );
  for (const { source } of message.ir.steps) {
    const inner = innerSource(source);
    if (inner?.kind === "call" && inner.set.some(spreadsArgs))
      for (const field of (inner.method && methodNamed(ir, inner.method.value)?.input.fields) ?? [])
        found.add(field.name);
    if (inner?.kind !== "compose" || inner.message === undefined || !inner.args.some(spreadsArgs)) continue;
    const child = resolveName(container, inner.message.value, (candidate) =>
      messages.has(candidate) ? candidate : undefined,
    );
    const inside =
      child === undefined ? new Set<string>() : argumentsOf(ir, messages, child, new Set([...around, name]));
    if (inside === undefined) return undefined;
    for (const argument of inside) found.add(argument);
  }
  return found;
}
const spreadsArgs = ({ spread }: IrBind): boolean => spread?.value.trim() === "args";
