// Compares a report of `protobff replay --against` on one request with two live runs of it.
import { runAgainst } from "../../../../packages/replay/src/against/run-against.ts";
import { readCapture } from "../../../../packages/replay/src/capture/read-capture.ts";
import { sendsMore, unanswered, unknownCalls } from "./expected.ts";
import type { Seen, Sent } from "./live.ts";

/** Live runs of one request by the build that wrote its capture and by another one. */
export interface Runs {
  readonly before: Seen;
  readonly after: Seen;
  /** Their differences, as of `expected`. */
  readonly differences: ReadonlySet<string>;
  /** The method of the build that wrote the capture. */
  readonly method: Sent["method"];
  /** Path of the capture. */
  readonly file: string;
  /** True if the other build is the same but for its text. */
  readonly isSame: boolean;
  /** True if the cache of its process was not empty. */
  readonly isWarm: boolean;
  /** True if the other build looks up more in it. */
  readonly isNewlyCached: boolean;
}
export interface RunVerdict {
  /** `assumed`: an answer is assumed, and `guarded`: a guard has refused an attempt. These are not compared. */
  readonly kind: "same" | "differs" | "unknown" | "assumed" | "guarded";
  /** Why it is not comparable. */
  readonly reason?: string | undefined;
  readonly faults: readonly string[];
}
interface Report {
  readonly requests: number;
  readonly assumed: number;
  readonly unusable: readonly string[];
  readonly groups: readonly {
    readonly kind: string;
    readonly what: string;
    readonly examples: readonly { readonly text: string }[];
  }[];
}

/** @param server of the build that wrote the capture; undefined: it is not at hand */
export async function verdictFor(runs: Runs, against: string, server: string | undefined): Promise<RunVerdict> {
  const { before, after, file, isSame, isNewlyCached } = runs;
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  await runAgainst({ files: [file], against, server, format: "json" }, write, () => {});
  const report: Report = JSON.parse(text);
  if (report.requests !== 1 || report.unusable.length > 0) return { kind: "unknown", faults: [text] };
  // The budgets of a process that has served nothing else are almost empty. A replay admits what the capture has not.
  if (!isSame && after.refusals + before.refusals > 0) return { kind: "guarded", faults: [] };
  const unknown = report.groups.find(({ kind }) => kind === "unknown");
  if (unknown !== undefined) {
    const isRight = isReason(unknown.what, runs, server !== undefined);
    return { kind: "unknown", reason: unknown.what, faults: isRight ? [] : [`wrong reason: ${unknown.what}`] };
  }
  const added = [...unknownCalls(before, after)];
  // Batches of other keys: live, an answer depends on the whole message here.
  if (server !== undefined && report.assumed > 0 && added.some((rpc) => /\/(Batch|Map)/.test(rpc)))
    return { kind: "assumed", faults: [] };
  // A cache that the build that wrote the capture did not look into: live it may have answers.
  if (isNewlyCached && added.length === 0 && (server === undefined || report.assumed > 0))
    return { kind: "assumed", faults: [] };
  if (sendsMore(before, after))
    return { kind: "assumed", faults: report.assumed === 0 ? ["a call more, and nothing assumed"] : [] };
  if (added.length > 0) return { kind: "differs", faults: [`compared, although ${added} is new`] };
  return compared(report, runs, server !== undefined);
}

/** Returns true if the reason holds in the live runs. */
function isReason(what: string, { before, after, file, isWarm }: Runs, hasOld: boolean): boolean {
  const [, rpc] = /^([\w.]+\/\w+) has no captured answer to this message$/.exec(what) ?? [];
  // Live, a warm cache may have had an answer that the captured request did not look up.
  if (rpc !== undefined) return unanswered(before, after).has(rpc) || (isWarm && unanswered(before, after).size > 0);
  const [, header] = /^the header (\S+) was not captured$/.exec(what) ?? [];
  if (header !== undefined) return (isWarm || after.headers.has(header)) && !before.headers.has(header);
  if (what.includes(": add --server ")) return !hasOld;
  if (what.startsWith("a cancelled call"))
    return [before, after].some(({ calls }) => calls.some(({ end }) => end === "cancel"));
  // Timers and cancelled calls depend on the load of the process, and on a clock of guards that a replay does not have.
  const kinds = new Set(readCapture(file).requests.flatMap(({ tape }) => tape.map(([kind]) => kind)));
  const hasLoad = waits(file) || kinds.has("timer") || kinds.has("cancel");
  return what.startsWith("the build that wrote it") && hasLoad;
}

const waits = (file: string): boolean =>
  readCapture(file).requests.some(({ decisions }) => decisions.some(([, , result]) => result === "wait"));

function compared(report: Report, { before, after, differences, method, file }: Runs, hasOld: boolean): RunVerdict {
  const nameOf = ({ kind, what }: Report["groups"][number]): string =>
    kind === "degradations" ? kind : `${kind} ${named(what, method)}`;
  const found = new Set(report.groups.map(nameOf));
  // The time of a request that waited for a place is not compared.
  const hasTime = (what: string): boolean => !what.endsWith(" critical path") || !waits(file);
  const want = new Set([...differences].filter((what) => hasTime(what) && (hasOld || what !== "faster critical path")));
  const [misses, extra] = [[...want.difference(found)], [...found.difference(want)]];
  const faults = [
    ...(misses.length > 0 ? [`misses ${misses.join(", ")}`] : []),
    ...(extra.length > 0 ? [`false ${extra.join(", ")}`] : []),
  ];
  const shown = report.groups.find(({ what }) => what === "bff-degraded")?.examples[0]?.text;
  const degraded = `${before.degraded || "none"} -> ${after.degraded || "none"}`;
  if (before.degraded !== after.degraded && shown !== degraded) faults.push(`${shown} in place of ${degraded}`);
  return { kind: want.size > 0 ? "differs" : "same", faults };
}

/** Fields that the build has lost are named by their numbers, unless the build that wrote the capture is at hand. */
function named(what: string, { output }: Sent["method"]): string {
  const [whole, message, number] = /^(\w+)\.#(\d+)/.exec(what) ?? [];
  if (whole === undefined) return what;
  const seen = new Set([output]);
  for (const { fields } of seen) for (const field of fields) if (field.message) seen.add(field.message);
  const fields = [...seen].find(({ name }) => name === message)?.fields;
  return `${message}.${fields?.find((field) => field.number === Number(number))?.name}`;
}
