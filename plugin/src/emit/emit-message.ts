// One function per composed message: steps started, values awaited, the response as a literal, and what failures touched.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { camel } from "../camel.ts";
import { type Expression, isInherited, type Proto, presenceOf, unsetIsNull, type Variable } from "../cel/index.ts";
import type { PlanMessage } from "../plan/plan.ts";
import type { Arg, OneofTarget } from "../resolve/model/model.ts";
import { emitAdmission, isAdmission } from "./emit-admission.ts";
import { admitsLater } from "./emit-guard.ts";
import type { SharedTypes } from "./emit-start.ts";
import { emitStep } from "./emit-step.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, mentions, property, unreadAsVoid } from "./lines.ts";
import { MessageNames } from "./message-names.ts";
import { Place } from "./place.ts";
import { type Hoisted, hoistedLines, originPrint, sharedLocal, sharedProperty, stepContext } from "./step-context.ts";
import { conjunct, fieldValue, negated, tested } from "./value.ts";

export function emitMessage(
  message: PlanMessage,
  file: FileNames,
  planned: (typeName: string) => PlanMessage | undefined,
  sharedType: SharedTypes["of"],
): Lines {
  const names = new MessageNames(file, message);
  const { composed, admits } = message;
  const cx = stepContext(message, names, planned, message.touches);
  const { hoisted } = cx;
  const started = message.steps.filter((step) => admits === undefined || !step.immediate);
  const printed = started.map((step) => ({ step, lines: emitStep(step, cx) }));
  const response = emitResponse(message, names);
  const touches = message.touches.map((touch) => emitTouch(touch, message, names, hoisted));
  const place = new Place();

  const body: Line[] = [];
  const rest: Line[] = [
    ...message.awaited.map((step): Line => [`${step.name}Step`]),
    ...response.before,
    ...response.lines,
    ...touches,
  ];
  const steps: Line[] = [];
  for (const { step, lines } of [...printed].reverse()) {
    // A constant may stand with the guards alone.
    if (admits !== undefined && step.sync && isAdmission(step, message) && !mentions([...steps, ...rest], step.name))
      continue;
    steps.unshift(...lines, []);
  }
  rest.push(...steps);
  const destructured = names.destructured().filter((name) => name !== "env" || mentions(rest, name));
  if (destructured.length > 0) body.push([`const { ${destructured.join(", ")} } = cx.app;`]);
  const taken = message.shared.flatMap((step) => {
    const local = sharedLocal(step);
    const property = sharedProperty(step, message);
    return mentions(rest, local) ? [local === property ? local : `${property}: ${local}`] : [];
  });
  if (taken.length > 0) body.push([`const { ${taken.join(", ")} } = shared;`]);
  // What only a resolver reads goes to it with the others.
  const read = [...steps, ...response.before, ...response.lines, ...touches];
  const optional = names.optional((local) => mentions(read, local));
  if (optional.length > 0) body.push([`const { ${optional.join(", ")} } = args;`]);
  if (body.length > 0) body.push([]);
  if (admits?.inside) body.push([`${admitsLater(message) ? "await " : ""}${admits.name}(cx, args);`], []);
  body.push(...hoistedLines(hoisted));
  body.push(...steps);
  const awaits = place.await(message.awaited);
  const barriers = message.barriers.map((step): Line => [`await ${step.name}Step;`]);
  body.push(...awaits, ...barriers);
  if (awaits.length + barriers.length > 0) body.push([]);
  const { desc } = composed;
  if (composed.resolver === undefined) body.push(...response.before, ...response.lines);
  if (touches.length > 0) body.push(...block(["if (cx.degraded) {"], touches, ["}"]));
  body.push([`return ${names.result};`]);

  return [
    ...(admits === undefined
      ? []
      : [
          ...emitAdmission(admits.name, message, (inside) => commonParameters(message, file, inside), planned, file),
          [],
        ]),
    [`/** ${desc.typeName} */`],
    ...block(
      [
        "export async function ",
        message.name,
        "(",
        ...parameters(message, file, body, sharedType),
        "): Promise<",
        file.shape(desc),
        "> {",
      ],
      unreadAsVoid(body),
      ["}"],
    ),
  ];
}

/** Parameters that the body has no use for begin with `_`. */
function parameters(message: PlanMessage, file: FileNames, body: Lines, sharedType: SharedTypes["of"]): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const shared: Line = message.shared.length === 0 ? [] : [`, ${parameter("shared")}: `, ...sharedType(message)];
  const from: Line =
    message.tainted.length === 0
      ? []
      : [
          `, ${parameter("from")}: { `,
          message.tainted.map((name) => `readonly ${camel(name)}: readonly unknown[]`).join("; "),
          " }",
        ];
  const before: Line = message.effectful ? [`, ${parameter("before")}: readonly Promise<unknown>[]`] : [];
  return [...commonParameters(message, file, body), ...shared, ...from, ...before];
}
/** `cx` and `args`. */
function commonParameters(message: PlanMessage, file: FileNames, body: Lines): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const { args } = message.composed;
  const type: Line = args.message === undefined ? argsType(args.members, file) : [file.shape(args.message)];
  const { needs } = message;
  const app =
    needs === undefined
      ? "App"
      : needs.length === 0
        ? "object"
        : `Pick<App, ${needs.map((name) => JSON.stringify(name)).join(" | ")}>`;
  return [`${parameter("cx")}: `, file.runtimeType("Request"), `<${app}>, `, `${parameter("args")}: `, ...type];
}

export function argsType(members: readonly Arg[], file: FileNames): Line {
  if (members.length === 0) return ["object"];
  const properties = members.flatMap(
    (arg, i): Line => [
      i === 0 ? "" : "; ",
      `readonly ${camel(arg.name)}: `,
      ...variableType(arg.variable, file),
      ...(arg.variable.absent || arg.variable.unset !== undefined ? [" | undefined"] : []),
    ],
  );
  return ["{ ", ...properties, " }"];
}
export function variableType(variable: Variable, file: FileNames): Line {
  const { proto } = variable;
  const plain = proto === undefined ? ["unknown"] : protoType(proto, file);
  return unsetIsNull(variable) ? [...plain, " | undefined"] : plain;
}
export function protoType(proto: Proto, file: FileNames): Line {
  switch (proto.kind) {
    case "scalar":
      return [proto.text === true ? "string" : scalarType(proto.scalar)];
    case "enum":
      return [file.shape(proto.desc)];
    case "message":
      return proto.desc.typeName === "google.protobuf.Struct"
        ? [file.protobufType("JsonObject")]
        : [file.shape(proto.desc)];
    case "list":
      return [...protoType(proto.of, file), "[]"];
    case "map":
      return ["{ [key: string]: ", ...protoType(proto.of, file), " }"];
  }
}
function scalarType(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "string";
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.BYTES:
      return "Uint8Array";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return "bigint";
    default:
      return "number";
  }
}

// ---- the response ----

function emitResponse(message: PlanMessage, names: MessageNames): { before: Lines; lines: Lines } {
  const { desc, targets, degradedField } = message.composed;
  const literal = desc.file.edition === 999; // proto3: every property of the shape is in the literal
  const before: Line[] = [];
  const properties: Line[] = [];
  for (const target of targets) {
    if (target.kind === "field")
      properties.push(property(target.field.localName, fieldValue(target.bound, target.field, names).print));
    else {
      const oneof = emitOneof(target, names, literal);
      before.push(...oneof.before);
      properties.push(...oneof.property);
    }
  }
  if (degradedField !== undefined) properties.push([`${degradedField.localName}: []`]);
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

/** Members in order: `if` decides, or the presence of the value; else the default; else unset. */
function emitOneof(target: OneofTarget, names: MessageNames, typed: boolean): { before: Lines; property: Lines } {
  const before: Line[] = [];
  const branches: { test: Line | undefined; chosen: Line }[] = [];
  let otherwise: Line = ["{ case: undefined }"];
  for (const { member, print, mayBeUndefined } of askedMembers(target, names)) {
    // Inside a generic call the name of a member would become any string.
    const key = JSON.stringify(member.field.localName);
    const { fails, given } = member.bound.expression;
    if (mayBeUndefined && member.if !== undefined && (fails || given.size > 0)) {
      // It is not read before its `if` holds.
      const set = [names.runtime("unlessUnset"), "(", ...print, `, (value) => ({ case: ${key} as const, value }))`];
      branches.push({ test: tested(member.if, names), chosen: [...set, " ?? { case: undefined }"] });
      continue;
    }
    let value = print;
    let present: Line | undefined;
    if (mayBeUndefined) {
      const name = names.fresh(camel(member.field.name));
      before.push([`const ${name} = `, ...print, ";"]);
      value = [name];
      present = [`${name} !== undefined`];
    }
    const name = `${key}${typed ? "" : " as const"}`;
    const set: Line = ["{ ", `case: ${name}, `, ...property("value", value), " }"];
    if (member.default) {
      otherwise = present === undefined ? set : [...present, " ? ", ...set, " : { case: undefined }"];
      continue;
    }
    if (member.if === undefined) branches.push({ test: present, chosen: set });
    else
      branches.push({
        test: tested(member.if, names),
        chosen: present === undefined ? set : ["(", ...present, " ? ", ...set, " : { case: undefined })"],
      });
  }
  const rows: Line[] = [];
  for (const { test, chosen } of branches) {
    if (test === undefined) {
      otherwise = chosen; // always there
      break;
    }
    rows.push([...test, " ? ", ...chosen]);
  }
  const name = target.oneof.localName;
  if (rows.length === 0) return { before, property: [[`${name}: `, ...otherwise]] };
  if (rows.length === 1) return { before, property: [[`${name}: `, ...(rows[0] ?? []), " : ", ...otherwise]] };
  const chain: Line[] = rows.map((row, i): Line => (i === 0 ? ["  ", ...row] : ["  : ", ...row]));
  return { before, property: joined([[`${name}:`], ...chain, ["  : ", ...otherwise]]) };
}
/** The members with their values: up to one that is always there, after which none is asked, and the default is not needed. */
function askedMembers({ members }: OneofTarget, names: MessageNames) {
  const values = members.map((member) => ({ member, ...fieldValue(member.bound, member.field, names) }));
  const sure = values.findIndex(({ member, mayBeUndefined }) => !member.default && !member.if && !mayBeUndefined);
  return sure < 0 ? values : values.slice(0, sure + 1).filter(({ member }) => !member.default);
}
/** Several rows as one property: the comma goes behind the last. */
function joined(rows: Lines): Lines {
  const all: (Line[number] | string)[] = [];
  for (const [i, row] of rows.entries()) all.push(...(i === 0 ? [] : ["\n    "]), ...row);
  return [all];
}

// ---- what failures touched ----

function emitTouch(
  touch: PlanMessage["touches"][number],
  message: PlanMessage,
  names: MessageNames,
  hoisted: Hoisted,
): Line {
  const target = touch.target.kind === "resolved" ? undefined : message.composed.targets[touch.target.index];
  const { result } = names;
  let present: Line = ["true"];
  let asked: Line = [];
  if (touch.target.kind === "resolved") return emitTouchOfResolved(touch, touch.target.field, names, hoisted);
  if (target?.kind === "field") {
    const { field, bound } = target;
    const unsafe = bound.expression.unsafe.map((variable): Line => [names.variable(variable), " !== undefined"]);
    if (field.fieldKind === "list" || field.fieldKind === "map")
      present = unsafe.length === 0 ? ["true"] : unsafe.flatMap((test, i) => (i === 0 ? [...test] : [" && ", ...test]));
    else if (unsafe.length > 0 || canBeUnset(bound.expression))
      switch (isInherited(field) ? "default" : presenceOf(field)) {
        case "optional":
          present = [`${result}.${field.localName} !== undefined`];
          break;
        case "default":
          present = [
            names.runtime("isFieldSet"),
            `(${result}, `,
            names.schema(field.parent),
            `.field.${field.localName})`,
          ];
      }
  } else if (target?.kind === "oneof" && touch.target.kind === "member") {
    const { member: index, held } = touch.target;
    const member = target.members[index];
    const chosen = (of: OneofTarget["members"][number], equal = "==="): string =>
      `${result}.${target.oneof.localName}.case ${equal} ${JSON.stringify(of.field.localName)}`;
    // One whose `if` holds is chosen, even when its value is absent.
    const maybeUnset = (of: OneofTarget["members"][number]): boolean =>
      fieldValue(of.bound, of.field, names).mayBeUndefined;
    const before = target.members.filter(
      (other, i) => other !== member && !other.default && (member?.default || i < index),
    );
    const tests = before.map(
      (other): Line =>
        other.if !== undefined && maybeUnset(other) ? negated(other.if, names) : [chosen(other, "!==")],
    );
    if (member !== undefined) {
      present = [chosen(member)];
      if (held !== undefined && member.if !== undefined)
        tests.push(
          held ? (maybeUnset(member) ? conjunct(member.if, names) : [chosen(member)]) : negated(member.if, names),
        );
    }
    if (tests.length > 0) asked = ["if (", ...tests.flatMap((test, i) => (i === 0 ? test : [" && ", ...test])), ") "];
  }
  const origins = touch.origins.flatMap((origin): Line => [", ", ...originPrint(origin, hoisted)]);
  return [...asked, `cx.touched(${result}, ${JSON.stringify(touch.field)}, `, ...present, ...origins, ");"];
}
/** A field of a message that a resolver supplies: it has a value when the function gave one. */
function emitTouchOfResolved(
  touch: PlanMessage["touches"][number],
  field: DescField,
  names: MessageNames,
  hoisted: Hoisted,
): Line {
  const { result } = names;
  const origins = touch.origins.flatMap((origin): Line => [", ", ...originPrint(origin, hoisted)]);
  const touched = (present: Line): Line => [
    `cx.touched(${result}, ${JSON.stringify(touch.field)}, `,
    ...present,
    ...origins,
    ");",
  ];
  switch (isInherited(field) ? "default" : presenceOf(field)) {
    case "oneof":
      return [
        `if (${result}.${field.oneof?.localName}.case === ${JSON.stringify(field.localName)}) `,
        ...touched(["true"]),
      ];
    case "optional":
      return touched([`${result}.${field.localName} !== undefined`]);
    case "default":
      return touched([
        names.runtime("isFieldSet"),
        `(${result}, `,
        names.schema(field.parent),
        `.field.${field.localName})`,
      ]);
    default:
      return touched(["true"]);
  }
}
function canBeUnset(expression: Expression): boolean {
  return (
    (expression.path && expression.mayBeUnset) ||
    expression.type.kind === "optional" ||
    expression.type.kind === "wrapper"
  );
}
