// Calls that each item of a stream causes.

import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { callsOf, isCached } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Plan, PlanMethod } from "../model/plan.ts";
import { allSteps, countCalls, type Messages, reachedInOrder } from "./max-calls.ts";

/** Reports calls that run for each item of a stream, without a batch or a cache: their number grows with the items. */
export function checkItemCalls({ files, messages }: Plan, report: Report): void {
  const byName = new Map(messages.map((message) => [message.composed.desc.typeName, message]));
  for (const method of files.flatMap(({ services }) => services).flatMap((service) => service.methods))
    if (method.stream !== undefined) checkMethod(method, byName, report);
}

function checkMethod({ method, message, stream }: PlanMethod, messages: Messages, report: Report): void {
  const order = reachedInOrder([message], messages);
  const calls = order.flatMap(({ steps }) => allSteps(steps).flatMap(({ step }) => callsOf(step.source)));
  const alone = calls.filter((call) => call.batch === undefined && !isCached(call));
  const [first] = alone;
  if (first === undefined || stream === undefined) return;
  const methods = new Set(alone.map(nameOf));
  const counted = countCalls([message], order, messages).filter((methodCalls) => methods.has(methodCalls.method));
  const cost = counted.reduce((sum, methodCalls) => sum + methodCalls.calls, 0);
  caution(report, "BFF634", first.methodAt, {
    message: `"${method.desc.name}" makes ${callsText(cost)} per item and follower: ${[...methods].join(", ")}`,
    related: [{ at: stream.of.stream.at, message: "the stream" }],
    hint: "call it in a step independent of the item, give the call a `cache` or `batch`, or have the upstream send the values in items",
  });
}

function callsText(calls: number): string {
  if (calls === Number.POSITIVE_INFINITY) return "any number of calls";
  return calls === 1 ? "one call" : `${calls} calls`;
}

const nameOf = ({ method }: Call): string => fullName(method);
