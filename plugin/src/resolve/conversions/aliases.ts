// The alias relations: which BFF messages and enums are copies of which upstream ones, and how each field gets across.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { extensionNamed, NO_EXTENSIONS } from "../../cel/index.ts";
import { fieldType } from "../../cel/types/field-type.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import { didYouMean } from "../../diagnostic/did-you-mean.ts";
import type { Ir, IrEnum, IrEnumValue, IrField, IrMessage } from "../../ir.ts";
import type { Origin, Text } from "../../origin.ts";
import { isDegradation } from "../model/degradation.ts";
import type { Conversion, Conversions, ConvertedTarget, EnumConversion, MessageConversion } from "../model/model.ts";
import { lookupEnum, lookupMessage, resolveName } from "../names/lookup.ts";
import { type Aliases, conversion } from "./convert.ts";
import { formName } from "./same-form.ts";

/** The `position` of a copy to the declared response. */
const RESPONSE = -1;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface AliasTable extends Aliases {
  /** Everything asked for so far. */
  readonly conversions: () => Conversions;
  /** Copies what is composed to the response that an rpc declares, by the names of its fields. */
  readonly response: (from: DescMessage, to: DescMessage, at: Origin) => MessageConversion;
  /** Builds the conversion from its upstream for every aliased message and enum, reporting what does not fit. */
  readonly buildAll: () => void;
}

export function aliasTable(ir: Ir, report: Report): AliasTable {
  const messages = new Map<string, { ir: IrMessage; upstreams: DescMessage[] }>();
  const enums = new Map<string, { ir: IrEnum; upstreams: DescEnum[] }>();
  /** Those whose upstream was not found: everything fits them, so that one mistake gives one message. */
  const broken = new Set<string>();
  for (const file of ir.files) {
    const container = file.desc.proto.package;
    for (const message of file.messages) {
      if (message.alias === undefined) continue;
      const aliases = [message.alias, ...message.otherAliases];
      const upstreams = aliases.map((alias) => lookupMessage(ir, alias, container, report));
      const own = isItsOwn(message.desc, aliases, upstreams, { get: (name) => ir.registry.getMessage(name), report });
      if (own || upstreams.includes(undefined)) broken.add(message.desc.typeName);
      else
        messages.set(message.desc.typeName, {
          ir: message,
          upstreams: upstreams.filter((upstream) => upstream !== undefined),
        });
    }
    for (const declared of file.enums) {
      if (declared.alias.length === 0) {
        checkUnaliased(declared, report);
        continue;
      }
      const upstreams = declared.alias.map((alias) => lookupEnum(ir, alias, container, report));
      const own = isItsOwn(declared.desc, declared.alias, upstreams, {
        get: (name) => ir.registry.getEnum(name),
        report,
      });
      if (own || upstreams.includes(undefined)) broken.add(declared.desc.typeName);
      else
        enums.set(declared.desc.typeName, {
          ir: declared,
          upstreams: upstreams.filter((upstream) => upstream !== undefined),
        });
    }
  }

  const builtMessages = new Map<string, MessageConversion>();
  const builtEnums = new Map<string, EnumConversion>();

  const message = (from: DescMessage, to: DescMessage): MessageConversion | undefined => {
    const key = `${from.typeName}>${to.typeName}`;
    const built = builtMessages.get(key);
    if (built !== undefined) return built;
    const inward = messages.get(to.typeName);
    const outward = messages.get(from.typeName);
    const position = inward?.upstreams.findIndex((upstream) => upstream.typeName === from.typeName) ?? -1;
    const towardsBff = position >= 0;
    const alias = towardsBff ? inward : outward?.upstreams[0]?.typeName === to.typeName ? outward : undefined;
    if (broken.has(from.typeName) || broken.has(to.typeName)) return { from, to, owner: to, position: 0, targets: [] };
    if (alias === undefined) return undefined;
    const targets: ConvertedTarget[] = [];
    // Registered before its fields are looked at: messages may nest themselves.
    const result: Mutable<MessageConversion> = {
      from,
      to,
      owner: alias.ir.desc,
      position: Math.max(0, position),
      targets,
    };
    builtMessages.set(key, result);
    later(() => fill(targets, { ir: alias.ir, upstream: towardsBff ? from : to }, towardsBff));
    return result;
  };

  // Copies nest each other in chains of any length: each is filled once the one around it is.
  const unfilled: (() => void)[] = [];
  let filling = false;
  const later = (fillOne: () => void): void => {
    unfilled.push(fillOne);
    if (filling) return;
    filling = true;
    for (let next = unfilled.shift(); next !== undefined; next = unfilled.shift()) next();
    filling = false;
  };

  const fill = (
    targets: ConvertedTarget[],
    alias: { ir: IrMessage; upstream: DescMessage },
    towardsBff: boolean,
  ): void => {
    const group = grouped(targets);
    for (const field of alias.ir.fields) {
      const theirs = counterpart(field, alias.upstream, towardsBff ? report : () => {});
      if (theirs === undefined) continue;
      const [from, to] = towardsBff ? [theirs, field.desc] : [field.desc, theirs];
      const how = conversion(fieldType(from), fieldType(to), table);
      if (how.kind === "misfit") {
        if (towardsBff) {
          report({
            code: "BFF405",
            severity: "error",
            message: `"${field.desc.name}" cannot be taken from "${alias.upstream.typeName}.${theirs.name}": ${how.message}`,
            at: field.at,
            // Of a copy nothing can be written around a value.
            hint:
              how.code === "BFF414"
                ? how.hint
                : `declare it as ${formName(fieldType(theirs).proto)}, as "${alias.upstream.typeName}" has it`,
          });
        }
        continue;
      }
      group(to, from, how);
    }
  };

  const enumeration = (from: DescEnum, to: DescEnum): EnumConversion | undefined => {
    const key = `${from.typeName}>${to.typeName}`;
    const built = builtEnums.get(key);
    if (built !== undefined) return built;
    if (broken.has(from.typeName) || broken.has(to.typeName))
      return { from, to, owner: to, position: 0, values: [], default: undefined };
    const inward = enums.get(to.typeName);
    const outward = enums.get(from.typeName);
    const position = inward?.upstreams.findIndex((upstream) => upstream.typeName === from.typeName) ?? -1;
    const result =
      inward !== undefined && position >= 0
        ? enumInward(inward.ir, inward.upstreams, position, report)
        : outward?.upstreams[0]?.typeName === to.typeName
          ? enumOutward(outward.ir, outward.upstreams)
          : undefined;
    if (result !== undefined) builtEnums.set(key, result);
    return result;
  };

  const response = (from: DescMessage, to: DescMessage, at: Origin): MessageConversion => {
    const key = `${from.typeName}=${to.typeName}`;
    const built = builtMessages.get(key);
    if (built !== undefined) return built;
    const targets: ConvertedTarget[] = [];
    const group = grouped(targets);
    for (const field of to.fields) {
      if (isDegradation(field)) continue;
      const theirs = from.fields.find((candidate) => candidate.name === field.name);
      const how = theirs && conversion(fieldType(theirs), fieldType(field), table);
      if (theirs !== undefined && how !== undefined && how.kind !== "misfit") group(field, theirs, how);
      else
        report({
          code: "BFF417",
          severity: "error",
          message:
            theirs === undefined
              ? `"${from.name}" has no field "${field.name}", which the response "${to.name}" has`
              : `"${field.name}" of "${from.name}" does not fit that of the response "${to.name}"`,
          at,
          hint: `declare "${field.name}" alike in both messages, or leave out \`response\``,
        });
    }
    const result: MessageConversion = { from, to, owner: from, position: RESPONSE, targets };
    builtMessages.set(key, result);
    return result;
  };

  const table: AliasTable = {
    response,
    message,
    enum: enumeration,
    conversions: () => ({ messages: [...builtMessages.values()], enums: [...builtEnums.values()] }),
    buildAll: () => {
      for (const { ir: declared, upstreams } of enums.values())
        for (const upstream of upstreams) enumeration(upstream, declared.desc);
      for (const { ir: declared, upstreams } of messages.values())
        for (const upstream of upstreams) message(upstream, declared.desc);
    },
  };
  return table;
}

type OneofCopy = Extract<ConvertedTarget, { kind: "oneof" }>;

/** Adds fields to the targets, members of one oneof together. */
function grouped(targets: ConvertedTarget[]): (to: DescField, from: DescField, conversion: Conversion) => void {
  const oneofs = new Map<string, OneofCopy["members"][number][]>();
  return (to, from, conversion) => {
    if (to.oneof === undefined) {
      targets.push({ kind: "field", to, from, conversion });
      return;
    }
    let members = oneofs.get(to.oneof.name);
    if (members === undefined) {
      members = [];
      oneofs.set(to.oneof.name, members);
      targets.push({ kind: "oneof", to: to.oneof, members });
    }
    members.push({ to, from, conversion });
  };
}

function counterpart(field: IrField, upstream: DescMessage, report: Report): DescField | undefined {
  const name = field.alias?.value ?? field.desc.name;
  const found = upstream.fields.find((candidate) => candidate.name === name);
  if (found !== undefined || field.resolver !== undefined) return found; // a resolver here has been reported
  if (extensionNamed(upstream, name) !== undefined) {
    report({
      code: "BFF404",
      severity: "error",
      message: `"${name}" is an extension of "${upstream.typeName}", not a field of it`,
      at: field.alias?.at ?? field.at,
      hint: NO_EXTENSIONS,
    });
    return undefined;
  }
  const like = didYouMean(
    name,
    upstream.fields.map((candidate) => candidate.name),
  );
  report({
    code: "BFF404",
    severity: "error",
    message: `"${upstream.typeName}" has no field "${name}"`,
    at: field.alias?.at ?? field.at,
    hint:
      like === undefined
        ? `name the upstream's field with [(bff.v1.field).alias = "…"], or remove this field; it has: ${upstream.fields.map((candidate) => candidate.name).join(", ")}`
        : `did you mean [(bff.v1.field).alias = "${like}"]?`,
  });
  return undefined;
}

/** What values say of an upstream's has no meaning in an enum that is a copy of none. */
function checkUnaliased(declared: IrEnum, report: Report): void {
  for (const value of declared.values) {
    const [alias] = value.alias;
    const at = alias?.at ?? value.default?.at ?? value.noAlias?.at;
    if (at === undefined) continue;
    report({
      code: "BFF430",
      severity: "error",
      message: `"${value.desc.name}" has ${alias === undefined ? "a mapping" : "an alias"}, but "${declared.desc.name}" is not a copy of another enum`,
      at,
      hint: `add \`option (bff.v1.enum).alias = "…";\` to "${declared.desc.name}", or leave it out`,
    });
  }
}

/** Whether one of the aliases is the type itself: what is a copy of itself has no source. */
function isItsOwn<T extends DescMessage | DescEnum>(
  desc: T,
  aliases: readonly Text[],
  upstreams: readonly (T | undefined)[],
  { get, report }: { readonly get: (name: string) => T | undefined; readonly report: Report },
): boolean {
  const at = aliases[upstreams.indexOf(desc)];
  if (at === undefined) return false;
  // What the name means farther out, where the type itself does not stand before it.
  const further = resolveName(desc.file.proto.package, at.value, (name) => {
    const found = get(name);
    return found === desc ? undefined : found;
  });
  report({
    code: "BFF431",
    severity: "error",
    message: `"${desc.typeName}" is declared as a copy of itself`,
    at: at.at,
    hint:
      further === undefined
        ? "name the upstream's type with its package"
        : `write ".${further.typeName}": with the dot in front a name begins with its package`,
  });
  return true;
}

/** The values of one upstream enum that a BFF value stands for. */
function upstreamValues(
  value: IrEnumValue,
  upstreams: readonly DescEnum[],
  position: number,
  report: Report,
): number[] {
  const upstream = upstreams[position];
  if (upstream === undefined) return [];
  if (value.alias.length === 0) {
    const same = value.noAlias?.value ? undefined : named(upstream, value.desc.name);
    return same === undefined ? [] : [same];
  }
  return value.alias.flatMap((alias) => {
    const dot = alias.value.lastIndexOf(".");
    const short = alias.value.slice(dot + 1);
    const qualifier = dot < 0 ? undefined : alias.value.slice(0, dot);
    const meant = upstreams.filter(
      (candidate) => qualifier === undefined || `.${candidate.typeName}`.endsWith(`.${qualifier}`),
    );
    const found = meant.includes(upstream) ? named(upstream, short) : undefined;
    if (found !== undefined) return [found];
    if (meant.some((candidate) => named(candidate, short) !== undefined)) return [];
    // In none of them: said once, by the first.
    if (position > 0) return [];
    const values = upstreams.flatMap((candidate) => candidate.values.map((known) => known.name));
    const like = didYouMean(short, values);
    report({
      code: "BFF407",
      severity: "error",
      message: `enum "${upstream.typeName}" has no value "${alias.value}"`,
      at: alias.at,
      hint: like === undefined ? `use one of: ${values.join(", ")}` : `did you mean "${like}"?`,
    });
    return [];
  });
}
const named = (desc: DescEnum, name: string): number | undefined =>
  desc.values.find((value) => value.name === name)?.number;

function enumInward(
  declared: IrEnum,
  upstreams: readonly DescEnum[],
  position: number,
  report: Report,
): EnumConversion | undefined {
  const upstream = upstreams[position];
  if (upstream === undefined) return undefined;
  const values: { from: number; to: number }[] = [];
  const taken = new Map<number, IrEnumValue>();
  const defaults = declared.values.filter((value) => value.default?.value === true);
  const [standard, second] = defaults;
  if (second !== undefined && position === 0) {
    report({
      code: "BFF408",
      severity: "error",
      message: `two default values in enum "${declared.desc.typeName}"`,
      at: second.default?.at ?? second.at,
      related: standard === undefined ? [] : [{ at: standard.at, message: "the first one" }],
      hint: "keep one default",
    });
  }
  for (const value of declared.values) {
    for (const from of upstreamValues(value, upstreams, position, report)) {
      const before = taken.get(from);
      // Two names of one value (`allow_alias`) are one.
      if (before !== undefined && before.desc.number === value.desc.number) continue;
      if (before !== undefined) {
        report({
          code: "BFF412",
          severity: "error",
          message: `"${upstream.values.find((candidate) => candidate.number === from)?.name}" of "${upstream.typeName}" is mapped twice`,
          at: value.alias[0]?.at ?? value.at,
          related: [{ at: before.alias[0]?.at ?? before.at, message: "mapped here first" }],
          hint: "map each upstream value to one value",
        });
        continue;
      }
      taken.set(from, value);
      values.push({ from, to: value.desc.number });
    }
  }
  const lost = upstream.values.filter((value) => !taken.has(value.number));
  if (standard === undefined && lost.length > 0) {
    report({
      code: "BFF406",
      severity: "error",
      message: `enum "${declared.desc.typeName}" has nothing for ${lost.map((value) => value.name).join(", ")} of "${upstream.typeName}"`,
      at: declared.at,
      hint: `${toMap(declared, lost)}, or mark one [(bff.v1.enum_value).default = true]`,
    });
  }
  if (position === 0 && (standard !== undefined || lost.length === 0)) checkCounterparts(declared, upstreams, report);
  return { from: upstream, to: declared.desc, owner: declared.desc, position, values, default: standard?.desc.number };
}

/** A value of one's own that is called like one of the upstream's but for a prefix is meant for it. */
function toMap({ values }: IrEnum, lost: DescEnum["values"]): string {
  const free = values.filter(({ alias }) => alias.length === 0);
  for (const { name } of lost) {
    const end = name.slice(name.indexOf("_"));
    const own = free.find(({ desc }) => desc.name.endsWith(name) || desc.name.endsWith(end));
    if (own !== undefined) return `give "${own.desc.name}" [(bff.v1.enum_value).alias = "${name}"]`;
  }
  return `add values with [(bff.v1.enum_value).alias = "${lost[0]?.name}"]`;
}

/** A value that stands for none of the upstreams' says so, since it is more often a misspelt one. */
function checkCounterparts(declared: IrEnum, upstreams: readonly DescEnum[], report: Report): void {
  const own = (value: IrEnumValue): boolean =>
    value.alias.length > 0 || upstreams.some((upstream) => named(upstream, value.desc.name) !== undefined);
  const taken = new Set(declared.values.flatMap(({ desc, alias }) => [desc.name, ...alias.map((one) => one.value)]));
  const free = upstreams
    .flatMap(({ values }) => values)
    .flatMap(({ name, number }) => (number === 0 || taken.has(name) ? [] : [name]));
  for (const value of declared.values) {
    if (own(value) || value.default?.value === true || value.noAlias?.value === true) continue;
    const like = didYouMean(value.desc.name, free) ?? free[0];
    const none = "that there is none with [(bff.v1.enum_value).no_alias = true]";
    report({
      code: "BFF432",
      severity: "warning",
      message: `"${value.desc.name}" stands for no value of "${upstreams.map(({ typeName }) => typeName).join('" or "')}"`,
      at: value.at,
      hint: like === undefined ? `say ${none}` : `say which with [(bff.v1.enum_value).alias = "${like}"], or ${none}`,
    });
  }
}

function enumOutward(declared: IrEnum, upstreams: readonly DescEnum[]): EnumConversion | undefined {
  const [upstream] = upstreams;
  if (upstream === undefined) return undefined;
  const values = new Map<number, number>();
  for (const value of declared.values) {
    const [to] = upstreamValues(value, upstreams, 0, () => {});
    if (to !== undefined && !values.has(value.desc.number)) values.set(value.desc.number, to);
  }
  return {
    from: declared.desc,
    to: upstream,
    owner: declared.desc,
    position: 0,
    values: [...values].map(([from, to]) => ({ from, to })),
    default: undefined,
  };
}
