// The alias relations: which BFF messages and enums are copies of which upstream ones, and how each field gets across.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldType } from "../cel/field-type.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { Ir, IrEnum, IrEnumValue, IrField, IrMessage } from "../ir.ts";
import { type Aliases, conversion } from "./convert.ts";
import { lookupEnum, lookupMessage } from "./lookup.ts";
import type { Conversions, ConvertedTarget, EnumConversion, MessageConversion } from "./model.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface AliasTable extends Aliases {
  /** Everything asked for so far. */
  readonly conversions: () => Conversions;
  /** Builds the conversion from its upstream for every aliased message and enum, reporting what does not fit. */
  readonly buildAll: () => void;
}

export function aliasTable(ir: Ir, report: Report): AliasTable {
  const messages = new Map<string, { ir: IrMessage; upstream: DescMessage }>();
  const enums = new Map<string, { ir: IrEnum; upstream: DescEnum }>();
  for (const file of ir.files) {
    const container = file.desc.proto.package;
    for (const message of file.messages) {
      if (message.alias === undefined) continue;
      const upstream = lookupMessage(ir, message.alias, container, report);
      if (upstream !== undefined) messages.set(message.desc.typeName, { ir: message, upstream });
    }
    for (const declared of file.enums) {
      const [alias, second] = declared.alias;
      if (second !== undefined) {
        report({
          code: "BFF190",
          severity: "error",
          message: `several aliases of enum "${declared.desc.typeName}" are not supported yet`,
          at: second.at,
          hint: "Keep one alias",
        });
      }
      const upstream = alias && lookupEnum(ir, alias, container, report);
      if (upstream !== undefined) enums.set(declared.desc.typeName, { ir: declared, upstream });
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
    const towardsBff = inward?.upstream.typeName === from.typeName;
    const alias = towardsBff ? inward : outward?.upstream.typeName === to.typeName ? outward : undefined;
    if (alias === undefined) return undefined;
    const targets: ConvertedTarget[] = [];
    // Registered before its fields are looked at: messages may nest themselves.
    const result: Mutable<MessageConversion> = { from, to, owner: alias.ir.desc, targets };
    builtMessages.set(key, result);
    fill(targets, alias, towardsBff);
    return result;
  };

  const fill = (
    targets: ConvertedTarget[],
    alias: { ir: IrMessage; upstream: DescMessage },
    towardsBff: boolean,
  ): void => {
    const byOneof = new Map<
      string,
      Extract<ConvertedTarget, { kind: "oneof" }> & {
        members: { to: DescField; from: DescField; conversion: ReturnType<typeof conversion> }[];
      }
    >();
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
            hint: how.hint,
          });
        }
        continue;
      }
      const { oneof } = to;
      if (oneof === undefined) {
        targets.push({ kind: "field", to, from, conversion: how });
        continue;
      }
      let group = byOneof.get(oneof.name);
      if (group === undefined) {
        group = { kind: "oneof", to: oneof, members: [] };
        byOneof.set(oneof.name, group);
        targets.push(group as ConvertedTarget);
      }
      group.members.push({ to, from, conversion: how });
    }
  };

  const enumeration = (from: DescEnum, to: DescEnum): EnumConversion | undefined => {
    const key = `${from.typeName}>${to.typeName}`;
    const built = builtEnums.get(key);
    if (built !== undefined) return built;
    const inward = enums.get(to.typeName);
    const outward = enums.get(from.typeName);
    const result =
      inward?.upstream.typeName === from.typeName
        ? enumInward(inward.ir, inward.upstream, report)
        : outward?.upstream.typeName === to.typeName
          ? enumOutward(outward.ir, outward.upstream)
          : undefined;
    if (result !== undefined) builtEnums.set(key, result);
    return result;
  };

  const table: AliasTable = {
    message,
    enum: enumeration,
    conversions: () => ({ messages: [...builtMessages.values()], enums: [...builtEnums.values()] }),
    buildAll: () => {
      for (const { ir: declared, upstream } of enums.values()) enumeration(upstream, declared.desc);
      for (const { ir: declared, upstream } of messages.values()) message(upstream, declared.desc);
    },
  };
  return table;
}

function counterpart(field: IrField, upstream: DescMessage, report: Report): DescField | undefined {
  const name = field.alias?.value ?? field.desc.name;
  const found = upstream.fields.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
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
        ? `Name the upstream's field with [(bff.v1.field).alias = "…"], or remove this field; it has: ${upstream.fields.map((candidate) => candidate.name).join(", ")}`
        : `Did you mean [(bff.v1.field).alias = "${like}"]?`,
  });
  return undefined;
}

/** The upstream values that a BFF value stands for. */
function upstreamValues(value: IrEnumValue, upstream: DescEnum, report: Report): number[] {
  if (value.alias.length === 0) {
    const same = value.noAlias?.value
      ? undefined
      : upstream.values.find((candidate) => candidate.name === value.desc.name);
    return same === undefined ? [] : [same.number];
  }
  return value.alias.flatMap((alias) => {
    const short = alias.value.slice(alias.value.lastIndexOf(".") + 1);
    const found = upstream.values.find((candidate) => candidate.name === short);
    if (found !== undefined) return [found.number];
    const like = didYouMean(
      short,
      upstream.values.map((candidate) => candidate.name),
    );
    report({
      code: "BFF407",
      severity: "error",
      message: `enum "${upstream.typeName}" has no value "${alias.value}"`,
      at: alias.at,
      hint:
        like === undefined
          ? `Use one of: ${upstream.values.map((candidate) => candidate.name).join(", ")}`
          : `Did you mean "${like}"?`,
    });
    return [];
  });
}

function enumInward(declared: IrEnum, upstream: DescEnum, report: Report): EnumConversion {
  const values: { from: number; to: number }[] = [];
  const taken = new Map<number, IrEnumValue>();
  const defaults = declared.values.filter((value) => value.default?.value === true);
  const [standard, second] = defaults;
  if (second !== undefined) {
    report({
      code: "BFF408",
      severity: "error",
      message: `two default values in enum "${declared.desc.typeName}"`,
      at: second.default?.at ?? second.at,
      related: standard === undefined ? [] : [{ at: standard.at, message: "the first one" }],
      hint: "Keep one default",
    });
  }
  for (const value of declared.values) {
    for (const from of upstreamValues(value, upstream, report)) {
      const before = taken.get(from);
      if (before !== undefined && before !== value) {
        report({
          code: "BFF412",
          severity: "error",
          message: `"${upstream.values.find((candidate) => candidate.number === from)?.name}" of "${upstream.typeName}" is mapped twice`,
          at: value.alias[0]?.at ?? value.at,
          related: [{ at: before.alias[0]?.at ?? before.at, message: "mapped here first" }],
          hint: "Map each upstream value to one value",
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
      hint: `Add values with [(bff.v1.enum_value).alias = "${lost[0]?.name}"], or mark one [(bff.v1.enum_value).default = true]`,
    });
  }
  return { from: upstream, to: declared.desc, owner: declared.desc, values, default: standard?.desc.number };
}

function enumOutward(declared: IrEnum, upstream: DescEnum): EnumConversion {
  const values = declared.values.flatMap((value) => {
    const [to] = upstreamValues(value, upstream, () => {});
    return to === undefined ? [] : [{ from: value.desc.number, to }];
  });
  return { from: declared.desc, to: upstream, owner: declared.desc, values, default: undefined };
}
