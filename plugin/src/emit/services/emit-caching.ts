// Properties of an endpoint for cached answers.

import type { PlanInputs } from "../../plan/model/answer-inputs.ts";
import type { PlanAnswerTags, PlanHttpCache, PlanResponseCache } from "../../plan/model/plan.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, commas, group, type Line, type Lines } from "../text/lines.ts";
import { amount } from "../values/amount.ts";
import { holeValue, tagParts } from "../values/emit-tags.ts";
import { lambda, requestNames } from "../values/lambda.ts";

/**
 * Prints `cache: { answers: deps.cache, ttlMs: 30_000, plan: "…", principal: ["tenant"] },`, with the guards that run
 * for each request.
 */
export function cacheProperty(
  cache: PlanResponseCache | undefined,
  { cx, admit, tags }: { readonly cx: Line; readonly admit: Lines; readonly tags: PlanAnswerTags | undefined },
  names: FileNames,
): Lines {
  if (cache === undefined) return [];
  const { ttl, stale, purged, singleFetch, sensitive, plan, env, ways } = cache;
  const rows: Line[] = [
    ["answers: deps.cache,"],
    ["ttlMs: ", ...amount(ttl, names, "deps.env"), ","],
    ...(stale === undefined ? [] : [["staleMs: ", ...amount(stale, names, "deps.env"), ","]]),
    ...(purged === undefined ? [] : [[`purged: ${JSON.stringify(purged)},`]]),
    ...(singleFetch === undefined ? [] : [["singleFetch: false,"]]),
    ...(sensitive ? [["sensitive: true,"]] : []),
    [`plan: ${JSON.stringify(plan)},`],
    ...inputParts(cache).map((part) => [`${part},`]),
    ...(env.length === 0 ? [] : [[`env: [${env.map((name) => `app.${name}`).join(", ")}],`]]),
    ...(ways.length === 0 ? [] : [waysLine(ways, cx)]),
    ...(tags === undefined ? [] : [tagsLine(tags, cx, names)]),
    ...admit,
  ];
  return block([`cache: { // ${names.place(cache.at)}`], rows, ["},"]);
}

/** `principal: ["tenant"]`, `headers: ["x-region"]` */
export function inputParts({ principal, sealed, token, peer, headers }: PlanInputs): readonly string[] {
  return [
    ...(principal === undefined ? [] : [`principal: ${principal === "whole" ? '"whole"' : list(principal)}`]),
    ...(sealed === undefined || sealed.isOpen ? [] : [`subject: ${JSON.stringify(sealed.fields ?? true)}`]),
    ...(token ? ["token: true"] : []),
    ...(peer ? ["peer: true"] : []),
    ...(headers.length === 0 ? [] : [`headers: ${list(headers)}`]),
  ];
}

/** `tags: (_cx, _args, result) => [["order:", result.id]],` */
function tagsLine({ of, functions }: PlanAnswerTags, cx: Line, names: FileNames): Line {
  const within = requestNames(names, functions);
  const lists = of.tags.map(({ parts }) =>
    tagParts(parts.map((part) => (typeof part === "string" ? part : holeValue(part, within)))),
  );
  const result = { name: "result", type: [names.shape(of.rpc.desc.output)] };
  return ["tags: ", ...lambda(cx, ["args", result], ["[", ...commas(lists), "]"]), ","];
}

/** `ways: (cx) => cx.branchOf(cx.app.getItem),` */
function waysLine(ways: PlanResponseCache["ways"], cx: Line): Line {
  const all = ways.map(({ name, batch }) => `cx.branchOf(cx.app.${name}${batch === undefined ? "" : ".rpc"})`);
  return ["ways: (", ...cx, `) => ${all.length === 1 ? all[0] : `[${all.join(", ")}].join()`},`];
}

/** `http: { maxAgeMs: 30_000, vary: ["authorization"] },` */
export function httpProperty(http: PlanHttpCache | undefined, names: FileNames): Lines {
  if (http === undefined) return [];
  const { maxAgeMs, staleMs, vary, shared, tag } = http;
  const parts = [
    `maxAgeMs: ${group(maxAgeMs)}`,
    ...(staleMs === undefined ? [] : [`staleMs: ${group(staleMs)}`]),
    `vary: ${list(vary)}`,
    ...(shared ? ["shared: true"] : []),
    ...(tag ? ["tag: true"] : []),
  ];
  return [[`http: { ${parts.join(", ")} }, // ${names.place(http.at)}`]];
}

const list = (names: readonly string[]): string => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;
