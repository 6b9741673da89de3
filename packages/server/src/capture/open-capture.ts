// Captures of requests (BFF_CAPTURE): everything that enters a request, so that `protobff replay` can run it again. A
// server without captures loads nothing of this folder.
import type { DescService } from "@bufbuild/protobuf";
import type { Cache } from "@protobff/runtime/internal/cache/cache";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { RpcEvent } from "@protobff/runtime/internal/observer-requests";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import type { CaptureConfig } from "../config/config-capture.ts";
import { holdsRedacted } from "../explorer/masks.ts";
import { joinObservers, withOneShape } from "../process/observers.ts";
import { VERSION } from "../telemetry/version.ts";
import { CaptureFile } from "./capture-file.ts";
import { captureCache } from "./captured-cache.ts";
import { CapturedClient } from "./captured-client.ts";
import { capturedEndpoint } from "./captured-endpoint.ts";
import { captureLimits } from "./captured-limits.ts";
import type { Keeper } from "./captured-request.ts";
import { capturedStream } from "./captured-stream.ts";
import { captureTopics } from "./captured-topics.ts";
import { digestOf, filesOf } from "./digest.ts";
import { CAPTURE_FORMAT, type CaptureHeader, sealPurpose } from "./format.ts";
import { masksOf, pathOf, writeRequest } from "./written-request.ts";

/** The part of a declaration that captures need. */
export interface CapturedServer {
  readonly name: string;
  readonly services: readonly DescService[];
  readonly upstreams: Readonly<Record<string, DescService>>;
}

interface CapturedParts {
  readonly clients: Readonly<Record<string, UnaryClient>>;
  readonly observer?: Observer;
  readonly cache: Cache;
  readonly topics?: Topics;
  readonly limits?: Limits | undefined;
  readonly identity?: Pick<Identity, "type"> | undefined;
}
type Made = readonly (Endpoint | StreamEndpoint)[];

/** Captures of a process. */
export class Capture {
  readonly #server: CapturedServer;
  readonly #config: CaptureConfig;
  readonly #fault: ServerFault;
  #file: CaptureFile | undefined;
  #texts: ReadonlyMap<string, number> = new Map();
  #next = 1;

  constructor(server: CapturedServer, config: CaptureConfig, fault: ServerFault) {
    this.#server = server;
    this.#config = config;
    this.#fault = fault;
  }

  /** Returns the same factory of endpoints. The endpoints that it makes are captured. */
  around<P extends CapturedParts>(create: (parts: P) => Made | Promise<Made>): (parts: P) => Promise<Made> {
    return async (parts) => {
      const { clients, observer, cache, topics, limits } = parts;
      captureCache(cache);
      if (limits !== undefined) captureLimits(limits);
      await this.#open(parts);
      const masks = masksOf(Object.values(this.#server.upstreams));
      if (topics !== undefined) topics.tap = captureTopics(masks, () => this.#holdsSecrets());
      const captured = Object.entries(clients).map(
        ([name, client]) => [name, new CapturedClient(name, client)] as const,
      );
      // Each endpoint is made twice: the second time with the recording clock.
      const rpcs = new Map<string, RpcEvent>();
      const once: Observer | undefined = observer?.rpc && {
        ...withOneShape(observer, false),
        rpc: (event) => rpcs.set(event.method, event),
      };
      const made = await create({
        ...parts,
        clients: Object.fromEntries(captured),
        ...(once !== undefined && { observer: once }),
      });
      const endpoints = made.map((endpoint) =>
        "run" in endpoint
          ? capturedEndpoint(endpoint, this.#keeper(), masks)
          : capturedStream(endpoint, this.#keeper(), masks),
      );
      for (const event of rpcs.values()) observer?.rpc?.(event);
      return endpoints;
    };
  }
  /** Returns true if any message of the server has a field to mask. */
  #holdsSecrets(): boolean {
    const { services, upstreams } = this.#server;
    const files = filesOf([...services, ...Object.values(upstreams)]).values();
    return [...files].some(({ messages }) => messages.some(holdsRedacted));
  }
  async #open({ clients, observer, topics, identity }: CapturedParts): Promise<void> {
    const { name, services, upstreams } = this.#server;
    const { folder, maxBytes, maxAgeMs, keys } = this.#config;
    const texts = textsOf(this.#server, Object.keys(clients));
    this.#texts = new Map(texts.map((text, number) => [text, number]));
    const header: CaptureHeader = {
      capture: CAPTURE_FORMAT,
      package: name,
      version: VERSION,
      digest: digestOf([...services, ...Object.values(upstreams)]),
      clients: Object.keys(clients),
      events: Object.keys(joinObservers([observer ?? {}, {}]) ?? {}),
      ...(identity && {
        principal: { type: identity.type.typeName, fields: identity.type.fields.map(({ number }) => number) },
      }),
      ...(topics?.store !== undefined && { nats: true }),
      ...(keys.length > 0 && { sealed: true }),
      texts,
      at: new Date().toISOString(),
    };
    const bounds = { folder, name, header: JSON.stringify(header), maxBytes, maxAgeMs };
    const sealed = keys.length > 0 ? { sealer: new Sealer(keys), purpose: sealPurpose(header) } : undefined;
    this.#file = new CaptureFile({ ...bounds, sealed }, this.#fault);
    await this.#file.prepare();
  }
  #keeper(): Keeper {
    const { failed, slowMs, share, maxRequestBytes } = this.#config;
    const hasConditions = failed || slowMs !== undefined;
    return {
      maxBytes: maxRequestBytes,
      begins: () => {
        if (Math.random() < share) return "keep";
        return hasConditions ? "watch" : "skip";
      },
      keeps: (outcome, tookMs) => (failed && outcome === "failed") || tookMs >= (slowMs ?? Number.POSITIVE_INFINITY),
      write: (request) => {
        const id = this.#next++;
        this.#file?.write((writer) => writeRequest(writer, this.#texts, id, request));
      },
      tooLarge: () =>
        this.#fault(
          "a request is not captured: it exceeds request= of BFF_CAPTURE, or running requests exceed 256 MiB",
          undefined,
        ),
    };
  }
  /** Writes all pending captures. */
  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** Returns the texts that most requests have: the clients, the paths of their methods, and the RPCs. */
function textsOf({ services, upstreams }: CapturedServer, clients: readonly string[]): readonly string[] {
  const paths = Object.values(upstreams).flatMap(({ methods }) => methods.map(pathOf));
  const rpcs = services.flatMap(({ methods }) => methods.map((method) => pathOf(method).slice(1)));
  return [...new Set([...clients, ...paths, ...rpcs])];
}
