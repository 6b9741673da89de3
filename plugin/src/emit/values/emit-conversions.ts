// Pruned copies of upstream messages, and enums from and to upstream ones.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldType, inheritedUnset, isInherited, isMisread, presenceOf } from "../../cel/index.ts";
import {
  type BoundExpression,
  type ConvertedTarget,
  copiedIn,
  type EnumConversion,
  isRequired,
  type MessageConversion,
} from "../../model/conversion.ts";
import { lowerCamel } from "../../plan/names/name-scope.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, commas, type Line, type Lines, mentions, property } from "../text/lines.ts";
import { emitAsField, zeroOfScalar } from "./convert-field.ts";
import { longChoice, MAX_CHAIN } from "./long-choice.ts";
import { fieldValue, presentOperand, type ValueCode, type ValueNames } from "./value.ts";

/** @param marked fields that are marked if they are missing */
export function emitMessageConversion(
  conversion: MessageConversion,
  names: FileNames,
  marked: ReadonlySet<DescField>,
): Lines {
  const { from, to, owner, targets } = conversion;
  const label = to === owner ? `${to.typeName}, a pruned ${from.typeName}` : `${to.typeName} from ${from.typeName}`;
  const before: Line[] = [];
  const covered = new Set(targets.map((target) => target.to.localName));
  // A request's message may have fields that the BFF's schema lacks; `create` sets them to their defaults.
  const complete =
    to === owner && to.file.edition === 999 && to.members.every((member) => covered.has(member.localName));
  const cx = { names, valueNames: copyNames(names), before, complete, inward: to === owner, nested: false };
  const properties = targets.flatMap((target) => propertyOf(target, cx).rows);
  if (properties.length > 0) properties.push(...unsetProperties(to, covered));
  const handedOn = missingNames(targets, marked);
  const open: Line = handedOn.length === 0 ? ["return "] : ["return ", names.cel("withMissing"), "(from, "];
  const close = handedOn.length === 0 ? ";" : `, { ${handedOn.join(", ")} });`;
  const create: Line = [...open, names.runtime("create"), "(", names.schema(to)];
  const rows = properties.map((row): Line => [...row, ","]);
  const literal = complete
    ? block([...open, "{"], [[`$typeName: ${JSON.stringify(to.typeName)},`], ...rows], [`}${close}`])
    : createLines(create, rows, close, names);
  const used = handedOn.length > 0 || mentions([...before, ...properties], "from");
  const parameter: Line = [used ? "from: " : "_from: ", names.shape(from)];
  return [
    [`/** ${label} */`],
    ...block(
      ["export function ", names.conversionName(conversion), "(", ...parameter, "): ", names.shape(to), " {"],
      [...before, ...literal],
      ["}"],
    ),
  ];
}

/** Returns the fields that lack a value in the copy if they lack it in the message: `cents: "price"`. */
function missingNames(targets: readonly ConvertedTarget[], marked: ReadonlySet<DescField>): readonly string[] {
  return targets
    .flatMap(copiedIn)
    .flatMap(({ from, to }) =>
      marked.has(from) && marked.has(to) ? [`${from.name}: ${JSON.stringify(to.name)}`] : [],
    );
}

/** @param create the beginning of the call of `create` */
function createLines(create: Line, rows: Lines, close: string, names: FileNames): Lines {
  if (rows.length === 0) return [[...create, `)${close}`]];
  return block([...create, ", ", names.runtime("defined"), "({"], rows, [`}))${close}`]);
}

/** Prints `undefined` for members that an initialiser would inherit from every object. */
const unsetProperties = (desc: DescMessage, names: ReadonlySet<string>): Lines =>
  inheritedUnset(desc, names).map(({ name }): Line => [`${name}: undefined`]);

interface CopyContext {
  readonly names: FileNames;
  /** For expressions over the message that is copied. */
  readonly valueNames: ValueNames;
  /** Constants that properties read. */
  readonly before: Line[];
  readonly complete: boolean;
  /** Towards the copy. */
  readonly inward: boolean;
  /** True in a message that is present only if one of its fields is set. */
  readonly nested: boolean;
}

/** Prints a field as a property. `open`: the value may be unset. */
function propertyOf(target: ConvertedTarget, cx: CopyContext): { readonly rows: Lines; readonly open: boolean } {
  switch (target.kind) {
    case "field": {
      const { print, mayBeUndefined } = copied(target, cx);
      return { rows: [property(target.to.localName, print)], open: mayBeUndefined };
    }
    case "oneof":
      return { rows: oneofProperty(target, cx.names, cx.before, cx.complete), open: true };
    case "computed": {
      const value = fieldValue(target.bound, target.to, cx.valueNames);
      return { rows: [property(target.to.localName, orElse(value, target.fallback, cx))], open: value.mayBeUndefined };
    }
    case "message": {
      // The message is unset if none of its parts is set.
      const parts = target.targets.map((part) => propertyOf(part, { ...cx, nested: true }));
      const names = new Set(target.targets.map((part) => part.to.localName));
      const unset = target.to.message === undefined ? [] : unsetProperties(target.to.message, names);
      const literal: Line = ["{ ", ...commas([...parts.flatMap(({ rows }) => rows), ...unset]), " }"];
      const some = unset.length > 0 || parts.some(({ open }) => open);
      const all = parts.every(({ open }) => open);
      const print: Line = some ? [cx.names.runtime(all ? "unlessEmpty" : "defined"), "(", ...literal, ")"] : literal;
      return { rows: [property(target.to.localName, print)], open: all };
    }
  }
}

/** A value with the fallback in place of nothing. */
function orElse(
  { print, mayBeUndefined }: ValueCode,
  fallback: BoundExpression | undefined,
  { valueNames }: CopyContext,
): Line {
  if (fallback === undefined || !mayBeUndefined) return print;
  const [first] = print;
  const enclosed = print.length === 1 && typeof first === "string" && /^\([^()]*\)$/.test(first);
  const atom =
    enclosed ||
    print.every((part) => typeof part !== "string" || !/ (\?|:|\?\?|&&|\|\||[-+*/<>]=?|[!=]==) /.test(part));
  return [...(atom ? print : ["(", ...print, ")"]), " ?? ", ...presentOperand(fallback, valueNames)];
}

function copied(target: Extract<ConvertedTarget, { kind: "field" }>, cx: CopyContext): ValueCode {
  const { names } = cx;
  const { from, to, conversion, fallback } = target;
  const implicit = !cx.nested && (presenceOf(to) === "implicit" || isRequired(to));
  // A fallback has the form of the copy's field. It applies after the conversion if the copy is the target, before it
  // if the copy is the source.
  const ofTarget = fallback !== undefined && cx.inward;
  // A field with a default always has a value. Its presence matters if the copy can be unset.
  const tests =
    isInherited(from) || (presenceOf(from) === "default" && (!implicit || fallback !== undefined) && !isRequired(from));
  const plain: Line = tests ? ifSet(from, names) : readOrDefault(from, names);
  const unset = tests || presenceOf(from) === "optional" || presenceOf(from) === "oneof";
  const usesFallback = fallback !== undefined && !ofTarget && unset;
  const filled: Line = usesFallback ? [...plain, " ?? ", ...presentOperand(fallback, cx.valueNames)] : plain;
  const read: Line = usesFallback && conversion.kind !== "same" ? ["(", ...filled, ")"] : filled;
  const maybe = unset && !usesFallback;
  const print = emitAsField(read, { maybe, implicit, type: fieldType(from), to, conversion }, names);
  const value = { print, mayBeUndefined: maybe && !implicit };
  if (!ofTarget) return value;
  return { print: orElse(value, fallback, cx), mayBeUndefined: false };
}
function ifSet(field: DescField, names: FileNames): Line {
  const schema = names.schema(field.parent);
  return [names.cel("ifFieldSet"), "(from, ", schema, `.field.${field.localName}, ${JSON.stringify(field.localName)})`];
}

function readOrDefault(field: DescField, names: FileNames): Line {
  if (field.fieldKind !== "scalar" || !isMisread(field)) return readOf(field);
  return ["(", ...ifSet(field, names), " ?? ", zeroOfScalar(field, fieldType(field).proto), ")"];
}

/** Prints the read of a field from `from`. */
function readOf(field: DescField): Line {
  if (field.oneof === undefined) return [`from.${field.localName}`];
  const oneof = `from.${field.oneof.localName}`;
  return [`(${oneof}.case === ${JSON.stringify(field.localName)} ? ${oneof}.value : undefined)`];
}

type OneofMember = Extract<ConvertedTarget, { kind: "oneof" }>["members"][number];

function oneofProperty(
  target: Extract<ConvertedTarget, { kind: "oneof" }>,
  names: FileNames,
  before: Line[],
  typed: boolean,
): Lines {
  const { members } = target;
  if (members.length > MAX_CHAIN)
    return longChoice(
      target.to,
      runsOf(members).flatMap((run) => chosenOf(run, names)),
      UNSET,
      names,
    );
  const sources = new Set(members.map((member) => member.from.oneof));
  const [source] = sources;
  // Inside a generic call the name of a member would become any string.
  const literal = typed ? "" : " as const";
  const branches: Line[] = members.map((member): Line => {
    if (sources.size === 1 && source !== undefined) {
      const test = `from.${source.localName}.case === ${JSON.stringify(member.from.localName)}`;
      return [`${test} ? `, ...memberLiteral(member, `from.${source.localName}.value`, literal, names)];
    }
    const local = `${member.to.localName}Value`;
    before.push([`const ${local} = `, ...readOf(member.from), ";"]);
    return [`${local} !== undefined ? `, ...memberLiteral(member, local, literal, names)];
  });
  const chain = branches.flatMap((branch): Line => ["\n      ", ...branch, " :"]);
  return [[`${target.to.localName}:`, ...chain, "\n      ", ...UNSET]];
}
const UNSET: Line = ["{ case: undefined }"];

/** `{ case: "image", value: toImage(from.media.value) }` */
function memberLiteral({ from, to, conversion }: OneofMember, value: string, literal: string, names: FileNames): Line {
  const copied = { maybe: false, implicit: true, type: fieldType(from), to, conversion };
  return [`{ case: ${JSON.stringify(to.localName)}${literal}, value: `, ...emitAsField([value], copied, names), " }"];
}

/** Groups the members, in their order, by the oneof of the source that contains them. */
function runsOf(members: readonly OneofMember[]): readonly (readonly OneofMember[])[] {
  const runs: OneofMember[][] = [];
  for (const member of members) {
    const last = runs.at(-1);
    if (last?.[0]?.from.oneof !== undefined && last[0].from.oneof === member.from.oneof) last.push(member);
    else runs.push([member]);
  }
  return runs;
}
/** Returns the member of a run that is set. */
function chosenOf(run: readonly OneofMember[], names: FileNames): Lines {
  const [first] = run;
  if (first === undefined) return [];
  const { oneof } = first.from;
  if (oneof === undefined) {
    const read = `from.${first.from.localName}`;
    return [[`if (${read} !== undefined) return `, ...memberLiteral(first, read, "", names), ";"]];
  }
  const at = `from.${oneof.localName}`;
  const cases = run.map((member): Line => {
    const set = memberLiteral(member, `${at}.value`, "", names);
    return [`case ${JSON.stringify(member.from.localName)}: return `, ...set, ";"];
  });
  return block([`switch (${at}.case) {`], cases, ["}"]);
}

export function emitEnumConversion(conversion: EnumConversion, names: FileNames): Lines {
  const { from, to, owner, values } = conversion;
  const byTarget = new Map<number, number[]>();
  for (const value of values) {
    if (value.to === conversion.default) continue;
    byTarget.set(value.to, [...(byTarget.get(value.to) ?? []), value.from]);
  }
  const cases = [...byTarget].flatMap(
    ([target, sources]): Lines => [
      ...sources.slice(0, -1).map((number): Line => ["case ", ...enumValue(from, number, names), ":"]),
      ["case ", ...enumValue(from, sources.at(-1) ?? 0, names), ": return ", ...enumValue(to, target, names), ";"],
    ],
  );
  const otherwise: Line =
    conversion.default === undefined
      ? [
          "default: throw ",
          names.runtime("unmapped"),
          `(${JSON.stringify(from.typeName)}, from${to === owner ? "" : ", true"});`,
        ]
      : ["default: return ", ...enumValue(to, conversion.default, names), ";"];
  return [
    [`/** ${to.typeName} from ${from.typeName} */`],
    ...block(
      [
        "export function ",
        names.conversionName(conversion),
        "(from: ",
        names.shape(from),
        "): ",
        names.shape(to),
        " {",
      ],
      block(["switch (from) {"], [...cases, otherwise], ["}"]),
      ["}"],
    ),
  ];
}
function enumValue(desc: DescEnum, number: number, names: FileNames): Line {
  const value = desc.values.find((candidate) => candidate.number === number);
  return value === undefined ? [String(number)] : [names.shape(desc), `.${value.localName}`];
}

/** Expressions of a copy know one name, and none of the request's. */
function copyNames(names: FileNames): ValueNames {
  return {
    file: names,
    variable: () => "from",
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    convertEnum: (from, to) => names.convertEnum(from, to),
    registry: () => names.messages(),
    local: (name) => (lowerCamel(name) === "from" ? "from_" : lowerCamel(name)),
  };
}
