import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

export const cdnTags: Check = {
  rules: {
    BFF814:
      "A CDN receives tags only with answers that it may keep, from rpcs that declare tags. It cannot purge others by tag.",
  },
  run(model: Model, report: Report): void {
    for (const method of methodsOf(model)) checkTags(method, report);
  },
};

/** Reports an rpc that has no tags for a CDN, or whose answers a CDN does not keep. */
function checkTags({ httpCache, ir, desc }: BffMethod, report: Report): void {
  if (httpCache?.tag === undefined) return;
  const { tag, shared, ofMethod } = httpCache;
  if (shared !== undefined && (ir.cache?.tags.length ?? 0) > 0) return;
  const [message, hint] =
    shared === undefined
      ? [`a CDN receives tags, but does not keep answers of "${desc.name}"`, "add `shared: true`"]
      : [`a CDN receives tags, but "${desc.name}" has none`, tagHint(desc.name, ir.cache !== undefined)];
  fault(report, "BFF814", tag.at, {
    message,
    related: ofMethod ? [] : [{ at: ir.at, message: "for this rpc" }],
    hint: ofMethod ? `${hint}, or leave out \`tag\`` : `${hint}, or write \`http_cache: { tag: false }\` in it`,
  });
}

const tagHint = (name: string, cached: boolean): string =>
  cached ? `add \`tag: "${name}"\` to its \`cache\`` : `add \`cache: { ttl: "60s" tag: "${name}" }\` to the rpc`;
