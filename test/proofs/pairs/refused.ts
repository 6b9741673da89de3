// Pairs of levels that the language refuses, with the code of the error. A test compiles each of them.
import { type Choice, FACTORS } from "./model.ts";

/** "factor" or "factor: level", twice, and the code. */
export const REFUSED: readonly (readonly [first: string, second: string, code: string])[] = [
  ["branch", "shard", "BFF285"],
  ["tool: service", "credential", "BFF227"],
  ["tool: service", "identify", "BFF227"],
  ["tool: hidden", "identify: token", "BFF219"],
  ["tool: plain", "identify: token", "BFF219"],
  ["effect: confirmed", "identify: token", "BFF219"],
  ["later: topic of NATS", "identify: token", "BFF219"],
  ["identify: token", "credential: api key", "BFF531"],
  ["identify: token", "credential: assertion", "BFF531"],
  ["identify: token", "credential: trusted", "BFF531"],
  ["identify: token", "credential: trusted, from a certificate", "BFF531"],
  ["identify: token", "credential: certificate", "BFF531"],
  ["identify", "http cache: shared", "BFF262"],
  ["identify", "rpc cache: tag of a CDN", "BFF262"],
  ["mask: on request", "later: topic of NATS", "BFF420"],
  ["sensitive: fresh", "later: topic of NATS", "BFF807"],
  ["pages", "later: topic of NATS", "BFF322"],
  ["tool: service", "effect: order", "BFF227"],
  ["tool: service", "effect: unordered", "BFF227"],
  ["tool: service", "effect: idempotent", "BFF227"],
  ["tool: service", "effect: idempotent entry", "BFF227"],
  ["tool: service", "identity: jwt, public", "BFF227"],
  ["expression: resolver of a step", "later: parts", "BFF662"],
  ["expression: resolver of a step", "rpc cache", "BFF261"],
  ["expression: resolver of a step", "http cache", "BFF261"],
  ["expression: resolver of a message", "rpc cache", "BFF261"],
  ["expression: resolver of a message", "http cache", "BFF261"],
  ["on_error: fail", "later: parts", "BFF666"],
  ["on_error: fail with details", "later: parts", "BFF666"],
  ["mask: on request", "later: latest item", "BFF420"],
  ["sensitive: fresh", "later: latest item", "BFF807"],
  ["pages", "later: latest item", "BFF322"],
  ["rpc cache: tag of a CDN", "later: parts", "BFF814"],
  ["rpc cache: tag of a CDN", "identity: jwt, scope", "BFF262"],
  ["rpc cache: tag of a CDN", "identity: jwt, if", "BFF262"],
  ["rpc cache: tag of a CDN", "identity: jwt, claims", "BFF262"],
  ["rpc cache: tag of a CDN", "identity: jwt, let", "BFF262"],
  ["identity: jwt, claims", "http cache: shared", "BFF262"],
  ["identity: jwt, let", "http cache: shared", "BFF262"],
  ["switch: switch", "later: parts", "BFF662"],
  ["expression: resolver", "rpc cache", "BFF261"],
  ["expression: resolver", "http cache", "BFF261"],
  ["mask: on request", "later: stream", "BFF420"],
  ["mask: on request", "later: topic", "BFF420"],
  ["sensitive: fresh", "later: stream", "BFF807"],
  ["sensitive: fresh", "later: topic", "BFF807"],
  ["mask: on request", "later: live", "BFF420"],
  ["sensitive: fresh", "later: live", "BFF807"],
  ["pages", "later: live", "BFF322"],
  ["effect", "later: live", "BFF579"],
  ["rpc cache: tag of a CDN", "later: live", "BFF814"],
  ["mask: on request", "later: live, after events", "BFF420"],
  ["sensitive: fresh", "later: live, after events", "BFF807"],
  ["pages", "later: live, after events", "BFF322"],
  ["effect", "later: live, after events", "BFF579"],
  ["rpc cache: tag of a CDN", "later: live, after events", "BFF814"],
  ["sensitive: fresh", "rpc cache", "BFF807"],
  ["sensitive: fresh", "http cache", "BFF807"],
  ["pages", "later: parts", "BFF322"],
  ["pages", "later: stream", "BFF322"],
  ["pages", "later: topic", "BFF322"],
  ["effect", "rpc cache", "BFF260"],
  ["effect", "http cache", "BFF260"],
  ["identity: jwt, scope", "http cache: shared", "BFF262"],
  ["identity: jwt, if", "http cache: shared", "BFF262"],
];

/** Levels that something else refuses: the server at its start, or the language with some permits. */
const BESIDES = [
  ["explorer", "workers"], // the live page shows one process
  ["tool", "credential: token in a cookie"], // BFF218: agents have no cookies
  ["effect: confirmed", "credential: token in a cookie"],
  ["later: topic of NATS", "credential: token in a cookie"],
  ["tool", "credential: session"],
  ["effect: confirmed", "credential: session"],
  ["later: topic of NATS", "credential: session"],
] as const;

/** Levels of REFUSED and BESIDES as indexes: factor and levels, twice. */
const INDEXES = [...REFUSED, ...BESIDES].map(([first, second]) => [indexesOf(first), indexesOf(second)] as const);

function indexesOf(pattern: string): readonly [factor: number, levels: ReadonlySet<number>] {
  const [name = "", level] = pattern.split(": ");
  const at = FACTORS.findIndex((factor) => factor.name === name);
  const levels = FACTORS[at]?.levels ?? [];
  const chosen = [...levels.keys()].filter((i) =>
    level === undefined ? levels[i]?.name !== "none" : levels[i]?.name === level,
  );
  if (chosen.length === 0) throw new Error(`no level ${pattern}`);
  return [at, new Set(chosen)];
}

/** Reports whether the language accepts these levels, one for each factor, by index. */
export const accepts = (row: readonly (number | undefined)[]): boolean =>
  INDEXES.every(([[a, some], [b, others]]) => !some.has(row[a] ?? -1) || !others.has(row[b] ?? -1));

/** Returns each refused pair of levels with its code. */
export function refusedPairs(): readonly { readonly choice: Choice; readonly code: string }[] {
  return INDEXES.slice(0, REFUSED.length).flatMap(([[a, some], [b, others]], i) =>
    [...some].flatMap((level) =>
      [...others].map((other) => ({
        choice: choiceOf([
          [a, level],
          [b, other],
        ]),
        code: REFUSED[i]?.[2] ?? "",
      })),
    ),
  );
}

/** Returns the levels of factors by the factors' names. */
export function choiceOf(levels: Iterable<readonly [factor: number, level: number]>): Choice {
  const choice = new Map();
  for (const [at, level] of levels) choice.set(FACTORS[at]?.name ?? "", FACTORS[at]?.levels[level]);
  return choice;
}
