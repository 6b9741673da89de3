// Answers of calls that a capture has no answer to: samples, or those of live upstreams. Each is an assumption.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Reply, UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { connectUpstreams } from "@protobff/server/capture";
import { MockUpstream } from "@protobff/testing";
import type { Declaration } from "../world/collect.ts";
import type { Missing } from "./parse-missing.ts";

/** A call without a captured answer. */
export interface MissingCall {
  readonly client: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly message: Uint8Array;
}
/** An answer for it. */
export interface Supplied {
  readonly kind: "batch" | "sample" | "live";
  readonly deliver: (reply: Reply) => void;
  /** Duration of the live call, or of the captured calls of a batch, in microseconds. */
  readonly tookUs: number;
}
/** Returns an answer, or why there is none, as the end of a sentence. */
export type MissingAnswers = (call: MissingCall) => Promise<Supplied | string>;

/** Maximum number of live calls of one run. Equal calls are sent once. */
const MAX_LIVE_CALLS = 1_000;
const LIVE_MS = 5_000;
const MAX_REPLY_BYTES = 16 << 20;

/** A source of answers, until it is closed. */
interface MissingSource {
  /** Undefined: there are none. */
  readonly answer: MissingAnswers | undefined;
  close(): Promise<void>;
}

/** Opens the source of `--missing`. */
export async function openMissing(declaration: Declaration, missing: Missing): Promise<MissingSource> {
  if (missing.kind === "live") return liveAnswers(declaration, missing.urls);
  return { answer: missing.kind === "sample" ? await samplesOf(declaration) : undefined, close: async () => {} };
}

type Settings = Parameters<typeof connectUpstreams>[1];

/** Name of the upstream of a branch or a shard: `agent` for `agent.canary`. */
const upstreamOf = (client: string): string => client.replace(/\..*/, "");

async function samplesOf({ upstreams, mocks }: Declaration): Promise<MissingAnswers> {
  const all = (await mocks?.()) ?? [];
  const clients = new Map(
    Object.entries(upstreams).map(([name, service]) => {
      const defaults = Object.assign({}, ...all.map((of) => of[name] ?? {}));
      return [name, new MockUpstream(service, {}, { defaults })];
    }),
  );
  return async (call) => {
    const client = clients.get(upstreamOf(call.client));
    const supplied = client && (await sent(client, call, "sample"));
    return supplied ?? "";
  };
}

async function liveAnswers(declaration: Declaration, urls: ReadonlyMap<string, string>): Promise<MissingSource> {
  const { upstreams } = declaration;
  const names = Object.entries(upstreams).filter(([, { typeName }]) => urls.has(typeName));
  const addresses = names.map(([name, { typeName }]) => [name, { urls: [urls.get(typeName) ?? ""], tls: {} }] as const);
  const clients = await connectUpstreams(
    { ...declaration, upstreams: Object.fromEntries(names), shards: {} },
    // It reads no other settings.
    {
      upstreams: Object.fromEntries(addresses),
      branches: {},
      maxReplyBytes: MAX_REPLY_BYTES,
      http2: "own",
    } as Partial<Settings> as Settings,
  );
  const reads = await readingMethods(declaration);
  const answers = new Map<string, Promise<Supplied | string>>();
  const answer: MissingAnswers = async (call) => {
    const name = upstreamOf(call.client);
    const client = clients[name];
    if (client === undefined) return `, and --missing has no address of ${upstreams[name]?.typeName}`;
    if (!reads.has(call.path.slice(1))) return ", and may have side effects";
    const key = `${name} ${call.path} ${Buffer.from(call.message).toString("base64")}`;
    const known = answers.get(key);
    if (known === undefined && answers.size >= MAX_LIVE_CALLS)
      return `, and ${MAX_LIVE_CALLS} live calls have been sent`;
    const found = known ?? sent(client, call, "live").then((live) => live ?? `, nor a live one within ${LIVE_MS} ms`);
    answers.set(key, found);
    return found;
  };
  return {
    answer,
    close: async () => void (await Promise.all(Object.values(clients).map((client) => client.close?.()))),
  };
}

/** Names of methods without side effects: they declare it, or the BFF vouches for them. */
async function readingMethods({ upstreams, uses }: Declaration): Promise<ReadonlySet<string>> {
  const name = ({ parent, name: method }: DescMethod): string => `${parent.typeName}/${method}`;
  const all = Object.values<DescService>(upstreams).flatMap(({ methods }) => methods);
  const declared = all.filter(({ idempotency }) => idempotency === Level.NO_SIDE_EFFECTS).map(name);
  const used = Object.values((await uses?.()) ?? {}).flatMap(({ methods }) => Object.entries(methods));
  return new Set([...declared, ...used.flatMap(([method, { vouched }]) => (vouched ? [method] : []))]);
}

/** Sends the call, without headers. Undefined: no answer within the time. A broken connection is no answer. */
function sent(
  client: UnaryClient,
  { path, message }: MissingCall,
  kind: Supplied["kind"],
): Promise<Supplied | string | undefined> {
  const began = performance.now();
  return new Promise((resolve) => {
    const ended = (deliver: (reply: Reply) => void): void => {
      clearTimeout(timer);
      resolve({ kind, deliver, tookUs: Math.round((performance.now() - began) * 1_000) });
    };
    let metadata: Parameters<NonNullable<Reply["metadata"]>> | undefined;
    const inFlight = client.send(path, frame(message), LIVE_MS, undefined, 1, {
      metadata: (...all) => {
        metadata = all;
      },
      replied: (bytes, size) => {
        const copy = Uint8Array.from(bytes);
        ended((reply) => {
          if (metadata !== undefined) reply.metadata?.(...metadata);
          reply.replied(copy, size);
        });
      },
      faulted: (fault) => {
        if (fault.kind === "status")
          ended((reply) => {
            if (metadata !== undefined) reply.metadata?.(...metadata);
            reply.faulted(fault);
          });
        else {
          clearTimeout(timer);
          resolve(`, and the live call has failed: ${fault.message}`);
        }
      },
    });
    const timer = setTimeout(() => {
      inFlight.cancel();
      resolve(undefined);
    }, LIVE_MS);
  });
}
