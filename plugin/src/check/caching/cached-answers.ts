import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod } from "../../resolve/model/model.ts";
import { composedBlocks, type RequestReads, requestReads } from "../../resolve/model/request-reads.ts";
import { checkStale } from "../../resolve/policies/stale-after-ttl.ts";
import type { Check } from "../check.ts";

/**
 * Reports answers of an rpc that the BFF or HTTP caches cannot use again. Another check covers calls with side effects,
 * for all rpcs that declare NO_SIDE_EFFECTS.
 */
export const cachedAnswers: Check = {
  rules: {
    BFF261:
      "The compiler can determine every input of a cached answer. It cannot see the inputs of a resolver, or a header whose name the request chooses.",
    BFF262:
      "Answers in shared HTTP caches are the same for every caller. The rpc is public, and its answer does not depend on the caller.",
  },
  run(model, report) {
    for (const method of methodsOf(model)) {
      const { cache, httpCache, ir } = method;
      const blocks = composedBlocks(method, model);
      const reads = requestReads(blocks);
      for (const [name, caching] of [["cache", cache] as const, ["http_cache", httpCache] as const]) {
        if (caching === undefined) continue;
        const inherited = name === "http_cache" && httpCache?.ofMethod === false;
        const related = inherited ? [{ at: ir.at, message: "for this rpc" }] : [];
        const use: Use = { method, name, at: caching.at, related };
        checkResolvers(use, blocks, report);
        checkHeaders(use, reads, report);
      }
      if (cache !== undefined) checkStale(cache, report);
      checkShared(method, reads, report);
    }
  },
};

interface Use {
  readonly method: BffMethod;
  readonly name: "cache" | "http_cache";
  readonly at: Origin;
  readonly related: readonly { readonly at: Origin; readonly message: string }[];
}
type Blocks = ReturnType<typeof composedBlocks>;

function checkResolvers({ method, name, at, related }: Use, blocks: Blocks, report: Report): void {
  const resolver = blocks.flatMap(({ steps }) => steps).find(({ source }) => source.kind === "resolver");
  if (resolver === undefined) return;
  fault(report, "BFF261", at, {
    message: `"${name}" cannot determine what a resolver reads, and "${method.desc.name}" contains its value`,
    related: [...related, { at: resolver.ir.at, message: "the resolver" }],
    hint: `leave out "${name}", and cache the calls instead; or compose the value without the resolver`,
  });
}

function checkHeaders({ method, name, at, related }: Use, { unknownHeader }: RequestReads, report: Report): void {
  if (unknownHeader === undefined) return;
  fault(report, "BFF261", at, {
    message: `"${name}" cannot determine which headers "${method.desc.name}" reads`,
    related: [...related, { at: unknownHeader, message: "the request decides which header this is" }],
    hint: 'read headers by constant names, as in headers["accept-language"]',
  });
}

/** Reports shared answers that depend on the caller. */
function checkShared({ httpCache, permit, ir, desc }: BffMethod, reads: RequestReads, report: Report): void {
  const shared = httpCache?.shared;
  if (shared === undefined) return;
  const rpc = httpCache?.ofMethod === false ? [{ at: ir.at, message: "for this rpc" }] : [];
  const refuse = (message: string, at: Origin, what: string, hint: string): void =>
    fault(report, "BFF262", shared.at, { message, related: [...rpc, { at, message: what }], hint });
  // Tags are for shared caches only.
  const [written, left] =
    httpCache?.tag === undefined ? ["shared: false", "`shared`"] : ["shared: false tag: false", "`tag`, then `shared`"];
  const off = `write \`http_cache: { ${written} }\` in the rpc, or leave out ${left}: each client then keeps a private copy`;
  if (permit !== undefined && permit.public === undefined) {
    refuse(
      `"${desc.name}" is not public: shared HTTP caches would give its answers to callers whom the permit refuses`,
      permit.at,
      "the permit",
      off,
    );
    return;
  }
  const [principal] = reads.principal.values();
  const caller = principal ?? reads.caller;
  if (caller !== undefined) {
    refuse(`answers of "${desc.name}" depend on the caller`, caller, "the principal is read or sent here", off);
    return;
  }
  for (const name of ["authorization", "cookie"]) {
    const at = reads.headers.get(name);
    if (at === undefined) continue;
    refuse(`answers of "${desc.name}" depend on the header "${name}"`, at, "the header is read or passed on here", off);
    return;
  }
  if (reads.peer !== undefined)
    refuse(
      `answers of "${desc.name}" depend on the address of the client`,
      reads.peer,
      "the address is read here",
      off,
    );
}
