// What a streaming rpc follows, with its defaults, and what runs once before its source opens.
import type { DescFile } from "@bufbuild/protobuf";
import type { BffMethod, Call, Composed, Opening, Step } from "../resolve/model/model.ts";
import type { FunctionNames } from "./function-names.ts";
import type { Entry, Leaf, PlanOpening, PlanStream } from "./plan.ts";
import { inheritedOrigins } from "./plan-let.ts";
import { certainReads, type MessageSurroundings, planSteps } from "./plan-message.ts";
import { stepNames } from "./step-names.ts";

const MINUTE_MS = 60_000;

export function planStream(
  { stream, positionField }: BffMethod,
  {
    calls,
    opening,
    functions,
  }: {
    readonly calls: ReadonlyMap<Call, Entry>;
    readonly opening: PlanOpening | undefined;
    readonly functions: FunctionNames;
  },
): PlanStream | undefined {
  const entry = stream && calls.get(stream.call);
  if (stream === undefined || entry === undefined) return undefined;
  const { idle, heartbeat, maxAge, ahead, overflow, minInterval } = stream.stream;
  const leaf = <T>(said: Leaf<T> | undefined, standard: T): Leaf<T> => said ?? { value: standard, at: undefined };
  return {
    of: stream,
    entry,
    opening,
    idleMs: idle,
    heartbeatMs: positionField && leaf(heartbeat, 15_000),
    maxAgeMs: leaf(maxAge, 30 * MINUTE_MS),
    ahead: leaf(ahead, overflow?.value === "latest" ? 1 : 4),
    overflow: leaf(overflow, "wait"),
    minIntervalMs: minInterval,
    functions: functions.scope,
  };
}

export interface OpeningSurroundings extends Omit<MessageSurroundings, "nameOf" | "functions"> {
  readonly functions: (file: DescFile) => FunctionNames;
}

/** @param message what items are composed by */
export function planOpening(opening: Opening, message: Composed, around: OpeningSurroundings): PlanOpening {
  const functions = around.functions(opening.desc.file);
  const nameOf = stepNames(opening, functions.scope);
  const handedOn = message.shared.flatMap((standIn) =>
    standIn.source.kind === "shared" && standIn.source.of.some((step) => opening.steps.includes(step))
      ? [{ standIn, step: standIn.source.of[0] as Step }]
      : [],
  );
  const read = new Set(handedOn.map(({ step }) => step));
  const { planned, steps, shared, origins } = planSteps(opening, { ...around, nameOf }, read);
  const inherits = inheritedOrigins([...read], planned, origins);
  const started = steps.filter((step) => !step.sync && !step.immediate);
  const waitedFor = new Set(started.flatMap(({ step }) => certainReads(step)));
  return {
    composed: opening,
    name: functions.open(opening.desc),
    file: opening.file.desc,
    steps,
    shared,
    admits: steps.some((step) => step.immediate) ? around.admits : undefined,
    awaited: started.filter(({ step }) => !waitedFor.has(step)),
    gives: handedOn.map(({ standIn, step }) => ({
      name: around.sharedNames.get(standIn.name ?? "") ?? nameOf(step),
      step: planned(step),
    })),
    inherits,
    effectful: steps.some(({ effectful }) => effectful),
    optionalArgs: opening.args.members.filter((arg) => arg.variable.absent).map((arg) => arg.name),
    calls: around.calls,
    resolvers: around.resolvers,
    needs: around.needs,
    ranks: around.ranks,
    functions: functions.scope,
    sharedNames: around.sharedNames,
  };
}
