// One function per composed message: steps started, values awaited, the response as a literal, and what failures touched.
import { ScalarType } from "@bufbuild/protobuf";
import type { Expression, Proto, Variable } from "../cel/index.ts";
import { camel } from "../plan/names.ts";
import { originsOf } from "../plan/origins.ts";
import type { Condition, PlanMessage, PlanStep, TouchOrigin } from "../plan/plan.ts";
import type { Arg, OneofTarget } from "../resolve/model.ts";
import { emitStep, Place, type StepContext } from "./emit-step.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, mentions, property } from "./lines.ts";
import { MessageNames } from "./message-names.ts";
import { fieldValue, tested } from "./value.ts";

export function emitMessage(
  message: PlanMessage,
  file: FileNames,
  planned: (typeName: string) => PlanMessage | undefined,
): Lines {
  const names = new MessageNames(file, message);
  const { composed } = message;
  const hoisted = hoistedBy(message);
  const byStep = new Map(allSteps(message.steps).map((step) => [step.step, step]));
  const origins = originsOf({
    composed,
    planned: (step) => byStep.get(step) ?? fail(step.name ?? ""),
    degradable: (name) => planned(name)?.degradable ?? false,
  });
  const cx: StepContext = {
    message,
    names,
    planned,
    origins: (expressions) => origins.of(expressions).map((origin) => originPrint(origin, hoisted)),
    hoisted,
  };
  const steps = message.steps.map((step) => emitStep(step, cx));
  const response = emitResponse(message, names);
  const touches = message.touches.map((touch) => emitTouch(touch, message, names, hoisted));
  const place = new Place();

  const body: Line[] = [];
  const destructured = names.destructured();
  if (destructured.length > 0) body.push([`const { ${destructured.join(", ")} } = cx.app;`]);
  if (message.optionalArgs.length > 0) body.push([`const { ${message.optionalArgs.map(camel).join(", ")} } = args;`]);
  if (body.length > 0) body.push([]);
  for (const step of hoisted.promise) body.push([`let ${step.name}Started: Promise<unknown> | undefined;`]);
  for (const step of hoisted.value) body.push([`let ${step.name}Inside: unknown;`]);
  for (const step of steps) body.push(...step, []);
  const awaits = place.await(message.awaited);
  const barriers = message.barriers.map((step): Line => [`await ${step.name}Step;`]);
  body.push(...awaits, ...barriers);
  if (awaits.length + barriers.length > 0) body.push([]);
  const { desc } = composed;
  body.push(...response.before, ...response.lines);
  if (touches.length > 0) body.push(...block(["if (cx.degraded) {"], touches, ["}"]));
  body.push([`return ${names.result};`]);

  return [
    [`/** ${desc.typeName} */`],
    ...block(
      [
        "export async function ",
        message.name,
        "(",
        ...parameters(message, file, body),
        "): Promise<",
        file.shape(desc),
        "> {",
      ],
      body,
      ["}"],
    ),
  ];
}
function fail(name: string): never {
  throw new Error(`step "${name}" is not planned`);
}
function allSteps(steps: readonly PlanStep[]): PlanStep[] {
  return steps.flatMap((step) => [step, ...allSteps(step.lazy.flat())]);
}

/** Parameters that the body has no use for begin with `_`. */
function parameters(message: PlanMessage, file: FileNames, body: Lines): Line {
  const parameter = (name: string): string => (mentions(body, name) ? name : `_${name}`);
  const { args } = message.composed;
  const type: Line = args.message === undefined ? argsType(args.members, file) : [file.shape(args.message)];
  const from: Line =
    message.tainted.length === 0
      ? []
      : [
          `, ${parameter("from")}: { `,
          message.tainted.map((name) => `readonly ${camel(name)}: readonly unknown[]`).join("; "),
          " }",
        ];
  const before: Line = message.effectful ? [`, ${parameter("before")}: readonly Promise<unknown>[]`] : [];
  const { needs } = message;
  const app =
    needs === undefined
      ? "App"
      : needs.length === 0
        ? "object"
        : `Pick<App, ${needs.map((name) => JSON.stringify(name)).join(" | ")}>`;
  return [
    `${parameter("cx")}: `,
    file.runtimeType("Request"),
    `<${app}>, `,
    `${parameter("args")}: `,
    ...type,
    ...from,
    ...before,
  ];
}

function argsType(members: readonly Arg[], file: FileNames): Line {
  if (members.length === 0) return ["object"];
  const properties = members.flatMap(
    (arg, i): Line => [
      i === 0 ? "" : "; ",
      `readonly ${camel(arg.name)}: `,
      ...variableType(arg.variable, file),
      ...(arg.variable.absent ? [" | undefined"] : []),
    ],
  );
  return ["{ ", ...properties, " }"];
}
function variableType({ type, proto }: Variable, file: FileNames): Line {
  const plain = proto === undefined ? ["unknown"] : protoType(proto, file);
  return type.kind === "wrapper" && proto?.kind === "scalar" ? [...plain, " | undefined"] : plain;
}
export function protoType(proto: Proto, file: FileNames): Line {
  switch (proto.kind) {
    case "scalar":
      return [scalarType(proto.scalar)];
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
      const oneof = emitOneof(target, names);
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
function emitOneof(target: OneofTarget, names: MessageNames): { before: Lines; property: Lines } {
  const before: Line[] = [];
  const branches: { test: Line | undefined; chosen: Line }[] = [];
  let otherwise: Line = ["{ case: undefined }"];
  for (const member of target.members) {
    const { print, mayBeUndefined } = fieldValue(member.bound, member.field, names);
    let value = print;
    let present: Line | undefined;
    if (mayBeUndefined) {
      const name = names.fresh(camel(member.field.name));
      before.push([`const ${name} = `, ...print, ";"]);
      value = [name];
      present = [`${name} !== undefined`];
    }
    const set: Line = ["{ ", `case: ${JSON.stringify(member.field.localName)}, `, ...property("value", value), " }"];
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
      otherwise = chosen;
      break; // always there: nothing after it is ever asked
    }
    rows.push([...test, " ? ", ...chosen]);
  }
  const name = target.oneof.localName;
  if (rows.length === 0) return { before, property: [[`${name}: `, ...otherwise]] };
  if (rows.length === 1) return { before, property: [[`${name}: `, ...(rows[0] ?? []), " : ", ...otherwise]] };
  const chain: Line[] = rows.map((row, i): Line => (i === 0 ? ["  ", ...row] : ["  : ", ...row]));
  return { before, property: joined([[`${name}:`], ...chain, ["  : ", ...otherwise]]) };
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
  const target = message.composed.targets[touch.target.index];
  const { result } = names;
  let present: Line = ["true"];
  let asked: Line = [];
  if (target?.kind === "field") {
    const { field, bound } = target;
    const unsafe = bound.expression.unsafe.map((variable): Line => [names.variable(variable), " !== undefined"]);
    if (field.fieldKind === "list" || field.fieldKind === "map")
      present = unsafe.length === 0 ? ["true"] : unsafe.flatMap((test, i) => (i === 0 ? [...test] : [" && ", ...test]));
    else if (unsafe.length > 0 || canBeUnset(bound.expression))
      present =
        field.fieldKind === "message" || field.proto.proto3Optional
          ? [`${result}.${field.localName} !== undefined`]
          : present;
  } else if (target?.kind === "oneof" && touch.target.kind === "member") {
    const before = target.members.slice(0, touch.target.member);
    present = [
      `${result}.${target.oneof.localName}.case === ${JSON.stringify(target.members[touch.target.member]?.field.localName)}`,
    ];
    const earlier = before.map(
      (member) => `${result}.${target.oneof.localName}.case !== ${JSON.stringify(member.field.localName)}`,
    );
    if (earlier.length > 0) asked = ["if (", earlier.join(" && "), ") "];
  }
  const origins = touch.origins.flatMap((origin): Line => [", ", ...originPrint(origin, hoisted)]);
  return [...asked, `cx.touched(${result}, ${JSON.stringify(touch.field)}, `, ...present, ...origins, ");"];
}
function canBeUnset(expression: Expression): boolean {
  return (
    (expression.path && expression.mayBeUnset) ||
    expression.type.kind === "optional" ||
    expression.type.kind === "wrapper"
  );
}

interface Hoisted {
  readonly promise: ReadonlySet<PlanStep>;
  readonly value: ReadonlySet<PlanStep>;
}
/** Steps that only a case starts: touches stand outside of it. */
function hoistedBy(message: PlanMessage): Hoisted {
  const promise = new Set<PlanStep>();
  const value = new Set<PlanStep>();
  for (const { origin } of message.touches.flatMap((touch) => touch.origins)) {
    if (origin.kind === "arg" || !origin.step.onlyInCase) continue;
    (origin.kind === "step" ? promise : value).add(origin.step);
  }
  return { promise, value };
}

function originPrint({ origin, leftOut, when }: TouchOrigin, hoisted: Hoisted): Line {
  const plain: Line =
    origin.kind === "arg"
      ? [`...from.${camel(origin.name)}`]
      : origin.kind === "step"
        ? [hoisted.promise.has(origin.step) ? `${origin.step.name}Started` : `${origin.step.name}Step`]
        : [hoisted.value.has(origin.step) ? `${origin.step.name}Inside` : origin.step.name];
  const marked: Line = leftOut ? ["...cx.leftOut(", ...plain, ")"] : plain;
  if (when.length === 0) return marked;
  const test = when.map(conditionPrint).join(" && ");
  const inner = String(marked[0]).startsWith("...")
    ? marked.map((part, i) => (i === 0 ? String(part).slice(3) : part))
    : ["[", ...marked, "]"];
  return [`...(${test} ? `, ...inner, " : [])"];
}
function conditionPrint(condition: Condition): string {
  const { name } = condition.step;
  switch (condition.kind) {
    case "ran":
      return `${name}Ran`;
    case "items":
      return `${name}Items`;
    case "chosen":
      return `${name}Case === ${condition.index}`;
    case "asked":
      return `${name}Case >= ${condition.index}`;
  }
}
