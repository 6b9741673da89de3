import { type Expression, emitValue } from "../../cel/index.ts";
import type { PlanMethod, PlanService, PlanStream } from "../../plan/model/plan.ts";
import { lowerCamel, lowerFirst, NameScope } from "../../plan/names/name-scope.ts";
import { camel } from "../../text/camel.ts";
import { type FileNames, typeOfRequest } from "../names/file-names.ts";
import { needsArgument, rootSelection } from "../steps/emit-selection.ts";
import { callSource } from "../steps/emit-source.ts";
import { composeFunction } from "../steps/step-parts.ts";
import { around, block, group, type Line, type Lines, line, mentions } from "../text/lines.ts";
import { absentAs, applies, lambda, requestNames, type Typed } from "../values/lambda.ts";
import type { ValueNames } from "../values/value.ts";
import { admits, handedOn, typedRequest } from "./endpoint-parts.ts";

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
    ...sourceProperty(planned, stream, within),
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
  /** An item, and its type, which TypeScript cannot infer. */
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
    variable: (variable) => {
      if (variable === item) return local;
      return variable === resume ? "resume" : within.variable(variable);
    },
    local: (name) => {
      const free = within.local(name);
      return free === local || free === "opened" || free === "resume" ? `${free}_` : free;
    },
  };
}

/** Prints the steps that run once, after their guards. */
function openProperty(planned: PlanMethod, { opening }: PlanStream, names: FileNames): Lines {
  const { method, start, message } = planned;
  const started = start === undefined ? "" : `${start.name}(cx${needsArgument(planned, start)})`;
  const starts = start !== undefined && !start.empty;
  if (opening === undefined && !starts && start?.admit === undefined) return [];
  const source = opening ?? {
    ...message,
    admits: undefined,
    composed: { args: { ...message.composed.args, members: [] } },
  };
  const plain = handedOn(method, source.composed.args, names);
  const { statements, handed, waits } = admits({ method, message: source, start }, plain, names);
  const read = message.shared.length > 0 || (opening?.shared.length ?? 0) > 0;
  const begins = (start?.before?.length ?? 0) > 0 && (opening?.effectful ?? false);
  const lines: Line[] = [...statements];
  if (starts) lines.push([read || begins ? `const shared = ${started};` : `${started};`]);
  const shared = starts && read;
  const opened: Line =
    opening === undefined
      ? ["shared"]
      : [
          names.bff(opening.name, opening.file),
          "(cx, ",
          ...handed,
          ...(opening.shared.length > 0 ? [", shared"] : []),
          ...(opening.effectful ? [begins ? ", shared.before" : ", []"] : []),
          needsArgument(planned, opening),
          ")",
        ];
  const both = shared && opening !== undefined;
  const request: Line = both ? ["{ ...shared, ...(await ", ...opened, ") }"] : opened;
  const cx = typedRequest(planned, names);
  const reads = (name: string): boolean => mentions([...lines, request], name);
  const open: Line = [`open: ${waits || both ? "async " : ""}(`, ...cx, ...(reads("args") ? [", args"] : []), ") => "];
  if (lines.length === 0) return [[...open, ...request, ","]];
  const end: Lines = opening === undefined && !shared ? [] : [["return ", ...request, ";"]];
  return block([...open, "{"], [...lines, ...end], ["},"]);
}

function sourceProperty(planned: PlanMethod, stream: PlanStream, within: StreamNames): Lines {
  const { source, overflow } = stream;
  const cx = typedRequest(planned, within.file);
  // TypeScript cannot infer the type of values that a request or the key of a topic reads.
  const context = ["cx: ", ...typeOfRequest(["App"], planned.method.callers, within.file)];
  if (source.kind === "call") {
    const { entry, call } = source;
    const opened = callSource(`app.${entry.name}`, call, stream.of.position, within, { cx, typed: context });
    return around(["source: "], opened, [","]);
  }
  const { print } = emitValue(source.key, within);
  const key = lambda(mentions([print], "cx") ? context : cx, ["args", "opened"], print);
  const latest = overflow.value === "latest" ? ", true" : "";
  return [["source: ", within.file.runtime("topicSource"), `(app.${source.topic.name}, `, ...key, `${latest}),`]];
}

function itemLambda(condition: Expression, cx: Line, within: StreamNames): Line {
  return lambda(
    cx,
    ["args", within.typed],
    absentAs("false", { ...condition, unsafe: [] }, within, applies(condition, within)),
  );
}

function composeProperty(
  planned: PlanMethod,
  { of: { item, stream } }: PlanStream,
  cx: Line,
  within: StreamNames,
): Lines {
  const { method, message } = planned;
  const { file, item: local } = within;
  const name = stream.var?.value ?? item.name;
  const handed = handedOn(method, message.composed.args, file, { name, local });
  const others = [
    ...(message.shared.length > 0 ? ["opened"] : []),
    ...(message.tainted.length > 0 ? [`{ ${message.tainted.map((field) => `${camel(field)}: []`).join(", ")} }`] : []),
    ...(message.effectful ? ["[]"] : []),
  ];
  const compose = composeFunction(message, file);
  const selection = rootSelection(planned, file);
  const last: Line = selection === undefined ? [] : [", ", ...selection];
  const call: Line = [...compose, "(cx, ", ...handed, ...others.map((other) => `, ${other}`), ...last, ")"];
  return line("compose: ", ...lambda(cx, ["args", within.typed, "opened"], call), ",");
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

/** Returns true if any rpc of a service streams. */
export const hasStreams = ({ methods }: Pick<PlanService, "methods">): boolean =>
  methods.some(({ stream, live, method }) => (stream ?? live ?? method.parts) !== undefined);
