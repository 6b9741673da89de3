// The alias relations: the upstream types of which BFF messages and enums are copies, and the conversion of each field.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { extensionNamed, NO_EXTENSIONS } from "../../cel/index.ts";
import { fieldType } from "../../cel/types/model/field-type.ts";
import { didYouMean, fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrEnum, IrField, IrMessage } from "../../ir/ir.ts";
import type { Conversions, ConvertedTarget, EnumConversion, MessageConversion } from "../../model/conversion.ts";
import type { Observe } from "../model/checked-text.ts";
import { isFilled } from "../model/degradation.ts";
import { lookupEnum, lookupMessage, resolveName } from "../names/lookup.ts";
import { computedOf, fallbackOf, writtenTo } from "./computed-fields.ts";
import { conversion } from "./convert.ts";
import { grouped, placing } from "./copy-targets.ts";
import { checkEndlessCopies } from "./endless-copies.ts";
import { checkUnaliased, enumInward, enumOutward } from "./enum-aliases.ts";
import { type EnumRelations, enumRelations } from "./enum-relations.ts";
import { withInner } from "./inner-conversions.ts";
import { formName } from "./same-form.ts";
import type { Aliases } from "./value.ts";

/** The `position` of a copy to the declared response. */
const RESPONSE = -1;

/** A type with the types of which it is a copy. */
interface Alias<I, D> {
  readonly ir: I;
  readonly upstreams: readonly D[];
}

export class AliasTable implements Aliases {
  readonly #ir: Ir;
  readonly #report: Report;
  readonly #observe: Observe | undefined;
  readonly #messages = new Map<string, Alias<IrMessage, DescMessage>>();
  /** The runtime fills fields of a composed message, and of its copy if that is composed, too. */
  readonly #composed = new Set<string>();
  readonly #enums = new Map<string, Alias<IrEnum, DescEnum>>();
  /** Types whose upstream was not found. Every value fits them, so that one mistake results in one diagnostic. */
  readonly #broken = new Set<string>();
  readonly #builtMessages = new Map<string, MessageConversion>();
  readonly #builtEnums = new Map<string, EnumConversion>();
  /** Copies nest each other in chains of any length: each is filled once the one around it is. */
  readonly #unfilled: (() => void)[] = [];
  #filling = false;
  readonly #reported = new Set<string>();
  /** Conversions that a declaration or a value needs, and not only a check or another conversion. */
  readonly #needed = new Set<MessageConversion>();
  /** Conversions of values in answers, requests and expressions. */
  readonly #ofValues = new Set<MessageConversion>();
  #requester: "check" | "declaration" | "value" = "value";
  /** Relations of enums for expressions, beside their declarations. */
  readonly relations: EnumRelations;

  constructor(ir: Ir, report: Report, observe?: Observe) {
    this.#ir = ir;
    this.#observe = observe;
    this.#report = report;
    this.relations = enumRelations(ir, this);
    for (const { desc, messages, enums } of ir.files) {
      for (const message of messages) {
        if (message.steps.length > 0) this.#composed.add(message.desc.typeName);
        this.#declareMessage(message, desc.proto.package);
      }
      for (const declared of enums) this.#declareEnum(declared, desc.proto.package);
    }
  }

  #declareMessage(ir: IrMessage, container: string): void {
    if (ir.alias === undefined) return;
    const aliases = [ir.alias, ...ir.otherAliases];
    const found = aliases.map((alias) => lookupMessage(this.#ir, alias, container, this.#report));
    const upstreams = this.#upstreams(ir.desc, aliases, found, (name) => this.#ir.registry.getMessage(name));
    if (upstreams !== undefined) this.#messages.set(ir.desc.typeName, { ir, upstreams });
  }

  #declareEnum(ir: IrEnum, container: string): void {
    if (ir.alias.length === 0) {
      checkUnaliased(ir, this.#report);
      return;
    }
    const found = ir.alias.map((alias) => lookupEnum(this.#ir, alias, container, this.#report));
    const upstreams = this.#upstreams(ir.desc, ir.alias, found, (name) => this.#ir.registry.getEnum(name));
    if (upstreams !== undefined) this.#enums.set(ir.desc.typeName, { ir, upstreams });
  }

  /** Returns undefined after a diagnostic, if an upstream is missing or is the type itself. */
  #upstreams<T extends DescMessage | DescEnum>(
    desc: T,
    aliases: readonly Text[],
    found: readonly (T | undefined)[],
    get: (name: string) => T | undefined,
  ): readonly T[] | undefined {
    const isSelf = aliasesItself(desc, aliases, found, { get, report: this.#report });
    const upstreams = found.filter((upstream) => upstream !== undefined);
    if (!isSelf && upstreams.length === found.length) return upstreams;
    this.#broken.add(desc.typeName);
    return undefined;
  }

  /** Returns the conversions requested until now, without copies of composed messages that are composed themselves. */
  conversions(): Conversions {
    const needed = withInner(this.#needed);
    const messages = [...this.#builtMessages.values()].filter((conversion) => needed.has(conversion));
    return { messages, enums: [...this.#builtEnums.values()] };
  }

  /** Returns the conversions that values need, and those inside. */
  ofValues(): ReadonlySet<MessageConversion> {
    return withInner(this.#ofValues);
  }

  /** Resolves a message that nothing composes: no answer holds its values. */
  uncomposed(resolveMessage: () => void): void {
    this.#requester = "declaration";
    resolveMessage();
    this.#requester = "value";
  }

  /** Builds the conversion from its upstream for every aliased message and enum, reporting what does not fit. */
  buildAll(): this {
    for (const { ir, upstreams } of this.#enums.values())
      for (const upstream of upstreams) this.enum(upstream, ir.desc);
    for (const { ir, upstreams } of this.#messages.values())
      for (const upstream of upstreams) {
        this.#requester = this.#composed.has(upstream.typeName) ? "check" : "declaration";
        this.message(upstream, ir.desc);
      }
    this.#requester = "value";
    checkEndlessCopies(this.#builtMessages.values(), this.#report);
    return this;
  }

  message(from: DescMessage, to: DescMessage): MessageConversion | undefined {
    const found = this.#message(from, to);
    if (found === undefined || this.#filling || this.#requester === "check") return found;
    this.#needed.add(found);
    if (this.#requester === "value") this.#ofValues.add(found);
    return found;
  }
  #message(from: DescMessage, to: DescMessage): MessageConversion | undefined {
    const key = `${from.typeName}>${to.typeName}`;
    const built = this.#builtMessages.get(key);
    if (built !== undefined) return built;
    if (this.#isBroken(from, to)) return { from, to, owner: to, position: 0, targets: [] };
    const { inward, position, outward } = related(this.#messages, from, to);
    const alias = inward ?? outward;
    if (alias === undefined) return undefined;
    const targets: ConvertedTarget[] = [];
    // Registered before its fields are looked at: messages may nest themselves.
    const result: MessageConversion = { from, to, owner: alias.ir.desc, position, targets };
    this.#builtMessages.set(key, result);
    const towardsBff = inward !== undefined;
    this.#later(() => this.#fill(targets, alias.ir, towardsBff ? from : to, towardsBff));
    return result;
  }

  /** Reports a fault that several aliases share only once. */
  readonly #once: Report = (diagnostic) => {
    const { code, message, at } = diagnostic;
    const key = `${code} ${at.file}:${at.line}:${at.column} ${message}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#report(diagnostic);
  };

  #later(fill: () => void): void {
    this.#unfilled.push(fill);
    if (this.#filling) return;
    this.#filling = true;
    for (let next = this.#unfilled.shift(); next !== undefined; next = this.#unfilled.shift()) next();
    this.#filling = false;
  }

  #fill(targets: ConvertedTarget[], ir: IrMessage, upstream: DescMessage, towardsBff: boolean): void {
    const report = towardsBff ? this.#once : () => {};
    const cx = { registry: this.#ir.registry, aliases: this, enums: this.relations, observe: this.#observe, report };
    const place = placing(targets);
    for (const field of ir.fields) {
      if (isFilled(field.desc) && this.#composed.has(upstream.typeName)) continue;
      const fallback = field.fallback && fallbackOf(cx, field, field.fallback);
      if (field.by !== undefined && towardsBff) {
        const bound = computedOf(cx, field, field.by, upstream);
        if (bound !== undefined) targets.push({ kind: "computed", to: field.desc, bound, fallback });
        continue;
      }
      const path =
        field.by === undefined ? [counterpart(field, upstream, cx.report)] : writtenTo(field.by.value, upstream);
      const theirs = path?.at(-1);
      if (path === undefined || theirs === undefined) continue;
      const [from, to] = towardsBff ? [theirs, field.desc] : [field.desc, theirs];
      const how = conversion(fieldType(from), fieldType(to), this);
      if (how.kind !== "misfit") {
        const above = path.slice(0, -1).filter((part) => part !== undefined);
        place(above, { kind: "field", to, from, conversion: how, fallback });
      } else if (towardsBff)
        fault(this.#report, "BFF405", field.at, {
          message: `"${field.desc.name}" cannot be taken from "${upstream.typeName}.${theirs.name}": ${how.message}`,
          hint:
            how.code === "BFF414"
              ? how.hint
              : `declare it as ${formName(fieldType(theirs).proto)}, as in "${upstream.typeName}", or convert it with \`by\``,
        });
    }
  }

  isLocal = ({ file }: DescMessage | DescEnum): boolean =>
    this.#ir.files.some(({ desc }) => desc.proto.package === file.proto.package);

  isComposed = ({ typeName }: DescMessage | DescEnum): boolean => this.#composed.has(typeName);

  isCopyOf = ({ typeName }: DescMessage | DescEnum, upstream: DescMessage): boolean =>
    this.#messages.get(typeName)?.upstreams.includes(upstream) === true;

  unwritable(from: DescMessage, to: DescMessage): { field: DescField; why: string } | undefined {
    const { outward } = related(this.#messages, from, to);
    return outward && this.#unwritable(outward, new Set());
  }
  #unwritable(
    { ir, upstreams: [upstream] }: Alias<IrMessage, DescMessage>,
    seen: Set<IrMessage>,
  ): { field: DescField; why: string } | undefined {
    if (upstream === undefined || seen.has(ir)) return undefined;
    seen.add(ir);
    const written: (readonly DescField[])[] = [];
    for (const { desc: field, by, alias, fallback } of ir.fields) {
      const name = alias?.value ?? field.name;
      const path =
        by === undefined ? upstream.fields.filter((member) => member.name === name) : writtenTo(by.value, upstream);
      if (path === undefined) return { field, why: "is computed" };
      if (written.some((other) => isBeginning(other, path) || isBeginning(path, other)))
        return { field, why: "has the target of another field" };
      written.push(path);
      if (fallback !== undefined && path.at(-1)?.oneof !== undefined)
        return { field, why: "would always set a member of a oneof" };
      const inner = field.message && this.#messages.get(field.message.typeName);
      const found = inner && this.#unwritable(inner, seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  enum(from: DescEnum, to: DescEnum): EnumConversion | undefined {
    const key = `${from.typeName}>${to.typeName}`;
    const built = this.#builtEnums.get(key);
    if (built !== undefined) return built;
    if (this.#isBroken(from, to)) return { from, to, owner: to, position: 0, values: [], default: undefined };
    const { inward, position, outward } = related(this.#enums, from, to);
    const result = inward
      ? enumInward(inward.ir, inward.upstreams, position, this.#report)
      : outward && enumOutward(outward.ir, outward.upstreams);
    if (result !== undefined) this.#builtEnums.set(key, result);
    return result;
  }

  #isBroken(from: DescMessage | DescEnum, to: DescMessage | DescEnum): boolean {
    return this.#broken.has(from.typeName) || this.#broken.has(to.typeName);
  }

  /** Copies the composed message to the response that an RPC declares, by the names of its fields. */
  response(from: DescMessage, to: DescMessage, at: Origin): MessageConversion {
    const key = `${from.typeName}=${to.typeName}`;
    const built = this.#builtMessages.get(key);
    if (built !== undefined) return built;
    const targets: ConvertedTarget[] = [];
    const group = grouped(targets);
    for (const field of to.fields) {
      if (isFilled(field)) continue;
      const theirs = from.fields.find((candidate) => candidate.name === field.name);
      const how = theirs && conversion(fieldType(theirs), fieldType(field), this);
      if (theirs !== undefined && how !== undefined && how.kind !== "misfit")
        group({ kind: "field", to: field, from: theirs, conversion: how });
      else
        fault(this.#report, "BFF417", at, {
          message:
            theirs === undefined
              ? `"${from.name}" has no field "${field.name}", but the response "${to.name}" has one`
              : `"${field.name}" of "${from.name}" does not fit "${field.name}" of the response "${to.name}"`,
          hint: `declare "${field.name}" alike in both messages, or leave out \`response\``,
        });
    }
    const result: MessageConversion = { from, to, owner: from, position: RESPONSE, targets };
    this.#builtMessages.set(key, result);
    this.#needed.add(result);
    this.#ofValues.add(result);
    return result;
  }
}

/**
 * Returns the declaration by which one of two types is a copy of the other. `inward`: the second is the copy.
 * `outward`: the first is the copy, and the second is its first upstream. `position`: the index of the first type among
 * the upstreams of `inward`.
 */
function related<I, D extends DescMessage | DescEnum>(
  aliases: ReadonlyMap<string, Alias<I, D>>,
  from: D,
  to: D,
): { readonly inward?: Alias<I, D>; readonly position: number; readonly outward?: Alias<I, D> } {
  const inward = aliases.get(to.typeName);
  const position = inward?.upstreams.findIndex((upstream) => upstream.typeName === from.typeName) ?? -1;
  if (inward !== undefined && position >= 0) return { inward, position };
  const outward = aliases.get(from.typeName);
  return outward?.upstreams[0]?.typeName === to.typeName ? { outward, position: 0 } : { position: 0 };
}

/** Returns true if one path equals another one, or leads to a message that contains the other. */
function isBeginning(short: readonly DescField[], long: readonly DescField[]): boolean {
  return short.length > 0 && short.every((field, i) => field === long[i]);
}

function counterpart(field: IrField, upstream: DescMessage, report: Report): DescField | undefined {
  const name = field.alias?.value ?? field.desc.name;
  const found = upstream.fields.find((candidate) => candidate.name === name);
  if (found !== undefined || field.resolver !== undefined) return found; // a resolver here has been reported
  if (extensionNamed(upstream, name) !== undefined)
    return fault(report, "BFF404", field.alias?.at ?? field.at, {
      message: `"${name}" is an extension of "${upstream.typeName}", not a field of it`,
      hint: NO_EXTENSIONS,
    });
  const like = didYouMean(
    name,
    upstream.fields.map((candidate) => candidate.name),
  );
  return fault(report, "BFF404", field.alias?.at ?? field.at, {
    message: `"${upstream.typeName}" has no field "${name}"`,
    hint:
      like === undefined
        ? `name the upstream's field with [(bff.v1.field).alias = "…"], or remove this field; it has: ${upstream.fields.map((candidate) => candidate.name).join(", ")}`
        : `did you mean [(bff.v1.field).alias = "${like}"]?`,
  });
}

/** Returns true if one of the aliases is the type itself: a copy of itself has no source. */
function aliasesItself<T extends DescMessage | DescEnum>(
  desc: T,
  aliases: readonly Text[],
  upstreams: readonly (T | undefined)[],
  { get, report }: { readonly get: (name: string) => T | undefined; readonly report: Report },
): boolean {
  const at = aliases[upstreams.indexOf(desc)];
  if (at === undefined) return false;
  // The name may resolve to another type in an outer scope, if the type itself does not hide it.
  const further = resolveName(desc.file.proto.package, at.value, (name) => {
    const found = get(name);
    return found === desc ? undefined : found;
  });
  fault(report, "BFF431", at.at, {
    message: `"${desc.typeName}" is declared as a copy of itself`,
    hint:
      further === undefined
        ? "name the upstream's type with its package"
        : `write ".${further.typeName}": with the dot in front a name begins with its package`,
  });
  return true;
}
