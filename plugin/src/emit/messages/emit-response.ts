// The response of a composed message, as a literal.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { inheritedUnset, type Variable } from "../../cel/index.ts";
import type { OneofTarget, Target } from "../../model/conversion.ts";
import { isPart, isPosition } from "../../model/stream-fields.ts";
import { latestOf } from "../../plan/messages/latest.ts";
import type { PlanMessage, PlanPart } from "../../plan/model/messages.ts";
import { camel } from "../../text/camel.ts";
import type { MessageNames } from "../names/message-names.ts";
import { anyOf, block, type Line, type Lines, property } from "../text/lines.ts";
import { zeroOf } from "../text/zero-of.ts";
import { joined, longChoice, MAX_CHAIN } from "../values/long-choice.ts";
import { fieldValue, negatedConjunct, tested } from "../values/value.ts";

/** Prints the response. `before`: statements that must precede it. */
export function emitResponse(message: PlanMessage, names: MessageNames): { before: Lines; lines: Lines } {
  const { desc, targets, degradedField } = message.composed;
  const literal = desc.file.edition === 999; // proto3: every property of the shape is in the literal
  const before: Line[] = [];
  const properties: Line[] = [];
  const later = new Set(message.parts.flatMap((part) => part.targets));
  for (const [index, target] of targets.entries()) {
    if (later.has(index)) {
      properties.push(...emptyTarget(target, desc, literal));
      continue;
    }
    const printed = emitTarget(target, message, names);
    before.push(...printed.before);
    properties.push(...printed.properties);
  }
  if (degradedField !== undefined) properties.push([`${degradedField.localName}: []`]);
  const placed = latestOf(message.composed);
  const last = placed?.variable && names.step(placed.variable);
  for (const { localName } of last === undefined ? [] : desc.fields.filter(isPosition))
    properties.push([`${localName}: cx.positionOf(${last?.name})`]);
  for (const { localName } of desc.fields.filter((field) => isPart(field) && field.fieldKind === "list"))
    properties.push([`${localName}: []`]);
  const shape = names.file.shape(desc);
  if (!literal) {
    const open: Line = [
      `const ${names.result} = `,
      names.file.runtime("create"),
      "(",
      names.file.schema(desc),
      ", ",
      names.file.runtime("defined"),
      "({",
    ];
    return {
      before,
      lines: block(
        open,
        properties.map((row) => [...row, ","]),
        ["}));"],
      ),
    };
  }
  const rows = [[`$typeName: ${JSON.stringify(desc.typeName)}`], ...properties];
  return {
    before,
    lines: block(
      [`const ${names.result}: `, shape, " = {"],
      rows.map((row) => [...row, ","]),
      ["};"],
    ),
  };
}

/** Prints the values of a part's fields, as an object. `before`: statements that must precede it. */
export function emitPartValue(
  { targets }: PlanPart,
  message: PlanMessage,
  names: MessageNames,
): { before: Lines; lines: Lines } {
  const { desc, targets: all } = message.composed;
  const printed = targets.flatMap((index) => {
    const target = all[index];
    return target === undefined ? [] : [emitTarget(target, message, names)];
  });
  const properties = printed.flatMap((part) => part.properties).map((row): Line => [...row, ","]);
  const typed = desc.file.edition === 999;
  const open: Line = typed ? ["{"] : [names.file.runtime("defined"), "({"];
  const before = printed.flatMap((part) => part.before);
  return { before, lines: block(open, properties, [typed ? "}" : "})"]) };
}

function emitTarget(target: Target, message: PlanMessage, names: MessageNames): { before: Lines; properties: Lines } {
  const literal = message.composed.desc.file.edition === 999;
  const selective = message.keptFor !== undefined;
  if (target.kind === "field") {
    const value = fieldValue(target.bound, target.field, names).print;
    const selected = selective ? selectedValue(target.field, value, literal, names) : value;
    return { before: [], properties: [property(target.field.localName, selected)] };
  }
  if (target.members.every(({ left }) => left)) return { before: [], properties: [] };
  const { before, property: properties } = emitOneof(target, names, {
    literal,
    selective,
    late: lateVariables(message),
  });
  return { before, properties };
}

const memberOf = (target: Target) => (target.kind === "oneof" ? target.oneof : target.field);

/**
 * Prints the placeholder of a later part. A member that may be unset is omitted, unless every object inherits a member
 * of that name.
 */
function emptyTarget(target: Target, desc: DescMessage, literal: boolean): Lines {
  const { localName } = memberOf(target);
  const zero = zeroOf(memberOf(target));
  if (literal && zero !== "undefined") return [[`${localName}: ${zero}`]];
  const inherited = inheritedUnset(desc, new Set()).some(({ name }) => name === localName);
  return inherited ? [[`${localName}: undefined`]] : [];
}

/** Steps that may not have been started. */
function lateVariables({ steps }: PlanMessage): ReadonlySet<Variable> {
  return new Set(steps.flatMap(({ step, demand }) => (demand && step.variable !== undefined ? [step.variable] : [])));
}

/**
 * Members in order: `if` decides, or the presence of the value; else the default; else unset.
 */
function emitOneof(
  target: OneofTarget,
  names: MessageNames,
  context: OneofContext,
): { before: Lines; property: Lines } {
  const { literal: typed, late, selective } = context;
  const selected = selective ? selectedMembers(target, names) : undefined;
  const before: Line[] = [];
  const branches: Branch[] = [];
  let otherwise: Line = UNSET;
  for (const condition of conditionalMembers(target, names)) {
    const { member, print, mayBeUndefined } = condition;
    const chosenIf = (chosen: Line): Line => selected?.chosen(member, chosen) ?? chosen;
    if (selected !== undefined && !member.default) branches.push({ test: selected.unreached(member), chosen: UNSET });
    // Inside a generic call the name of a member would become any string.
    const key = JSON.stringify(member.field.localName);
    const { fails, safe, reads } = member.bound.expression;
    const isLate = reads.some(({ variable }) => late.has(variable));
    if (mayBeUndefined && member.if !== undefined && (fails || safe.size > 0 || isLate)) {
      // The value is not read before its `if` holds.
      const set = [names.runtime("unlessUnset"), "(", ...print, `, (value) => ({ case: ${key} as const, value }))`];
      branches.push({ test: tested(member.if, names), chosen: chosenIf([...set, " ?? { case: undefined }"]) });
      continue;
    }
    let value = print;
    let present: Line | undefined;
    if (mayBeUndefined) {
      const name = names.fresh(camel(member.field.name));
      const bare = isLate ? unlessEarlier(condition, target, names) : print;
      before.push([`const ${name} = `, ...(selected?.value(member, bare) ?? bare), ";"]);
      value = [name];
      present = [`${name} !== undefined`];
    }
    if (member.left) {
      branches.push({ test: member.if === undefined ? present : tested(member.if, names), chosen: UNSET });
      continue;
    }
    const name = `${key}${typed ? "" : " as const"}`;
    const set: Line = ["{ ", `case: ${name}, `, ...property("value", value), " }"];
    if (member.default) {
      otherwise = chosenIf(present === undefined ? set : [...present, " ? ", ...set, " : { case: undefined }"]);
      continue;
    }
    if (member.if === undefined) branches.push({ test: present, chosen: chosenIf(set) });
    else
      branches.push({
        test: tested(member.if, names),
        chosen: chosenIf(present === undefined ? set : ["(", ...present, " ? ", ...set, " : { case: undefined })"]),
      });
  }
  return { before, property: choiceOf(target, branches, otherwise, names) };
}

const UNSET: Line = ["{ case: undefined }"];

interface OneofContext {
  /** True if the response is a literal, which determines the types of its properties. */
  readonly literal: boolean;
  /** True if an answer may lack members. */
  readonly selective: boolean;
  /** Variables that exist only for members that may be chosen. */
  readonly late: ReadonlySet<Variable>;
}

interface Branch {
  /** Undefined: it is always taken. */
  readonly test: Line | undefined;
  readonly chosen: Line;
}

/** The value of a member, unless one before it is taken. */
function unlessEarlier(
  { member, print }: ReturnType<typeof conditionalMembers>[number],
  { members }: OneofTarget,
  names: MessageNames,
): Line {
  const earlier = members.filter((other, i, all) => !other.default && (member.default || i < all.indexOf(member)));
  const tests = earlier.flatMap((member) => (member.if === undefined ? [] : [negatedConjunct(member.if, names)]));
  if (tests.length === 0) return print;
  const guard = tests.flatMap((test, i): Line => (i === 0 ? test : [" && ", ...test]));
  return [...guard, " ? ", ...print, " : undefined"];
}

/** The property of a oneof: the first branch whose test holds. */
function choiceOf({ oneof }: OneofTarget, branches: readonly Branch[], standard: Line, { file }: MessageNames): Lines {
  const always = branches.findIndex(({ test }) => test === undefined);
  const otherwise = branches[always]?.chosen ?? standard;
  const conditions = branches.slice(0, always < 0 ? undefined : always);
  if (conditions.length > MAX_CHAIN) {
    const statements = conditions.map(({ test = [], chosen }): Line => ["if (", ...test, ") return ", ...chosen, ";"]);
    return longChoice(oneof, statements, otherwise, file);
  }
  const rows = conditions.map(({ test = [], chosen }): Line => [...test, " ? ", ...chosen]);
  const name = oneof.localName;
  if (rows.length === 0) return [[`${name}: `, ...otherwise]];
  if (rows.length === 1) return [[`${name}: `, ...(rows[0] ?? []), " : ", ...otherwise]];
  const chain: Line[] = rows.map((row, i): Line => (i === 0 ? ["  ", ...row] : ["  : ", ...row]));
  return joined([[`${name}:`], ...chain, ["  : ", ...otherwise]]);
}

/**
 * Returns the members with their values, up to the first member that is always present. Later members and the default
 * are then not needed.
 */
function conditionalMembers({ members }: OneofTarget, names: MessageNames) {
  // Members that are left decide about kept ones only, which follow them.
  const decisive = members.slice(0, members.findLastIndex(({ left }) => !left) + 1);
  const values = decisive.map((member) =>
    member.left && member.if !== undefined
      ? { member, print: [], mayBeUndefined: false }
      : { member, ...fieldValue(member.bound, member.field, names) },
  );
  const sure = values.findIndex(({ member, mayBeUndefined }) => !member.default && !member.if && !mayBeUndefined);
  return sure < 0 ? values : values.slice(0, sure + 1).filter(({ member }) => !member.default);
}

// Values of a message of which an answer contains some fields.

/** Prints the value of a field that the answer contains, and otherwise its zero value. */
function selectedValue(field: DescField, value: Line, literal: boolean, { fields }: MessageNames): Line {
  return [`${anyOf([field.name], fields)} ? `, ...value, ` : ${literal ? zeroOf(field) : "undefined"}`];
}

type Member = OneofTarget["members"][number];

/** Tests for the members of a oneof: a later member is tried only if the answer may contain it or one after it. */
function selectedMembers({ members }: OneofTarget, { fields }: MessageNames) {
  const tried = [...members.filter((member) => !member.default), ...members.filter((member) => member.default)];
  const has = (some: readonly Member[]): string =>
    anyOf(
      some.map(({ field }) => field.name),
      fields,
    );
  const reached = (member: Member): string => has(tried.slice(tried.indexOf(member)));
  const decides = (member: Member): boolean => member.if === undefined && !member.default;
  return {
    unreached: (member: Member): Line => [`!(${reached(member)})`],
    /** The value, which may decide about the member and about those after it. */
    value: (member: Member, print: Line): Line => [
      `${decides(member) ? reached(member) : has([member])} ? `,
      ...print,
      " : undefined",
    ],
    chosen: (member: Member, chosen: Line): Line => [`${has([member])} ? `, ...chosen, " : { case: undefined }"],
  };
}
