// Which arguments have presence (language.md, "Absence"): those that every place gives by a path to, or a spread of, a field with presence,
// and that no place may leave out.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { IrBind, IrCall, IrCompose, IrEach, IrSource, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression, sureWhere, union } from "./cel/expression.ts";
import { hasPresence } from "./cel/field-value.ts";
import { callOf, isSupplementary, type Place, type Program } from "./static.ts";

/** Place of a step that composes a message. */
interface Composing {
  readonly place: Place;
  readonly step: IrStep;
  readonly compose: IrCompose;
  readonly each: IrEach | undefined;
}

export class Presence {
  readonly #program: Program;
  readonly #known = new Map<string, boolean>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** Reports whether a message may use `has(args.name)`, and whether a path passes the argument on unset. */
  of(desc: DescMessage, name: string): boolean {
    const key = `${desc.typeName} ${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const requests = this.#requests(desc).map((request) => request.fields.find((field) => field.name === name));
    const found =
      requests.every((field) => field !== undefined && hasPresence(field)) &&
      this.#composing(desc).every((composer) => this.#hands(composer, name) !== undefined) &&
      this.#oneDefault(desc, name, requests);
    this.#known.set(key, found);
    return found;
  }

  #oneDefault(desc: DescMessage, name: string, requests: readonly (DescField | undefined)[]): boolean {
    const fields = [...requests, ...this.#composing(desc).map((composer) => this.#hands(composer, name))];
    const presets = fields.map((field) =>
      field?.fieldKind === "scalar" || field?.fieldKind === "enum" ? field.getDefaultValue() : undefined,
    );
    return new Set(presets).size === 1;
  }

  #requests(desc: DescMessage): DescMessage[] {
    const methods = this.#program.ir.files.flatMap((file) => file.services.flatMap((service) => service.methods));
    return methods.flatMap((method) =>
      this.#program.composes(method.desc).typeName === desc.typeName ? [method.desc.input] : [],
    );
  }

  #composing(desc: DescMessage): Composing[] {
    return this.#program.holders().flatMap((place) =>
      place.message.steps.flatMap((step): Composing[] => {
        const { source } = step;
        const each = source?.kind === "each" ? source : undefined;
        const compose = each === undefined ? source : each.source;
        if (compose?.kind !== "compose") return [];
        const is = place.evaluator.message(compose.message?.value ?? "").typeName === desc.typeName;
        return is ? [{ place, step, compose, each }] : [];
      }),
    );
  }

  /** The field with presence by which a place gives an argument; undefined where it gives a value, or perhaps nothing. */
  #hands({ place, step, compose, each }: Composing, name: string): DescField | undefined {
    const sure = this.#sure(step, each);
    const named = compose.args.find((bind) => bind.name?.value === name);
    if (named !== undefined) {
      if (named.if !== undefined || this.#missing(place, named.by?.value, sure)) return undefined;
      const { path } = expression(named.by?.value ?? "null");
      return path && this.#presenceAt(place, each, path);
    }
    for (const bind of compose.args.toReversed()) {
      const path = bind.spread && expression(bind.spread.value).path;
      if (path === undefined || this.#missing(place, bind.spread?.value, sure)) continue;
      const found = this.#presenceAt(place, each, [...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #presenceAt(place: Place, each: IrEach | undefined, path: readonly string[]): DescField | undefined {
    const [first, second = ""] = path;
    if (first === "args" && path.length === 2 && this.#request(place) === undefined) {
      if (!this.of(place.message.desc, second)) return undefined;
      const [composer] = this.#composing(place.message.desc);
      return composer && this.#hands(composer, second);
    }
    const field = this.#fieldAt(place, each, path);
    return field !== undefined && hasPresence(field) ? field : undefined;
  }

  #fieldAt(place: Place, each: IrEach | undefined, path: readonly string[]): DescField | undefined {
    const of = path.length < 2 ? undefined : this.#messageAt(place, each, path.slice(0, -1));
    return of?.fields.find((field) => field.name === path.at(-1));
  }

  /** The request of a message that nothing else gives arguments. */
  #request(place: Place): DescMessage | undefined {
    const [first, ...others] = this.#requests(place.message.desc);
    const alone = others.every((other) => other.typeName === first?.typeName);
    return alone && this.#composing(place.message.desc).length === 0 ? first : undefined;
  }

  #messageAt(place: Place, each: IrEach | undefined, path: readonly string[]): DescMessage | undefined {
    const [first = "", second = "", ...rest] = path;
    if (path.length === 1 && first === "args") return this.#request(place);
    if (path.length === 1 && first === each?.var?.value) {
      const over = expression(each.in?.value ?? "null").path;
      return (
        over &&
        (over.length === 1 ? this.#messageAt(place, undefined, over) : this.#fieldAt(place, undefined, over)?.message)
      );
    }
    if (path.length === 1) {
      const step = this.#step(place, first);
      return step && this.#typeOf(place, step.source, undefined);
    }
    const item = this.#program.itemOf(place.message.desc);
    if (first === "args" && rest.length === 0 && item?.name === second) return item.type;
    if (first !== "args" || rest.length > 0 || this.#request(place) !== undefined)
      return this.#fieldAt(place, each, path)?.message;
    const [request] = this.#requests(place.message.desc);
    if (request !== undefined) return request.fields.find((field) => field.name === second)?.message;
    for (const composer of this.#composing(place.message.desc)) {
      const bind = composer.compose.args.find(({ name }) => name?.value === second);
      const by = bind && expression(bind.by?.value ?? "null").path;
      const found = by && this.#messageAt(composer.place, composer.each, by);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #step(place: Place, name: string): IrStep | undefined {
    const shared = this.#program.ir.files.flatMap((file) => file.services.flatMap((service) => service.steps));
    return [...place.message.steps, ...shared].find((step) => step.name?.value === name);
  }

  /** The message that a step is, or that each of its items is. */
  #typeOf(place: Place, source: IrSource | undefined, each: IrEach | undefined): DescMessage | undefined {
    if (source?.kind === "compose") return place.evaluator.message(source.message?.value ?? "");
    if (source?.kind === "by") {
      const { path } = expression(source.by.value);
      return path && this.#messageAt(place, each, path);
    }
    if (source?.kind === "each" && source.key === undefined) return this.#typeOf(place, source.source, source);
    if (source?.kind !== "call") return undefined;
    const { output } = this.#program.method(place, source);
    const items = source.batch?.items?.value;
    return items === undefined ? output : output.fields.find((field) => field.name === items)?.message;
  }

  // ---- what may be absent ----

  #sure(step: IrStep, each: IrEach | undefined): ReadonlySet<string> {
    return union(sureWhere(step.if?.value), sureWhere(each?.if?.value));
  }

  /** Reports whether an expression reads, without a test, a value that may be absent. */
  #missing(place: Place, text: string | undefined, sure: ReadonlySet<string>): boolean {
    if (text === undefined) return false;
    return expression(text).reads.some(({ name, safe }) => !safe && !sure.has(name) && this.#absent(place, name));
  }

  #absent(place: Place, name: string): boolean {
    if (name.startsWith("args.")) {
      const arg = name.slice("args.".length);
      return this.#composing(place.message.desc).some((composer) => this.#leavesOut(composer, arg));
    }
    const step = this.#step(place, name);
    if (step === undefined || step.fallback !== undefined) return false;
    if (isSupplementary(step) || step.if !== undefined) return true;
    const call = step.source?.kind === "call" ? callOf(step.source) : undefined;
    if (call !== undefined && this.#ignores(place, call)) return true;
    if (step.source?.kind === "switch" && step.source.default === undefined) return true;
    return this.#needs(step.source).some(([text, when]) => this.#missing(place, text, sureWhere(when)));
  }

  #leavesOut(composer: Composing, name: string): boolean {
    const bind = composer.compose.args.find((arg) => arg.name?.value === name);
    const sure = this.#sure(composer.step, composer.each);
    if (bind !== undefined) return bind.if !== undefined || this.#missing(composer.place, bind.by?.value, sure);
    return composer.compose.args.some(({ spread }) => {
      if (spread?.value.trim() === "args" && this.#request(composer.place) === undefined)
        return this.#missing(composer.place, `args.${name}`, sure);
      return this.#missing(composer.place, spread?.value, sure);
    });
  }

  #ignores(place: Place, call: IrCall): boolean {
    const ignored = this.#program.errorRules(place, call).some((rule) => rule.then?.kind === "ignore");
    return ignored || (call.batch !== undefined && call.batch.many?.value !== true);
  }

  /** Returns the inputs that a step requires, each with the `if` around it. */
  #needs(source: IrSource | undefined): [text: string | undefined, when: string | undefined][] {
    const binds = (all: readonly IrBind[]): [string | undefined, string | undefined][] =>
      all.flatMap((bind) => [
        [bind.by?.value, bind.if?.value],
        [bind.spread?.value, undefined],
        [bind.if?.value, undefined],
      ]);
    switch (source?.kind) {
      case "by":
        return [[source.by.value, undefined]];
      case "call":
        return [
          ...binds([...source.set, ...source.policy.metadata]),
          [source.request?.value, undefined],
          [source.batch?.by?.value, undefined],
        ];
      case "each":
        return [[source.in?.value, undefined]];
      case "switch":
        return [
          ...source.cases.flatMap(({ if: when, by }): [string | undefined, string | undefined][] => [
            [when?.value, undefined],
            [by?.value, when?.value],
          ]),
          [source.default?.value, undefined],
        ];
      default:
        return [];
    }
  }
}
