// The endpoint of a streaming rpc: what opens, what it follows, and one message per item.
import { camel } from "../camel.ts";
import { type Expression, emitAs, emitValue } from "../cel/index.ts";
import { lowerCamel, lowerFirst, NameScope } from "../plan/names.ts";
import type { PlanMethod, PlanService, PlanStream } from "../plan/plan.ts";
import { protoOf } from "../resolve/conversions/proto-of.ts";
import { metadataProperties, requestLiteral } from "./emit-call.ts";
import { absentAs, applies, lambda, requestNames, type Typed } from "./emit-limits.ts";
import { group } from "./emit-policies.ts";
import { admits, handedOn, typedRequest } from "./endpoint-parts.ts";
import type { FileNames } from "./file-names.ts";
import { around, block, commas, type Line, type Lines, line, mentions, object } from "./lines.ts";
import type { ValueNames } from "./value.ts";

/** The properties by which a stream differs from an answer. */
export function streamProperties(planned: PlanMethod, stream: PlanStream, names: FileNames): Lines {
  const within = namesOf(stream, names);
  const cx = typedRequest(planned, names);
  const { if: condition, until } = stream.of;
  const { positionField: field, desc } = planned.method;
  const name = lowerFirst(desc.output.name);
  const response = name === "position" ? "message" : name;
  return [
    ...openProperty(planned, stream, names),
    ...sourceProperty(stream, cx, within),
    ...(condition === undefined ? [] : line("if: ", ...itemLambda(condition, cx, within), ",")),
    ...(until === undefined ? [] : line("until: ", ...itemLambda(until, cx, within), ",")),
    ...composeProperty(planned, stream, cx, within),
    ...(field === undefined
      ? []
      : line(`stamp: (${response}, position) => { ${response}.${field.localName} = position; },`)),
    ...paceProperties(stream),
  ];
}

interface StreamNames extends ValueNames {
  /** An item, and its type: TypeScript finds it nowhere else. */
  readonly item: string;
  readonly typed: Typed;
}

function namesOf({ of: { item, resume }, functions }: PlanStream, names: FileNames): StreamNames {
  const within = requestNames(names, functions);
  const scope = new NameScope(functions, ["cx", "args", "opened", "resume", "deps", "app"]);
  const local = scope.take(lowerCamel(item.name));
  return {
    ...within,
    file: names,
    item: local,
    typed: { name: local, type: item.type.kind === "message" ? [names.shape(item.type.desc)] : ["unknown"] },
    variable: (variable) => (variable === item ? local : variable === resume ? "resume" : within.variable(variable)),
    local: (name) => {
      const free = within.local(name);
      return free === local || free === "opened" || free === "resume" ? `${free}_` : free;
    },
  };
}

/** The steps that run once, behind the guards that speak before them. */
function openProperty(planned: PlanMethod, { opening }: PlanStream, names: FileNames): Lines {
  const { method, start, message } = planned;
  const starts = start !== undefined && !start.empty;
  if (opening === undefined && !starts && start?.admit === undefined) return [];
  const asked = opening ?? {
    ...message,
    admits: undefined,
    composed: { args: { ...message.composed.args, members: [] } },
  };
  const plain = handedOn(method, asked.composed.args, names);
  const { statements, handed, waits } = admits({ method, message: asked, start }, plain, names);
  const read = message.shared.length > 0 || (opening?.shared.length ?? 0) > 0;
  const begins = (start?.before?.length ?? 0) > 0 && (opening?.effectful ?? false);
  const lines: Line[] = [...statements];
  if (starts) lines.push([read || begins ? `const shared = ${start.name}(cx);` : `${start.name}(cx);`]);
  const shared = starts && read;
  const call: Line =
    opening === undefined
      ? []
      : [
          names.bff(opening.name, opening.file),
          "(cx, ",
          ...handed,
          ...(opening.shared.length > 0 ? [", shared"] : []),
          ...(opening.effectful ? [begins ? ", shared.before" : ", []"] : []),
          ")",
        ];
  const both = shared && opening !== undefined;
  const given: Line = both ? ["{ ...shared, ...(await ", ...call, ") }"] : opening !== undefined ? call : ["shared"];
  const cx = typedRequest(planned, names);
  const reads = (name: string): boolean => mentions([...lines, given], name);
  const open: Line = [`open: ${waits || both ? "async " : ""}(`, ...cx, ...(reads("args") ? [", args"] : []), ") => "];
  if (lines.length === 0) return [[...open, ...given, ","]];
  const end: Lines = opening === undefined && !shared ? [] : [["return ", ...given, ";"]];
  return block([...open, "{"], [...lines, ...end], ["},"]);
}

/** `source: callSource(app.watchRun, (cx, args, opened, resume) => ({ … }), { kind: "uint", of: (event) => event.seq }),` */
function sourceProperty({ of: { call, position }, entry }: PlanStream, cx: Line, within: StreamNames): Lines {
  const { file } = within;
  const body = around(["("], requestLiteral(call, within), [")"]);
  const request = lambdaOver(cx, ["args", "opened", "resume"], body);
  const where = position && place(position, within);
  const extra: Line[] = [
    ...(call.metadata.length === 0 ? [] : [["metadata: ", ...metadataOf(call, cx, within)]]),
    ...(call.effects === "none" ? [] : [["effect: true"]]),
  ];
  const others: Lines =
    extra.length > 0 ? [where ?? ["undefined"], ["{ ", ...commas(extra), " }"]] : where === undefined ? [] : [where];
  const open: Line = ["source: ", file.runtime("callSource"), `(app.${entry.name}, `];
  return around(open, request, [...others.flatMap((one): Line => [", ", ...one]), "),"]);
}

/** The position of an item in CEL's own form, which a token is made of. */
function place({ kind, by }: NonNullable<PlanStream["of"]["position"]>, within: StreamNames): Line {
  const form = protoOf({ kind });
  const code = emitValue(by, within);
  const { print } = (form && emitAs(code, form, within)) ?? code;
  return [`{ kind: "${kind}", of: (${within.item}) => `, ...print, " }"];
}

function metadataOf(call: PlanStream["of"]["call"], cx: Line, within: StreamNames): Line {
  const [properties = []] = object(metadataProperties(call, within), Number.POSITIVE_INFINITY);
  return lambda(cx, ["args"], ["(", ...properties, ")"]);
}

function itemLambda(condition: Expression, cx: Line, within: StreamNames): Line {
  return lambda(
    cx,
    ["args", within.typed],
    absentAs("false", { ...condition, unsafe: [] }, within, applies(condition, within)),
  );
}

function composeProperty(
  { method, message }: PlanMethod,
  { of: { item, stream } }: PlanStream,
  cx: Line,
  within: StreamNames,
): Lines {
  const { file, item: local } = within;
  const name = stream.var?.value ?? item.name;
  const handed = handedOn(method, message.composed.args, file, { name, local });
  const others = [
    ...(message.shared.length > 0 ? ["opened"] : []),
    ...(message.tainted.length > 0 ? [`{ ${message.tainted.map((one) => `${camel(one)}: []`).join(", ")} }`] : []),
    ...(message.effectful ? ["[]"] : []),
  ];
  const compose = file.bff(message.name, message.file);
  const call: Line = [compose, "(cx, ", ...handed, ...others.map((other) => `, ${other}`), ")"];
  return line("compose: ", ...lambda(cx, ["args", within.typed, "opened"], call), ",");
}

/** The same over several lines. */
function lambdaOver(cx: Line, others: readonly string[], body: Lines): Lines {
  const all: Line = lambda(cx, others, body.flat());
  const arrow = all.findIndex((part) => typeof part === "string" && part.includes("=> "));
  return around(all.slice(0, arrow + 1), body, []);
}

function paceProperties(stream: PlanStream): Lines {
  const { idleMs, heartbeatMs, maxAgeMs, ahead, overflow, minIntervalMs } = stream;
  const row = (name: string, leaf: { readonly value: number; readonly at: unknown } | undefined): Lines =>
    leaf === undefined ? [] : line(`${name}: ${group(leaf.value)},`);
  return [
    ...row("idleMs", idleMs),
    ...row("heartbeatMs", heartbeatMs),
    ...row("maxAgeMs", maxAgeMs),
    ...row("ahead", ahead),
    [`overflow: ${JSON.stringify(overflow.value)},`],
    ...row("minIntervalMs", minIntervalMs),
  ];
}

/** Whether any rpc of a service streams. */
export const hasStreams = ({ methods }: Pick<PlanService, "methods">): boolean =>
  methods.some(({ stream }) => stream !== undefined);
