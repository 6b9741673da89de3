// Side effects of declared steps, before they are resolved.
import type { Ir, IrFile, IrMessage, IrMethod, IrSubset } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { composed, declaredCalls, rootOf } from "../graph/message-graph.ts";
import { methodNamed, resolveName } from "../names/lookup.ts";
import { entriesFor, type Governing, governing } from "../policies/entries.ts";
import { effectsOf } from "../policies/vouching.ts";

/** A message with the file whose names it sees. */
export interface Declared {
  readonly ir: IrMessage;
  readonly file: IrFile;
}

export class Effects {
  readonly #ir: Ir;
  /** By type name; subsets replace their declarations as they are filled in. */
  readonly #messages: ReadonlyMap<string, Declared>;
  readonly #subsets: ReadonlyMap<string, IrSubset>;
  readonly #packages = new Map<string, Governing>();

  constructor(ir: Ir, messages: ReadonlyMap<string, Declared>, subsets: ReadonlyMap<string, IrSubset>) {
    this.#ir = ir;
    this.#messages = messages;
    this.#subsets = subsets;
  }

  /** Returns true if a step of a package may have side effects in these rpcs, itself or in messages that it composes. */
  of(step: IrStep, container: string, roots: readonly IrMethod[], around: ReadonlySet<string> = new Set()): boolean {
    const { entries } = this.#governing(container);
    const writes = declaredCalls(step.source).some((call) => {
      const method = call.method && methodNamed(this.#ir, call.method.value);
      if (method === undefined) return true;
      const sources = { callPolicy: call.policy, entries: entriesFor(entries, method), roots, at: call.at };
      return effectsOf(method, sources, () => {}).effects !== "none";
    });
    return (
      writes ||
      this.composedBy([step], container).some((name) => {
        const message = this.#messages.get(name);
        if (message === undefined || around.has(name)) return false;
        const within = new Set([...around, name]);
        return message.ir.steps.some((inner) => this.of(inner, message.file.desc.proto.package, roots, within));
      })
    );
  }

  /** Returns the names of the messages that steps of a package compose. */
  composedBy(steps: readonly IrStep[], container: string): readonly string[] {
    return steps
      .flatMap((step) => composed(step.source))
      .flatMap(
        (text) => resolveName(container, text.value, (name) => (this.#messages.has(name) ? name : undefined)) ?? [],
      );
  }

  /** Returns the names of the messages that a message may compose. A subset may compose subsets of what it copies. */
  children(name: string): readonly string[] {
    const message = this.#messages.get(name);
    const subset = this.#subsets.get(name);
    if (message === undefined) return [];
    if (subset === undefined) return this.composedBy(message.ir.steps, message.file.desc.proto.package);
    const inside = message.ir.fields.flatMap(({ desc }) => desc.message?.typeName ?? []);
    return [...this.composedBy(subset.of.steps, subset.file.desc.proto.package), ...inside];
  }

  /** Returns the rpcs whose responses a message may be part of. */
  rootsOf(name: string, seen: ReadonlySet<string> = new Set()): readonly IrMethod[] {
    const roots = new Set<IrMethod>();
    for (const { services, desc } of this.#ir.files)
      for (const { methods, steps } of services) {
        const container = desc.proto.package;
        const inLet = this.composedBy(steps, container).includes(name);
        for (const method of methods)
          if (inLet || rootOf(method, container, (candidate) => this.#messages.has(candidate)) === name)
            roots.add(method);
      }
    for (const composer of this.#messages.keys()) {
      if (seen.has(composer) || !this.children(composer).includes(name)) continue;
      for (const root of this.rootsOf(composer, new Set([...seen, name]))) roots.add(root);
    }
    return [...roots];
  }

  #governing(name: string): Governing {
    const known = this.#packages.get(name) ?? governing(this.#ir, name);
    this.#packages.set(name, known);
    return known;
  }
}
