import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { callsOf, isCached, restsOn } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, BffService, Step } from "../../resolve/model/model.ts";
import { composedBlocks, requestReads } from "../../resolve/model/request-reads.ts";
import type { Check } from "../check.ts";
import { REQUEST_IDS } from "../request-names.ts";

/** Reports settings of cached answers that are valid but probably not intended. */
export const agedAnswers: Check = {
  rules: {
    BFF550:
      "A guard of a cached rpc reads no calls. Such a guard runs when an answer is composed, not when the answer is reused.",
    BFF551:
      "A cached answer does not contain the current time. It would contain the time of the request that composed it.",
    BFF552:
      "HTTP caches keep an answer at most as long as the BFF keeps its parts. Otherwise clients see older data than the BFF.",
    BFF553: "A cached answer does not depend on an id of the request. No second request has the same id.",
    BFF554:
      "The `http_cache` of a service needs rpcs that are declared NO_SIDE_EFFECTS. Without such rpcs it has no effect.",
  },
  run(model, report) {
    for (const service of model.files.flatMap(({ services }) => services)) {
      checkIdle(service, report);
      for (const method of service.methods) {
        if (method.cache === undefined && method.httpCache === undefined) continue;
        const blocks = composedBlocks(method, model);
        const steps = blocks.flatMap((block) => block.steps);
        checkGuards(method, steps, report);
        checkReads(method, requestReads(blocks), report);
        checkAges(
          method,
          steps.flatMap(({ source }) => callsOf(source)),
          report,
        );
      }
    }
  },
};

/** Reports the `http_cache` of a service that applies to none of its rpcs. */
function checkIdle({ ir, methods }: BffService, report: Report): void {
  const httpCache = ir.httpCache;
  if (httpCache === undefined || methods.length === 0 || methods.some(({ noSideEffects }) => noSideEffects)) return;
  caution(report, "BFF554", httpCache.at, {
    message: `no rpc of "${ir.desc.name}" is declared NO_SIDE_EFFECTS, so this applies to none of them`,
    hint: "add `option idempotency_level = NO_SIDE_EFFECTS;` to the rpcs without side effects, or leave out `http_cache`",
  });
}

function checkGuards({ cache, httpCache, desc }: BffMethod, steps: readonly Step[], report: Report): void {
  const at = cache?.at ?? httpCache?.at;
  if (at === undefined) return;
  for (const guard of steps) {
    if (guard.source.kind !== "guard") continue;
    const hasCalls = [...restsOn(guard)].some(({ source }) =>
      source.kind === "shared" ? source.of.some(sends) : callsOf(source).length > 0,
    );
    if (!hasCalls) continue;
    caution(report, "BFF550", at, {
      message: `a guard of "${desc.name}" reads calls, and does not run when an answer is reused`,
      related: [{ at: guard.ir.at, message: "the guard" }],
      hint: "move the decision into a `permit`, which is checked for each request; or cache the calls instead of the rpc",
    });
  }
}
const sends = (step: Step): boolean => [step, ...restsOn(step)].some(({ source }) => callsOf(source).length > 0);

function checkReads(
  { cache, desc }: BffMethod,
  { now, headers }: ReturnType<typeof requestReads>,
  report: Report,
): void {
  if (cache === undefined) return;
  if (now !== undefined)
    caution(report, "BFF551", now, {
      message: `"now" in an answer of "${desc.name}" is up to ${durationText(Math.max(cache.ttl.value, cache.stale?.value ?? 0))} old when the answer is reused`,
      related: [{ at: cache.at, message: "answers are reused" }],
      hint: "cache the calls instead of the rpc, or leave out `now`",
    });
  // Tracing headers count only if they are read.
  for (const name of REQUEST_IDS) {
    const at = headers.get(name);
    if (at === undefined) continue;
    caution(report, "BFF553", at, {
      message: `answers of "${desc.name}" depend on "${name}", which differs in each request: no answer is ever reused`,
      related: [{ at: cache.at, message: "answers are cached without use" }],
      hint: "leave out the header: `forward` may still pass on `traceparent` and `x-request-id`",
    });
  }
}

/** Formats a duration as an author would write it. */
function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms > 0 && ms % each === 0) ?? ["s", 1_000];
  return `${ms / size}${unit}`;
}
const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/** Reports clients that keep an answer for longer than the BFF keeps its parts. */
function checkAges({ cache, httpCache, desc }: BffMethod, calls: readonly Call[], report: Report): void {
  if (httpCache === undefined) return;
  const kept = calls.filter(isCached).map(({ method, policy, methodAt }) => {
    const { ttl, stale } = policy.cache;
    return {
      whose: `answers of "${fullName(method)}"`,
      ms: Math.max(ttl?.value ?? 0, stale?.value ?? 0),
      at: ttl?.at ?? methodAt,
    };
  });
  if (cache !== undefined) {
    const ms = Math.max(cache.ttl.value, cache.stale?.value ?? 0);
    kept.push({ whose: "them", ms, at: cache.at });
  }
  const [shortest] = kept.sort((a, b) => a.ms - b.ms);
  if (shortest === undefined || shortest.ms >= httpCache.maxAge.value) return;
  caution(report, "BFF552", httpCache.maxAge.at, {
    message: `clients keep answers of "${desc.name}" for ${durationText(httpCache.maxAge.value)}, but the BFF keeps ${shortest.whose} for ${durationText(shortest.ms)}`,
    related: [{ at: shortest.at, message: "the time in the BFF" }],
    hint: `write at most "${durationText(Math.floor(shortest.ms / 1_000) * 1_000)}", or let the BFF keep answers longer`,
  });
}
