// Pruned copies of upstream messages, and enums from and to upstream ones.
import type { DescEnum, DescField } from "@bufbuild/protobuf";
import { fieldType, isInherited, presenceOf } from "../cel/index.ts";
import { isRequired } from "../resolve/conversions/bind.ts";
import type { ConvertedTarget, EnumConversion, MessageConversion } from "../resolve/model/model.ts";
import { emitAsField } from "./convert-field.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, property } from "./lines.ts";

export function emitMessageConversion(conversion: MessageConversion, names: FileNames): Lines {
  const { from, to, owner, targets } = conversion;
  const what = to === owner ? `${to.typeName}, a pruned ${from.typeName}` : `${to.typeName} from ${from.typeName}`;
  const before: Line[] = [];
  const covered = new Set(targets.map((target) => target.to.localName));
  const parameter: Line = targets.length === 0 ? ["_from: ", names.shape(from)] : ["from: ", names.shape(from)];
  // A request's message may have fields that the BFF does not know; `create` gives them their defaults.
  const complete =
    to === owner && to.file.edition === 999 && to.members.every((member) => covered.has(member.localName));
  const properties = targets.flatMap(
    (target): Lines =>
      target.kind === "field" ? [fieldProperty(target, names)] : oneofProperty(target, names, before, complete),
  );
  const unset = to.fields.filter((field) => isInherited(field) && !covered.has(field.localName));
  if (properties.length > 0) properties.push(...unset.map((field): Line => [`${field.localName}: undefined`]));
  const made: Line = ["return ", names.runtime("create"), "(", names.schema(to)];
  const rows = properties.map((row): Line => [...row, ","]);
  const literal = complete
    ? block(["return {"], [[`$typeName: ${JSON.stringify(to.typeName)},`], ...rows], ["};"])
    : rows.length === 0
      ? [[...made, ");"]]
      : block([...made, ", ", names.runtime("defined"), "({"], rows, ["}));"]);
  return [
    [`/** ${what} */`],
    ...block(
      ["export function ", names.conversionName(conversion), "(", ...parameter, "): ", names.shape(to), " {"],
      [...before, ...literal],
      ["}"],
    ),
  ];
}

function fieldProperty(target: Extract<ConvertedTarget, { kind: "field" }>, names: FileNames): Line {
  const { from, to, conversion } = target;
  const implicit = presenceOf(to) === "implicit" || isRequired(to);
  // What has a default of its own always has a value; whether it is set matters where the copy can be unset.
  const asked = isInherited(from) || (presenceOf(from) === "default" && !implicit && !isRequired(from));
  const read: Line = asked
    ? [
        names.cel("ifFieldSet"),
        "(from, ",
        names.schema(from.parent),
        `.field.${from.localName}, ${JSON.stringify(from.localName)})`,
      ]
    : readOf(from);
  const maybe = asked || presenceOf(from) === "optional" || presenceOf(from) === "oneof";
  return property(to.localName, emitAsField(read, { maybe, implicit, type: fieldType(from), to, conversion }, names));
}
/** How a field is read from `from`. */
function readOf(field: DescField): Line {
  if (field.oneof === undefined) return [`from.${field.localName}`];
  const oneof = `from.${field.oneof.localName}`;
  return [`(${oneof}.case === ${JSON.stringify(field.localName)} ? ${oneof}.value : undefined)`];
}

function oneofProperty(
  target: Extract<ConvertedTarget, { kind: "oneof" }>,
  names: FileNames,
  before: Line[],
  typed: boolean,
): Lines {
  const sources = new Set(target.members.map((member) => member.from.oneof));
  const [source] = sources;
  const name = target.to.localName;
  // Inside a generic call the name of a member would become any string.
  const literal = typed ? "" : " as const";
  const branches: Line[] = target.members.map((member): Line => {
    const type = fieldType(member.from);
    if (sources.size === 1 && source !== undefined) {
      const value = emitAsField(
        [`from.${source.localName}.value`],
        { maybe: false, implicit: true, type, to: member.to, conversion: member.conversion },
        names,
      );
      return [
        `from.${source.localName}.case === ${JSON.stringify(member.from.localName)} ? { case: ${JSON.stringify(member.to.localName)}${literal}, value: `,
        ...value,
        " }",
      ];
    }
    const local = `${member.to.localName}Value`;
    before.push([`const ${local} = `, ...readOf(member.from), ";"]);
    const value = emitAsField(
      [local],
      { maybe: false, implicit: true, type, to: member.to, conversion: member.conversion },
      names,
    );
    return [
      `${local} !== undefined ? { case: ${JSON.stringify(member.to.localName)}${literal}, value: `,
      ...value,
      " }",
    ];
  });
  const chain = branches.flatMap((branch): Line => ["\n      ", ...branch, " :"]);
  return [[`${name}:`, ...chain, "\n      { case: undefined }"]];
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
