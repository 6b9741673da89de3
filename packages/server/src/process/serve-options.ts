// Declarations of a package that a generated `server.ts` passes to `serve`, and the parts that it receives.
import type { DescFile, DescService, Message } from "@bufbuild/protobuf";
import type { Cache } from "@protobff/runtime/internal/cache/cache";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { TopicUse } from "@protobff/runtime/internal/environment/open-topics";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { IdentitySpec } from "@protobff/runtime/internal/identity/spec";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import type { UsageEvents } from "@protobff/runtime/internal/usage/usage-event";
import type { Supplied } from "../config/load-resolvers.ts";
import type { LoadUses } from "../deployed/open-upstream-checks.ts";
import type { MockDefaults } from "./mocks.ts";
import type { PurgeUse } from "./open-events.ts";
import type { LoadTools } from "./open-tools.ts";
import type { Reach } from "./upstream-clients.ts";

/** Declarations of a package, as its generated `server.ts` passes them. */
export interface ServeOptions<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
> {
  /** The proto package. */
  readonly name: string;
  /** The BFF services, for health and reflection. */
  readonly services: readonly DescService[];
  /** Files whose messages a google.protobuf.Any may hold in JSON, besides those of the services and their imports. */
  readonly types?: readonly DescFile[];
  /** Upstreams. The address of each is in `<FULL_SERVICE_NAME>_URL`, upper case and dots as underscores. */
  readonly upstreams: Upstreams;
  /** Branches of each upstream. Their addresses are in `<FULL_SERVICE_NAME>_<BRANCH>_URL`. Default: off. */
  readonly branches?: { readonly [Name in keyof Upstreams]?: readonly string[] } | undefined;
  /** Maximum number of shards of the upstreams that have some. `<FULL_SERVICE_NAME>_SHARDS` lists their names. */
  readonly shards?: { readonly [Name in keyof Upstreams]?: number } | undefined;
  /** Transport settings of the upstreams that declare some. */
  readonly reach?: Readonly<Record<string, Reach>> | undefined;
  /** Reads the variables that the BFF's own expressions use. */
  readonly env: (read: EnvReader) => Env;
  /** Functions that the user's module must export in `resolvers`. The module's path is in `BFF_RESOLVERS`. */
  readonly resolvers?: readonly string[] | undefined;
  /** Functions that the user's module must export in `functions`. Expressions call them. */
  readonly functions?: readonly string[] | undefined;
  /** Identity of callers, for a package that declares one. */
  readonly identity?: ((env: Env) => IdentitySpec<Principal>) | undefined;
  /** Rate limits of its RPCs. */
  readonly limits?: readonly Limit[] | undefined;
  /** Topics that its RPCs subscribe to or query. */
  readonly topics?: readonly TopicUse[] | undefined;
  /** Subjects of the packages that have usage events, in NATS. Undefined: events are appended to `BFF_USAGE_FILE`. */
  readonly usage?: readonly (string | undefined)[] | undefined;
  /** True if its RPCs have page tokens. The keys are in `BFF_PAGE_KEYS`. */
  readonly pages?: boolean | undefined;
  /** True if cached answers may contain sensitive values. `BFF_CACHE_KEYS` has the keys that seal them in Redis. */
  readonly sensitive?: boolean | undefined;
  /** True if cached answers have tags, which purges name. */
  readonly tagged?: boolean | undefined;
  /** True if a CDN receives the tags. `BFF_CDN_TAGS` has the name of their header. */
  readonly cdn?: boolean | undefined;
  /** Events that purge tags. */
  readonly purges?: readonly PurgeUse[] | undefined;
  /** Tools for agents, which the server offers at `/mcp`. */
  readonly tools?: LoadTools | undefined;
  /** Plans of all files with services, for the live page. Loaded when the page is opened. */
  readonly plan?: (() => Promise<readonly unknown[]>) | undefined;
  /** Used parts of its upstreams, for `BFF_UPSTREAM_CHECK`. */
  readonly uses?: LoadUses | undefined;
  /** Default answers of mocked upstreams, if generated with mocks. Loaded only if `--mock` is given. */
  readonly mocks?: (() => Promise<readonly MockDefaults[]>) | undefined;
  readonly create: (
    parts: ServeParts<Upstreams, Env, Principal, Limit>,
  ) => readonly (Endpoint | StreamEndpoint)[] | Promise<readonly (Endpoint | StreamEndpoint)[]>;
  /**
   * Observer besides the log on standard error (BFF_LOG). Default: the export of the module in BFF_OBSERVER, if any.
   */
  readonly observer?: Observer;
}

/** Parts from which the endpoints are made. */
export interface ServeParts<Upstreams, Env, Principal extends Message = never, Limit extends RateLimit = never> {
  /** Client of each upstream, and of each branch that has an address, as `agent.canary`. */
  readonly clients: { readonly [Name in keyof Upstreams]: UnaryClient };
  readonly env: Env;
  /** Identity of callers. Undefined if `ServeOptions.identity` is left out. */
  readonly identity: [Principal] extends [never] ? undefined : Identity<Principal>;
  /** Counters of rate limits. Undefined if `ServeOptions.limits` is left out. */
  readonly limits: [Limit] extends [never] ? undefined : Limits;
  /** Factory of the package's topics. */
  readonly topics: Topics;
  /** Receives usage events. Drops them if `ServeOptions.usage` is left out. */
  readonly usage: UsageEvents;
  /** Seals page tokens. Without keys if `ServeOptions.pages` is left out. */
  readonly pages: Sealer;
  /** Cache of the process for upstreams, with a second level if REDIS_URL is set. */
  readonly cache: Cache;
  /** Exports of the user's module, with all functions of `ServeOptions.resolvers` and `ServeOptions.functions`. */
  readonly supplied: Supplied;
  readonly observer?: Observer;
}
