// Report of cached answers.

import type { PlanInputs } from "../../plan/model/answer-inputs.ts";
import type { PlanMethod, PlanResponseCache } from "../../plan/model/plan.ts";
import { amountText } from "../../text/amount.ts";
import { timeText } from "../../text/time-text.ts";

interface ResponseCacheReport {
  readonly ttl_ms: number;
  readonly stale_ms?: number;
  /** Present only if answers have tags. */
  readonly tags?: readonly string[];
  /** Use of purged answers; absent if there is none. */
  readonly purged?: "spare" | "counted";
  /** Present only if each process fetches for itself. */
  readonly single_fetch?: false;
  /** Present only if answers or their requests may contain sensitive values: in Redis they are sealed. */
  readonly sensitive?: true;
  /** `principal.tenant`, `principal` as a whole, `subject of the caller`, `token`, `peer.address`, `headers["x"]`, `env.X`, `branch of item`. */
  readonly depends_on: readonly string[];
}
interface HttpCacheReport {
  readonly max_age_ms: number;
  readonly stale_ms?: number;
  readonly shared: boolean;
  readonly vary: readonly string[];
  /** Present only if a CDN receives the tags. */
  readonly tag?: true;
}

/** The caching of an rpc's answers. */
export interface CachingReport {
  /** Inputs of cached answers besides the request; present only if the BFF caches its answers. */
  readonly cache?: ResponseCacheReport;
  /** Directives for HTTP caches; present only if declared. */
  readonly http_cache?: HttpCacheReport;
}

export function cachingReport({ cache, tags, http }: PlanMethod): CachingReport {
  const stale = (staleMs: number | undefined) => (staleMs === undefined ? {} : { stale_ms: staleMs });
  return {
    ...(cache !== undefined && {
      cache: {
        ttl_ms: cache.ttl.value,
        ...stale(cache.stale?.value),
        ...(tags !== undefined && { tags: tags.of.tags.map(({ text }) => text.value) }),
        ...(cache.purged !== undefined && { purged: cache.purged }),
        ...(cache.singleFetch !== undefined && { single_fetch: cache.singleFetch }),
        ...(cache.sensitive && { sensitive: true }),
        depends_on: dependsOn(cache),
      },
    }),
    ...(http !== undefined && {
      http_cache: {
        max_age_ms: http.maxAgeMs,
        ...stale(http.staleMs),
        shared: http.shared,
        vary: http.vary,
        ...(http.tag && { tag: true }),
      },
    }),
  };
}

/** The times of an RPC's cache by their names in the report. */
export const cacheNumbers = ({ cache }: PlanMethod) => ({ "cache.ttl_ms": cache?.ttl, "cache.stale_ms": cache?.stale });

/** `answers kept for 60 s, then renewed for up to 600 s, by the request, principal.tenant, env.SHELF` */
export function cachingLines({ cache, tags, http }: PlanMethod): string[] {
  const lines: string[] = [];
  if (cache !== undefined) {
    const stale = cache.stale === undefined ? "" : `, and while they are renewed until ${amountText(cache.stale)}`;
    const by = ["the request", ...dependsOn(cache)].join(", ");
    const where = `${cache.sensitive ? ", sealed in Redis" : ""}${fetchText(cache)}`;
    lines.push(`answers are used again for ${amountText(cache.ttl)}${stale}${where}, by ${by}`);
    if (tags !== undefined)
      lines.push(
        tagLine(
          tags.of.tags.map(({ text }) => text.value),
          cache.purged,
        ),
      );
  }
  if (http !== undefined) {
    const caches = http.shared ? "HTTP caches keep one answer for all" : "clients keep their answers";
    const age = http.maxAgeMs === 0 ? " and revalidate each time" : ` for ${timeText(http.maxAgeMs)}`;
    const stale = http.staleMs === undefined ? "" : `, and for ${timeText(http.staleMs)} more while they are renewed`;
    const vary = http.vary.length === 0 ? "" : `, by ${http.vary.join(", ")}`;
    lines.push(`${caches}${age}${stale}${vary}${http.tag ? ", with the tags for a CDN" : ""}`);
  }
  return lines;
}

const PURGED = {
  gone: "purges remove them",
  spare: "purged answers serve only failed renewals",
  counted: "purges are only counted",
} as const;

/** `, fetched by each process` */
export const fetchText = ({ singleFetch }: { readonly singleFetch: unknown }): string =>
  singleFetch === undefined ? "" : ", fetched by each process";

/** `tags: order:{result.id}; purges remove them` */
export function tagLine(tags: readonly string[], purged: "spare" | "counted" | undefined): string {
  return `tags: ${tags.join(", ")}; ${PURGED[purged ?? "gone"]}`;
}

const dependsOn = (cache: PlanResponseCache): string[] => [
  ...inputNames(cache),
  ...cache.env,
  ...cache.ways.map(({ upstream }) => `branch of ${upstream}`),
];

/** Returns the inputs of an answer besides its request, as names. */
export function inputNames({ principal, sealed, token, peer, headers }: PlanInputs): string[] {
  return [
    ...(principal === "whole" ? ["principal"] : (principal ?? []).map((field) => `principal.${field}`)),
    ...(principal !== undefined && principal.length === 0 ? ["whether there is a principal"] : []),
    ...(sealed === undefined || sealed.isOpen ? [] : ["subject of the caller"]),
    ...(token ? ["token"] : []),
    ...(peer ? ["peer.address"] : []),
    ...headers.map((name) => `headers[${JSON.stringify(name)}]`),
  ];
}
