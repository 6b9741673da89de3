// One function for a whole list of composed messages: first the items of batches for each message, then each message as
// a literal.
import type { PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import type { FileNames } from "../names/file-names.ts";
import { MessageNames } from "../names/message-names.ts";
import { callParts } from "../steps/emit-call.ts";
import { ifKept, keptIf } from "../steps/emit-selection.ts";
import { emitStep } from "../steps/emit-step.ts";
import { awaitIn, type StepContext, stepContext } from "../steps/step-context.ts";
import { around, block, type Line, type Lines, line, mentions, unreadAsVoid } from "../text/lines.ts";
import { readParameters } from "../values/lambda.ts";
import { argumentsType, outerLocals, parameters } from "./emit-message.ts";
import { emitResponse } from "./emit-response.ts";
import type { SharedTypes } from "./emit-start.ts";
import { emitMarks, emitTouch } from "./emit-touch.ts";

/** Local names of values for the whole list. */
interface ListNames {
  readonly list: string;
  readonly index: string;
  /** Names of the values that hold all promises of a step. */
  readonly loads: ReadonlyMap<PlanStep, string>;
}

export function emitForList(
  message: PlanMessage,
  file: FileNames,
  planned: (typeName: string) => PlanMessage | undefined,
  sharedType: SharedTypes["of"],
): Lines {
  const names = new MessageNames(file, message);
  const started = message.steps.filter((step) => !step.sync);
  const local: ListNames = {
    list: names.fresh("list"),
    index: names.fresh("i"),
    loads: new Map(started.map((step) => [step, names.fresh(`${step.name}Loads`)])),
  };
  const plain = stepContext(message, names, planned, message.touches);
  const cx: StepContext = {
    ...plain,
    hoisted: {
      ...plain.hoisted,
      step: (step) => local.loads.get(step) && `${local.loads.get(step)}.step(${local.index})`,
    },
  };
  const body = unreadAsVoid(emitBody(message, names, cx, local));
  const { composed } = message;
  const type: Line = ["readonly ", ...argumentsType(message, file), "[]"];
  const shape = file.shape(composed.desc);
  const waits = body.some(([first]) => typeof first === "string" && /^(const \S+ = )?await /.test(first));
  const result: Line = waits ? ["): Promise<", shape, "[]> {"] : ["): ", shape, "[] {"];
  return [
    [`/** ${composed.desc.typeName}, for each item of a list */`],
    ...block(
      [
        `export ${waits ? "async " : ""}function ${message.name}(`,
        ...parameters(message, names, body, sharedType, { name: local.list, type }),
        ...result,
      ],
      body,
      ["}"],
    ),
  ];
}

function emitBody(message: PlanMessage, names: MessageNames, cx: StepContext, local: ListNames): Lines {
  const { list, index, loads } = local;
  const loaded = [...loads].flatMap(([step, name]) => [
    ...line(`// ${names.file.place(step.step.ir.at)}`),
    ...emitLoads(step, name, list, cx),
    [],
  ]);
  const response = emitResponse(message, names);
  const touches = message.touches.map((touch) => emitTouch(touch, message, names, cx.hoisted));
  const ending: Lines = [
    ...response.before,
    ...response.lines,
    ...emitMarks(message, names),
    ...(touches.length > 0 ? block(["if (cx.degraded) {"], touches, ["}"]) : []),
    [`return ${names.result};`],
  ];
  const constants = message.steps.filter(({ sync }) => sync).flatMap((step) => [...emitStep(step, cx), []]);
  const read = [...constants, ...ending];
  const values = [...loads].flatMap(
    ([step, name]): Lines => (mentions(read, step.name) ? [[`const ${step.name} = ${name}.value(${index});`]] : []),
  );
  const optional = names.optional((name) => mentions(read, name));
  const row = unreadAsVoid([
    ...(optional.length > 0 ? [[`const { ${optional.join(", ")} } = args;`]] : []),
    ...values,
    ...(optional.length + values.length > 0 ? [[]] : []),
    ...constants,
    ...ending,
  ]);
  const waited = [...message.awaited, ...message.barriers].filter((step) => loads.has(step));
  const shared = message.awaited.filter((step) => !loads.has(step));
  const awaits = [...awaitIn(shared, row), ...waited.map((step): Line => [`await ${loads.get(step)}.all;`])];
  const by = readParameters(["args", index], (name) => mentions(row, name));
  const all = block([`return ${list}.map((`, ...by, ") => {"], row, ["});"]);
  const locals = outerLocals(message, names, [...loaded, ...awaits], all);
  return [
    ...locals,
    ...(locals.length > 0 ? [[]] : []),
    ...loaded,
    ...awaits,
    ...(awaits.length > 0 ? [[]] : []),
    ...all,
  ];
}

/** `const authorLoads = cx.tryLoadEach(authorById, list, (args) => args.authorId);` */
function emitLoads(step: PlanStep, name: string, list: string, cx: StepContext): Lines {
  const { source } = step;
  const { supplementary } = step.step;
  if (source.kind !== "call" || source.call.batch === undefined) throw new Error(`"${step.name}" loads nothing`);
  const { entry, request, group } = callParts(source.call, cx.names, { mark: false, explained: false });
  const method = `${supplementary ? "tryLoad" : "load"}${source.call.batch.many ? "Many" : ""}Each`;
  const of = (lines: Lines): Lines => {
    const [first] = lines[0] ?? [];
    const isObject = typeof first === "string" && first.startsWith("{");
    const open = `(${mentions(lines, "args") ? "args" : ""}) => ${isObject ? "(" : ""}`;
    return around([open], lines, [isObject ? ")" : ""]);
  };
  const others = group === undefined ? [] : around([", "], of(group), []);
  const [key = []] = of(request);
  const condition = keptIf(step, cx.message, cx.names);
  const loads = around([`cx.${method}(${entry}, ${list}, `, ...key], others.length === 0 ? [[]] : others, [")"]);
  const skipped = cx.names.file.runtime("SKIPPED_EACH");
  return around([`const ${name} = `], ifKept(condition, loads, [skipped]), [";"]);
}
