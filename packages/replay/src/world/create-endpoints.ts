import { generateKeyPairSync } from "node:crypto";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { ConfigFault } from "@protobff/runtime/internal/environment/variable-reader";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import { type Incoming, type IncomingHeaders, NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { Propagator } from "@protobff/runtime/internal/identity/propagation/propagator";
import type { ChargeResult } from "@protobff/runtime/internal/limits/charge-result";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import { KEY_BYTES, Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { MemoryTopics } from "@protobff/runtime/internal/topic/memory-store";
import { Topics } from "@protobff/runtime/internal/topic/topic";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { NO_USAGE } from "@protobff/runtime/internal/usage/usage-event";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import {
  type CapturedRequest,
  type CaptureHeader,
  digestOf,
  loadResolvers,
  type Supplied,
  WITHHELD,
} from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { readCaptured } from "../capture/read-capture.ts";
import type { Stage } from "../tape/stage.ts";
import { topicsOn } from "../tape/upstream-streams.ts";
import type { Declaration } from "./collect.ts";

const NO_NAMES: ReadonlySet<string> = new Set();

/** Limits that admit every request: a captured request was admitted. */
class NoLimits extends Limits {
  override charge(): ChargeResult {
    return { alone: [], refund: () => {}, charged: () => undefined, settle: () => {}, unsettled: () => {} };
  }
}

/** Parts of a generated server that all of its replays share. */
export interface World {
  readonly declaration: Declaration;
  readonly env: unknown;
  readonly supplied: Supplied;
  readonly propagator: Propagator | undefined;
  /** Message type of principals. Undefined: the server has no identity. */
  readonly principal: DescMessage | undefined;
}

/**
 * Reads the variables of the server's expressions, and imports the user's functions.
 *
 * @throws CaptureError for missing variables and functions
 */
export async function openWorld(declaration: Declaration, environment: NodeJS.ProcessEnv): Promise<World> {
  const faults: ConfigFault[] = [];
  const env = declaration.env(new EnvReader(environment, faults));
  const { resolvers = [], functions = [] } = declaration;
  let supplied: Supplied = { resolvers: undefined, functions: undefined };
  if (resolvers.length + functions.length > 0) {
    const loaded = await loadResolvers(environment, { resolvers, functions });
    faults.push(...loaded.faults);
    supplied = loaded.supplied ?? supplied;
  }
  if (faults.length > 0) {
    const texts = faults.map(({ variable, problem, remedy }) => `${variable} ${problem}: set it to ${remedy}`);
    throw new CaptureError(texts.join("\n"));
  }
  const principal = declaration.identity?.(env)?.type;
  const first = { id: "replay", key: generateKeyPairSync("ed25519").privateKey };
  const propagator =
    principal &&
    new Propagator(principal.typeName, systemClock, { issuer: "replay", keys: { current: { first, all: [first] } } });
  return { declaration, env, supplied, propagator, principal };
}

/** Returns the digest of the protos of a server, as captures have it. */
export function protosOf(declaration: Declaration): string {
  const known =
    DIGESTS.get(declaration) ?? digestOf([...declaration.services, ...Object.values(declaration.upstreams)]);
  DIGESTS.set(declaration, known);
  return known;
}
const DIGESTS = new WeakMap<Declaration, string>();

/**
 * Creates the endpoint of a request, on the clock and the upstreams of the stage.
 *
 * @throws CaptureError if the server has no such RPC
 */
export async function endpointOf(
  { declaration, env, supplied, principal }: World,
  header: CaptureHeader,
  request: CapturedRequest,
  stage: Stage,
): Promise<Endpoint | StreamEndpoint> {
  const { method } = request;
  const { clock } = stage;
  const of = (name: string): readonly [string, UnaryClient] => [name, stage.client(name)];
  const clients = new Map(header.clients.map(of));
  for (const name of Object.keys(declaration.shards ?? {})) {
    const shards = header.clients
      .filter((other) => other.startsWith(`${name}.`))
      .map((other) => other.slice(name.length + 1));
    clients.set(name, stage.client(name, new Map(shards.map((shard) => [shard, stage.client(`${name}.${shard}`)]))));
  }
  const observer = Object.fromEntries(header.events.map((event) => [event, () => undefined]));
  const fault = (): void => {};
  const identity: Identity | undefined = principal && {
    ...ADMITTING,
    type: principal,
    sources: declaration.identity?.(env).sources ?? [],
  };
  const topics = new Topics({ [header.nats ? "store" : "lone"]: new MemoryTopics() });
  topics.tap = topicsOn(stage);
  const made = await declaration.create({
    clients: Object.fromEntries(clients),
    env,
    supplied,
    identity: identity as never,
    limits: new NoLimits({ clock: systemClock, fault }) as never,
    topics,
    usage: NO_USAGE,
    pages: new Sealer([Buffer.alloc(KEY_BYTES)]),
    cache: stage.cache.of(request),
    observer,
  });
  const found = made.find((endpoint) => isOf(endpoint, method));
  if (found === undefined)
    throw new CaptureError(`this server has no ${method}: pass the server that wrote the capture`);
  // A server without callers has a guard of addresses.
  const isGuarded = principal === undefined && request.rechecks === true;
  const guarded = isGuarded ? (found.withGuard?.(ADMITTING) ?? found) : found;
  return guarded.withClock?.(clock) ?? guarded;
}
const ADMITTING: Identity = {
  type: PrincipalSchema,
  sources: [],
  hidden: NO_NAMES,
  authenticate: (headers) =>
    new AuthenticatedRequest(headers, NO_NAMES, { caller: undefined, peer: NOWHERE, answer: [] }),
};
const isOf = ({ method: { parent, name } }: Endpoint | StreamEndpoint, method: string): boolean =>
  `${parent.typeName}/${name}` === method;

/** Returns the headers of a captured request, with its caller. */
export function headersOf(request: CapturedRequest, world: World): IncomingHeaders {
  const authenticated = authenticatedOf(request, world);
  if (request.passed && authenticated instanceof AuthenticatedRequest) authenticated.passed = "all";
  // A capture has no refusals of these checks.
  if (request.rechecks && authenticated instanceof AuthenticatedRequest) authenticated.recheck = () => undefined;
  return authenticated;
}

function authenticatedOf({ id, headers, peer = NOWHERE, caller }: CapturedRequest, world: World): IncomingHeaders {
  const get = (name: string): string | null => headers[name] ?? null;
  const all = (name: string): readonly string[] => (get(name) === null ? [] : [get(name) ?? ""]);
  const incoming: Incoming = { get, all, peer };
  const { principal: type, propagator } = world;
  const parts = { peer, answer: [], propagator };
  if (caller === undefined || (type === undefined && caller !== null)) return incoming;
  if (caller === null || type === undefined)
    return new AuthenticatedRequest(incoming, NO_NAMES, { ...parts, caller: undefined });
  const read = <Desc extends DescMessage>(part: "principal" | "credential", desc: Desc) =>
    readCaptured(`\`caller.${part}\` of request ${id}`, Buffer.from(caller[part], "base64"), (bytes) =>
      readMessage(desc, bytes),
    );
  const credential = read("credential", CredentialSchema);
  const principal = read("principal", type);
  const made = callerOf({
    type,
    credential,
    principal: () => create(type, principal),
    ...(caller.token && { token: WITHHELD }),
  });
  return new AuthenticatedRequest(incoming, NO_NAMES, { ...parts, caller: made });
}
