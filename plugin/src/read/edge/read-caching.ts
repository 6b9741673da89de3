// Reuse of responses: by the BFF itself, and by HTTP caches.

import type { Cache, HttpCache } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrHttpCache } from "../../ir/edge.ts";
import type { IrCache } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { isEmpty } from "../steps/read-policy.ts";
import { checkListed } from "../values/names.ts";
import { readTags } from "../values/read-tags.ts";
import { child, durationOrEnv, durationOrEnvOrZero, durationOrZero, sourced, texts } from "../values/values.ts";

/** Longest lifetime in HTTP caches, in days: HTTP has no bound, and no author needs more. */
const MAX_DAYS = 365;

/** `cache` of an rpc. */
export function readResponseCache(
  value: { readonly cache?: Cache | undefined },
  place: Place,
  report: Report,
): IrCache | undefined {
  const declared = child(value.cache, place, "cache");
  if (declared === undefined) return undefined;
  const { at } = declared.place;
  if (declared.value.ttl === undefined)
    fault(report, "BFF178", at, {
      message: 'this "cache" has no "ttl", the time for which a response may be reused',
      hint: 'add `ttl`, as in `cache: { ttl: "30s" }`',
    });
  const times = {
    ttl: durationOrEnv(declared.value.ttl, declared.place, "ttl", report),
    stale: durationOrEnvOrZero(declared.value.stale, declared.place, "stale", report),
  };
  return { at, ...times, ...readTags(declared.value, declared.place, times, report) };
}

/** `http_cache` of a service or an rpc. */
export function readHttpCache(
  value: { readonly httpCache?: HttpCache | undefined },
  place: Place,
  report: Report,
): IrHttpCache | undefined {
  const declared = child(value.httpCache, place, "http_cache");
  if (declared === undefined) return undefined;
  const { value: setting, place: inside } = declared;
  if (isEmpty(setting))
    fault(report, "BFF178", inside.at, {
      message: 'this "http_cache" sets no option',
      hint: 'add `max_age`, as in `http_cache: { max_age: "30s" }`, or leave out `http_cache`',
    });
  const vary = texts(setting.vary, inside, "vary");
  for (const name of vary) checkHeader(name, report);
  checkListed(vary, "BFF130", report);
  const time = (of: string | undefined, name: string): Sourced<number> | undefined =>
    seconds(durationOrZero(of, inside, name, report, MAX_DAYS), name, report);
  const maxAge = time(setting.maxAge, "max_age");
  const stale = time(setting.stale, "stale");
  const faulty =
    isEmpty(setting) ||
    (maxAge === undefined && setting.maxAge !== undefined) ||
    (stale === undefined && setting.stale !== undefined);
  return {
    at: inside.at,
    maxAge,
    stale,
    vary,
    shared: sourced(setting.shared, inside, "shared"),
    tag: sourced(setting.tag, inside, "tag"),
    faulty,
  };
}

/** HTTP counts in whole seconds. */
function seconds(value: Sourced<number> | undefined, name: string, report: Report): Sourced<number> | undefined {
  if (value === undefined || value.value % 1_000 === 0) return value;
  return fault(report, "BFF178", value.at, {
    message: `"${name}" is ${value.value}ms, but HTTP counts in whole seconds`,
    hint: `write "${Math.max(1, Math.round(value.value / 1_000))}s"`,
  });
}

/** A field name of HTTP (RFC 9110, 5.1), as the lists have it in which such names are compared. */
function checkHeader({ value, at }: Text, report: Report): void {
  if (value === "*")
    fault(report, "BFF179", at, {
      message: 'with `vary: "*"` no cache ever reuses a response',
      hint: "name the headers that responses depend on, or leave out `http_cache`",
    });
  else if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(value)) {
    const lower = value.toLowerCase();
    fault(report, "BFF179", at, {
      message: `${JSON.stringify(value)} is not the name of a header`,
      hint: /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) ? `write "${lower}"` : "write only the name, in lower case",
    });
  }
}
