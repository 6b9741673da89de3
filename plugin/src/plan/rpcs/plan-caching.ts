// Inputs of cached answers: values for the BFF's own cache, names of headers for HTTP caches.
import { createHash } from "node:crypto";
import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { headerOf } from "../../check/callers/identity-headers.ts";
import { reachable } from "../../graph/graph.ts";
import { callsIn } from "../../resolve/model/blocks.ts";
import { servingBranches } from "../../resolve/model/call.ts";
import type { Identity } from "../../resolve/model/edge.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import { pagesOf } from "../../resolve/model/page-calls.ts";
import { composedBlocks, type RequestReads, requestReads, WHOLE, withIdle } from "../../resolve/model/request-reads.ts";
import { holdsSensitive } from "../../resolve/model/sensitive-types.ts";
import type { PlanInputs } from "../model/answer-inputs.ts";
import type { Entry } from "../model/calls.ts";
import type { PlanMessage } from "../model/messages.ts";
import type { PlanHttpCache, PlanResponseCache, PlanStart } from "../model/plan.ts";
import { callerFields } from "./caller-fields.ts";

/** Planned parts of an rpc. */
interface PlannedParts {
  readonly message: PlanMessage;
  readonly start: PlanStart | undefined;
  readonly identity: Identity | undefined;
  readonly model: Model;
}

export function planResponseCache(method: BffMethod, parts: PlannedParts): PlanResponseCache | undefined {
  const { cache } = method;
  if (cache === undefined) return undefined;
  const { message, start, identity, model } = parts;
  // Guards that run for each request are not part of a cached answer.
  const guards = [...message.steps, ...(start?.steps ?? [])].filter(({ immediate }) => immediate);
  const blocks = composedBlocks(method, model);
  const leftOut = withIdle(
    blocks,
    guards.map(({ step }) => step),
  );
  const reads = requestReads(blocks, { leftOut, branches: false });
  const inputs = inputsOf(method, reads, model);
  return {
    ...inputs,
    at: cache.at,
    ttl: cache.ttl,
    stale: cache.stale?.value === 0 ? undefined : cache.stale,
    purged: cache.purged === undefined || cache.purged.value === "gone" ? undefined : cache.purged.value,
    singleFetch: cache.singleFetch?.value === false ? false : undefined,
    sensitive: isSensitive(method, inputs.principal === undefined ? undefined : identity, model),
    plan: digestOf(method.desc.parent.file, model),
    env: [...reads.env].sort(),
    ways: waysOf(blocks, message.calls),
  };
}

/** Returns the inputs of a live answer; undefined: they are unknown, or followers with equal ones get other answers. */
export function liveInputs(method: BffMethod, model: Model): PlanInputs | undefined {
  const blocks = composedBlocks(method, model);
  const reads = requestReads(blocks);
  const differs =
    reads.now !== undefined ||
    reads.unknownHeader !== undefined ||
    blocks.some(({ steps }) => steps.some(({ source }) => source.kind === "resolver")) ||
    blocks.some((block) => callsIn(block).some(({ policy }) => servingBranches(policy).length > 0));
  return differs ? undefined : inputsOf(method, reads, model);
}

function inputsOf(method: BffMethod, reads: RequestReads, model: Model): PlanInputs {
  return {
    principal: principalOf(reads),
    sealed: pagesOf(method)?.seal === undefined ? undefined : callerFields(method, model),
    token: reads.token !== undefined,
    peer: reads.peer !== undefined,
    headers: [...reads.headers.keys()].sort(),
  };
}

/** @param identity of the caller, if the answer depends on it */
function isSensitive({ desc, headers }: BffMethod, identity: Identity | undefined, { ir }: Model): boolean {
  const messages = [desc.input, desc.output, ...(identity === undefined ? [] : [identity.type])];
  return (
    messages.some((message) => holdsSensitive(message, ir.registry)) ||
    (headers?.headers ?? []).some((header) => header.ir.reveal !== undefined)
  );
}

/**
 * Returns one call of each upstream that has branches: the runtime selects a request's branch by the rpc of this call.
 */
function waysOf(blocks: ReturnType<typeof composedBlocks>, entries: PlanMessage["calls"]): readonly Entry[] {
  const ways = new Map<string, Entry>();
  for (const call of blocks.flatMap(callsIn)) {
    const entry = entries.get(call);
    if (entry !== undefined && servingBranches(call.policy).length > 0) ways.set(entry.upstream, entry);
  }
  return [...ways].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function principalOf({ principal, caller }: RequestReads): PlanResponseCache["principal"] {
  if (caller === undefined) return undefined;
  return principal.has(WHOLE) ? "whole" : [...principal.keys()].sort();
}

/**
 * Returns a digest of everything that an rpc is generated from, without layout and comments. A deployment therefore
 * does not read the cache entries of an older one. The plugin's version and declarations of options are left out: only
 * the options' values in the other files change an rpc, and an upgrade keeps all entries.
 */
function digestOf({ proto: { package: name } }: DescFile, { ir }: Model): string {
  const packageFiles = [...ir.files].map(({ desc }) => desc).filter(({ proto }) => proto.package === name);
  const all = reachable(packageFiles, ({ dependencies }) => dependencies.filter(declaresNoOptions)).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const hash = createHash("sha256");
  for (const { proto } of all)
    hash.update(toBinary(FileDescriptorProtoSchema, { ...proto, sourceCodeInfo: undefined }));
  return hash.digest("base64url").slice(0, DIGEST_CHARACTERS);
}
const declaresNoOptions = ({ proto }: DescFile): boolean =>
  !["bff.v1", "buf.validate", "google.api"].includes(proto.package) &&
  proto.name !== "google/protobuf/descriptor.proto";
/** 96 bits. */
const DIGEST_CHARACTERS = 16;

export function planHttpCache(
  method: BffMethod,
  identity: Identity | undefined,
  model: Model,
): PlanHttpCache | undefined {
  const { httpCache: caching, permit } = method;
  if (caching === undefined) return undefined;
  const reads = requestReads(composedBlocks(method, model));
  // The permit does not run for answers from a cache.
  const permitHeaders = permit === undefined ? [] : requestReads([permit]).headers.keys();
  const fields = method.fields === undefined ? [] : ["bff-fields"];
  const named = [...caching.vary.map(({ value }) => value), ...reads.headers.keys(), ...permitHeaders, ...fields];
  const open = permit?.public !== undefined && reads.caller === undefined;
  const who = identity === undefined || open ? [] : identifying(identity);
  return {
    at: caching.at,
    maxAgeMs: caching.maxAge.value,
    staleMs: caching.stale === undefined || caching.stale.value === 0 ? undefined : caching.stale.value,
    vary: [...new Set([...named, ...who])].sort(),
    shared: caching.shared !== undefined,
    tag: caching.tag !== undefined,
  };
}

/** Returns the headers that identify the caller. */
function identifying({ sources }: Identity): string[] {
  return sources.flatMap((source) => {
    const header = headerOf(source);
    // Credentials that browsers attach by themselves count only together with these headers.
    if (header === "cookie") return [header, "sec-fetch-site", "x-csrf"];
    return header === undefined ? ["origin", "sec-fetch-site", "x-csrf"] : [header];
  });
}
