import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsOf } from "../../resolve/model/blocks.ts";
import type { EachSource, Step } from "../../resolve/model/model.ts";
import { isCostly, MAX_CLIENT_ITEMS, requestLists } from "../../resolve/model/request-lists.ts";
import { type Check, nameOf } from "../check.ts";

/** Reports an `each` whose `concurrent` has no effect, or exceeds the limit of its call. */
export const eachLimits: Check = {
  rules: {
    BFF517:
      "The concurrency of an `each` is at most the limit of its call if calls cannot queue. The limit refuses calls above it.",
    BFF705:
      "`concurrent` of an `each` has an effect. It has none on calls that are joined into one, or with fewer items than its value.",
    BFF706:
      "A list from a client has a bound if its items cost calls or compositions. Otherwise one request determines the work of the BFF.",
  },
  run(model, report) {
    const clientLists = requestLists(model);
    for (const step of blocksOf(model).flatMap((message) => message.steps)) {
      if (step.source.kind !== "each") continue;
      if (clientLists.has(step)) checkClientList(step, step.source, report);
      checkConcurrent(step, step.source, report);
      checkQueue(step, step.source, report);
    }
  },
};

/** Reports a list from the client without a bound: it may have any length. */
function checkClientList(step: Step, source: EachSource, report: Report): void {
  if (source.max !== undefined || !isCostly(source)) return;
  const does = source.source.kind === "compose" ? `composes "${source.source.message.name}"` : "makes a call";
  caution(report, "BFF706", source.in.text.at, {
    message: `${nameOf(step)} ${does} for each item of a list from the client, and nothing limits the items`,
    hint: `set \`max\`, the maximum number of items; without it the maximum is ${MAX_CLIENT_ITEMS}, and a request with more is refused`,
  });
}

function checkConcurrent(step: Step, source: EachSource, report: Report): void {
  const declared = step.ir.source?.kind === "each" ? step.ir.source.concurrent : undefined;
  if (declared === undefined) return;
  const warn = (message: string, hint: string): void => caution(report, "BFF705", declared.at, { message, hint });
  const [call] = callsOf(source.source);
  if (call?.batch !== undefined)
    warn("this `concurrent` has no effect: the calls of all items are joined", "leave it out");
  else if (source.source.kind === "by")
    warn(`this \`concurrent\` has no effect: ${nameOf(step)} makes no calls`, "leave it out");
  else if (source.max !== undefined && declared.value > source.max)
    warn(`this \`concurrent\` is never reached: there are at most ${source.max} items`, "leave it out, or lower it");
}

function checkQueue(step: Step, source: EachSource, report: Report): void {
  const [call] = callsOf(source.source);
  const limit = call?.policy.limit;
  const together = Math.min(source.concurrent, source.max ?? source.concurrent);
  if (call === undefined || call.batch !== undefined || limit?.queued?.value !== 0) return;
  if (limit.concurrent === undefined || limit.concurrent.value >= together) return;
  caution(report, "BFF517", limit.concurrent.at, {
    message: `up to ${together} items of ${nameOf(step)} call at once, but at most ${limit.concurrent.value} may be in flight and none may wait`,
    related: [{ at: limit.queued.at, message: "calls above the limit are refused here" }],
    hint: `write \`concurrent: ${limit.concurrent.value}\` in the \`each\`, or allow waiting calls with \`queued\``,
  });
}
