// Aliases of composed messages: the steps that their fields need, and the fields that they copy.
import type { DescField } from "@bufbuild/protobuf";
import type { Ir, IrField, IrFile, IrMessage } from "../../../plugin/src/ir/ir.ts";
import type { IrCompose, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import { caseOnly, oneofOnly, readsArgument, readsOfStep } from "./reads.ts";
import { composedName, type Place, type Program } from "./static.ts";

/** The fields of an alias by the fields of the composed message. */
export type Copies = ReadonlyMap<DescField, IrField>;

interface Declared {
  readonly file: IrFile;
  readonly message: IrMessage;
}

/** Returns the composed message that each alias names, by the name of the alias. */
export function aliasesOf(ir: Ir): ReadonlyMap<string, Declared> {
  const all = new Map<string, Declared>(
    ir.files.flatMap((file) => file.messages.map((message) => [message.desc.typeName, { file, message }])),
  );
  const found = new Map<string, Declared>();
  for (const { file, message } of all.values()) {
    const scopes = file.desc.proto.package.split(".");
    const names = scopes.map((_, i) => [...scopes.slice(0, scopes.length - i), message.alias?.value].join("."));
    const of = [...names, message.alias?.value.replace(/^\./, "") ?? ""].flatMap((name) => all.get(name) ?? [])[0];
    if (of !== undefined && of.message.alias === undefined && of.message.steps.length > 0)
      found.set(message.desc.typeName, of);
  }
  return found;
}

const isFilled = ({ message }: DescField): boolean =>
  /^bff\.v1\.(Degradation|Part|Position)$/.test(message?.typeName ?? "");

/** Returns the place of an alias with all steps of the composed message. */
export function wholePlace(alias: IrMessage, of: Place): Place {
  const copies = new Map<DescField, IrField>();
  for (const field of alias.fields) {
    const source = of.message.fields.find(({ desc }) => desc.name === (field.alias?.value ?? field.desc.name));
    if (source !== undefined && !isFilled(field.desc)) copies.set(source.desc, field);
  }
  return { ...of, message: { ...of.message, desc: alias.desc }, copies };
}

/** Leaves out of such a place what no copied field needs. */
export function neededPlace(program: Program, place: Place, isAlias: (name: string, of: string) => boolean): Place {
  const { message, copies = new Map() } = place;
  // A side effect for some members happens only if one of them may be chosen, copied or not.
  const starting = new Set(
    [...oneofOnly(place)].flatMap(([step, members]) => (program.stepHasEffect(place, step) ? [...members] : [])),
  );
  const effects = message.steps.filter((step) => program.stepHasEffect(place, step));
  // A switch decides about the side effects that only its cases read.
  const deciding = new Set(effects);
  for (const step of deciding) {
    const owner = caseOnly(place).get(step)?.owner;
    for (const other of message.steps) if (other.index === owner) deciding.add(other);
  }
  const isValued = (field: IrField): boolean => copies.has(field.desc) || starting.has(field);
  // A member with an `if` that is not copied decides without its value.
  const fields = message.fields.flatMap((field) => {
    if (isValued(field)) return [field];
    if (field.desc.oneof === undefined || isLater(message.fields, field, isValued)) return [];
    return [field.if === undefined ? field : { ...field, by: undefined, resolver: undefined }];
  });
  const declared = new Set([...deciding].map(({ index }) => index));
  let { steps } = message;
  for (let size = -1; size !== steps.length + steps.filter(({ source }) => source === undefined).length; ) {
    size = steps.length;
    steps = steps.map((step) => inPlace(program, { ...place, message: { ...message, fields, steps } }, step, isAlias));
    const names = new Set(fields.flatMap((field) => namesOf(field, isValued)));
    const kept = new Set<IrStep>();
    for (let before = -1; before < kept.size; ) {
      before = kept.size;
      for (const step of steps) {
        const always = step.name === undefined || step.source?.kind === "guard" || declared.has(step.index);
        if (!always && !names.has(step.name?.value ?? "")) continue;
        kept.add(step);
        for (const { name } of readsOfStep(step)) names.add(name);
      }
    }
    steps = steps.filter((step) => kept.has(step));
  }
  // Side effects start as in the whole message, although the alias has fewer readers of them.
  const started = effects.filter((step) => !caseOnly(place).has(step) && !oneofOnly(place).has(step));
  const elsewhere = started.flatMap(({ name }) => name?.value ?? []);
  return { ...place, message: { ...message, fields, steps }, elsewhere };
}

const isLast = ({ default: last }: IrField): boolean => last?.value === true;

/** Reports whether a member of a oneof is tried after all that are needed. */
function isLater(fields: readonly IrField[], field: IrField, isValued: (field: IrField) => boolean): boolean {
  const members = fields.filter(({ desc }) => desc.oneof === field.desc.oneof);
  const tried = [...members.filter((member) => !isLast(member)), ...members.filter(isLast)];
  return tried.indexOf(field) > tried.findLastIndex(isValued);
}

/** Returns the names that a field reads, for its value or for its choice. */
function namesOf(field: IrField, isValued: (field: IrField) => boolean): string[] {
  const read = (text: IrField["by"]): string[] =>
    text === undefined ? [] : expression(text.value).reads.map(({ name }) => name);
  const value = field.resolver === undefined ? read(field.by) : (field.reads?.steps.map(({ value }) => value) ?? []);
  if (field.desc.oneof === undefined) return value;
  const decides = field.if === undefined && !isLast(field);
  return [...read(field.if), ...(decides || isValued(field) ? value : [])];
}

/** Composes an alias in place of the whole message, if the value becomes nothing but fields of that type. */
function inPlace(program: Program, place: Place, step: IrStep, isAlias: (name: string, of: string) => boolean): IrStep {
  const name = step.name?.value;
  const composed = composedName(step.source);
  const { fields, steps } = place.message;
  if (name === undefined || composed === undefined || step.fallback !== undefined || step.autobind?.value) return step;
  const holders = fields.filter(({ desc, by }) => place.copies?.has(desc) && by?.value.trim() === name);
  const types = new Set(holders.map(({ desc }) => place.copies?.get(desc)?.desc.message?.typeName ?? ""));
  const [type, other] = types;
  const whole = place.evaluator.message(composed).typeName;
  if (type === undefined || other !== undefined || !isAlias(type, whole)) return step;
  const presence = new RegExp(`\\b(ok|failure|size)\\(\\s*${name}\\s*\\)`, "g");
  const texts = [
    ...fields.flatMap((field) => [holders.includes(field) ? undefined : field.by, field.if]),
    ...steps.flatMap((reader) =>
      JSON.stringify(readsOfStep(reader)).includes(`"${name}"`) ? [{ value: textsOf(reader) }] : [],
    ),
  ];
  if (texts.some((text) => text !== undefined && new RegExp(`\\b${name}\\b`).test(text.value.replace(presence, ""))))
    return step;
  const child = program.place(place.evaluator.message(type));
  const named = (compose: IrCompose): IrCompose => ({
    ...compose,
    message: compose.message && { ...compose.message, value: type },
    args: compose.args.filter((arg) => arg.name === undefined || readsArgument(child, arg.name.value)),
  });
  const { source } = step;
  if (source?.kind === "compose") return { ...step, source: named(source) };
  if (source?.kind !== "each" || source.source?.kind !== "compose") return step;
  return { ...step, source: { ...source, source: named(source.source) } };
}

/** All texts of a step that may name another step. */
const textsOf = ({ name: _, after: _after, ...step }: IrStep): string =>
  JSON.stringify(step, (key, value) => (key === "at" || key === "place" ? undefined : value));
