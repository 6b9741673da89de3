// Levels of rules at the edge, and of variables of the server.
import { type Factor, factor } from "../parts.ts";

export const JWT = `env: { name: "ISSUER" type: "string" } identity: { source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "shop" jwks: "{env.ISSUER}/jwks" } } }`;
const LOGIN = { BFF_PUBLIC_URL: "https://app.example" };
const USED = `rate_limit: { name: "used" key: "'all'" rate: 100000 per: "1m" cost: "2" }`;
/** Rules at the edge. */
export const EDGE: readonly Factor[] = [
  factor("identity", {
    "jwt, public": {
      identity: JWT,
      service: "permit: { public: true }",
      needs: ["issuer"],
      env: LOGIN,
    },
    "jwt, scope": {
      identity: JWT,
      service: `permit: { scope: "read" }`,
      request: "string brand_id = 11 [(bff.v1.field).public_id = true];",
      needs: ["issuer"],
      env: LOGIN,
    },
    "jwt, let": {
      identity: JWT,
      service: "permit: { public: true }",
      rpc: `permit: { let: { name: "right" call: { method: "shop.v1.ItemService/GetItem" set: { name: "id" by: "principal.subject" } } } if: "right.name == 'item ann'" }`,
      needs: ["issuer"],
      env: LOGIN,
    },
    "jwt, claims": {
      identity: `env: { name: "ISSUER" type: "string" } identity: { source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "shop" jwks: "{env.ISSUER}/jwks" claims: "Claims" algorithm: ["ES256"] leeway: "1m" max_stale: "1h" } set: [{ name: "subject" by: "claims.sub" }, { name: "roles" by: "claims.groups" }] } }`,
      service: `permit: { role: "readers" }`,
      messages: "message Claims { string sub = 1; repeated string groups = 2; }",
      needs: ["issuer"],
      env: LOGIN,
    },
    "jwt, if": {
      identity: JWT,
      service: `permit: { source: "user" if: "principal.subject == 'ann'" fail: { code: PERMISSION_DENIED message: "not you" } }`,
      priceEntry: "identify: PLAIN",
      needs: ["issuer"],
      env: LOGIN,
    },
  }),
  factor("rate limit", {
    address: {
      file: `rate_limit: { name: "address" key: "peer.address" rate: 100000 per: "1s" burst: 200000 if: "headers['x-user'] != 'nobody'" local: true }`,
    },
    closed: { file: `rate_limit: { name: "all" key: "'all'" rate: 100000 per: "1m" closed: true }`, needs: ["redis"] },
    variables: {
      file: `env: [{ name: "RATE" type: "int" min: "1000" max: "1000000" }, { name: "AT_ONCE" type: "uint" min: "1000" max: "100000" }, { name: "PERIOD" type: "duration" min: "1s" max: "1m" }] rate_limit: { name: "varied" key: "'all'" rate_env: "RATE" burst_env: "AT_ONCE" per: "{env.PERIOD}" }`,
      env: { RATE: "100000", AT_ONCE: "50000", PERIOD: "10s" },
    },
    "dry run": { rpc: `rate_limit: { name: "few" key: "peer.address" rate: 1 per: "1h" dry_run: true }` },
    service: { service: `rate_limit: { name: "of_all" key: "'all'" rate: 100000 per: "1m" }` },
    leased: {
      rpc: `rate_limit: { name: "leased" key: "'all'" rate: 100000 per: "1m" lease: 10 }`,
      needs: ["redis"],
    },
    settle: {
      rpc: `rate_limit: { name: "tokens" key: "'all'" rate: 100000 per: "1m" cost: "10" settle: "size(result.name)" }`,
    },
  }),
  factor("fair share", {
    queue: { file: `fair_share: { key: "headers['x-user']" queue: 50 }` },
    key: { file: `fair_share: { key: "headers['x-user']" weight: "1.0" }` },
  }),
  factor("rpc cache", {
    ttl: { rpc: `cache: { ttl: "60s" }` },
    stale: { rpc: `cache: { ttl: "30ms" stale: "60s" }` },
    variable: {
      file: `env: { name: "KEPT" type: "duration" min: "1ms" max: "1m" }`,
      rpc: `cache: { ttl: "{env.KEPT}" }`,
      env: { KEPT: "60s" },
    },
    tag: { rpc: `cache: { ttl: "60s" tag: "page:{args.id}" }` },
    "tag of a CDN": {
      rpc: `cache: { ttl: "60s" tag: "page:{args.id}" }`,
      service: `http_cache: { max_age: "60s" shared: true tag: true }`,
      env: { BFF_CDN_TAGS: "surrogate-key" },
    },
  }),
  factor("http cache", {
    private: { rpc: `http_cache: { max_age: "60s" stale: "10s" vary: "x-user" }` },
    shared: { rpc: `http_cache: { max_age: "60s" shared: true }` },
  }),
  factor("response", { whole: { rpc: `response: "Whole"` } }),
  factor("version", {
    deprecated: { service: `version: { deprecated: "2026-01-01" sunset: "2036-01-01" }` },
    "of the rpc": {
      rpc: `version: { deprecated: "2026-01-01" successor: "pairs.v1.PageService/Next" }`,
      next: true,
    },
  }),
  factor("answer header", {
    by: { rpc: `header: { name: "x-name" by: "result.name" }` },
    "of price": { rpc: `header: { name: "x-cents" by: "string(result.price_cents)" }` },
  }),
  factor("tool", {
    service: { service: "tool: { max_bytes: 65536 }" },
    hidden: { rpc: `tool: { name: "read" hidden: { name: "lang" } }`, request: "string lang = 9;" },
    plain: { rpc: `tool: { name: "read" description: "Reads a page." group: "pages" max_bytes: 65536 }` },
    off: { service: "tool: { max_bytes: 65536 }", rpc: "tool: { off: true }", next: true },
  }),
  factor("priority", { low: { rpc: "priority: LOW" }, high: { rpc: "priority: HIGH" } }),
  factor("telemetry", {
    attribute: { file: `telemetry: { attribute: ["headers['x-user']"] sample: 1.0 slow: "5s" }`, needs: ["traces"] },
    meter: {
      file: `telemetry: { meter: { name: "names" by: "1" label: { name: "kind" by: "size(result.name) > 0" } } }`,
    },
  }),
  factor("usage", {
    file: {
      file: `usage: { field: { name: "id" by: "args.id" } }`,
      env: { BFF_USAGE_FILE: "usage.jsonl" },
      rpc: USED,
    },
    NATS: {
      file: `usage: { subject: "usage.pairs.events" field: { name: "id" by: "args.id" } }`,
      needs: ["nats"],
      rpc: USED,
    },
  }),
  factor("purge", {
    token: { env: { BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", BFF_PURGE_TOKEN: "0123456789abcdef" } },
    events: {
      file: `purge: { subject: "items.*.events" jetstream: "ITEMS" type: "shop.v1.ItemEvent" tag: "price:{event.id}" }`,
      needs: ["nats"],
    },
  }),
  factor("validation", {
    rules: {
      idOptions: "[(buf.validate.field).string = { min_len: 1, max_len: 40 }]",
      imports: ["buf/validate/validate.proto"],
    },
    off: {
      idOptions: "[(buf.validate.field).string.min_len = 100]",
      rpc: "validate: false",
      imports: ["buf/validate/validate.proto"],
    },
  }),
  factor("host", { declared: { file: `host: ["*.localhost", "localhost"]`, needs: ["localhost"] } }),
  factor("bounds", {
    elements: { rpc: "max_elements: 50" },
    "elements of the file": { file: "max_elements: 100" },
    calls: { rpc: "max_calls: 40" },
  }),
];

/** Variables of the server. */
export const VARIABLES: readonly Factor[] = [
  factor("workers", { two: { env: { BFF_WORKERS: "2" } } }),
  factor("capture", {
    all: {
      env: {
        BFF_CAPTURE: "all;request=1MB;bytes=64MB;age=1h",
        BFF_CAPTURE_KEYS: Buffer.alloc(32, 6).toString("base64"),
      },
    },
    "all, by old variables": {
      env: { BFF_CAPTURE: "all", BFF_CAPTURE_BYTES: "67108864", BFF_CAPTURE_REQUEST_BYTES: "1048576" },
    },
  }),
  factor("redis", {
    on: { needs: ["redis"], env: { BFF_REDIS_PREFIX: "pairs:" } },
    sealed: { needs: ["redis"], env: { BFF_CACHE_KEYS: Buffer.alloc(32, 5).toString("base64") } },
    state: { needs: ["redis", "state redis"] },
  }),
  factor("audit", { stderr: { env: { BFF_AUDIT: "stderr" } } }),
  factor("proxies", { trusted: { env: { BFF_TRUSTED_PROXIES: "127.0.0.1" } } }),
  factor("agents", { off: { env: { BFF_MCP: "false" } }, search: { env: { BFF_MCP_TOOLS: "search" } } }),
  factor("observer", { module: { needs: ["observer"] } }),
  factor("login at NATS", {
    token: { needs: ["nats", "nats with a token"], env: { NATS_TOKEN: "0123456789" } },
    password: { needs: ["nats", "nats with a password"], env: { NATS_USER: "bff", NATS_PASSWORD: "0123456789" } },
    certificates: { needs: ["nats", "nats with certificates"] },
  }),
  factor("explorer", {
    token: { env: { BFF_EXPLORER_TOKEN: "0123456789abcdef0123456789abcdef" } },
    old: { env: { BFF_EXPLORER: "true" } },
  }),
  factor("check of upstreams", { log: { parameter: "uses=true", env: { BFF_UPSTREAM_CHECK: "log" } } }),
  factor("store", {
    SQL: { needs: ["sql"] },
    file: { needs: ["store"] },
    "file, no overrides": { needs: ["store"], env: { BFF_OVERRIDES: "false" } },
  }),
  factor("age of connections", { short: { env: { BFF_MAX_CONNECTION_AGE: "5s" } } }),
  factor("HTTP/2 to upstreams", { node: { env: { BFF_HTTP2: "node" } } }),
  factor("HTTP/2 of clients", { node: { env: { BFF_HTTP2_SERVER: "node" } } }),
  factor("log", { json: { env: { BFF_LOG: "json", BFF_ACCESS_LOG: "all" } } }),
  factor("warm-up", { on: { env: { BFF_WARM_UP: "200ms" } } }),
  factor("door", { narrow: { env: { BFF_MAX_REQUESTS: "2" } } }),
  factor("bounds of the server", {
    tight: {
      env: {
        BFF_MAX_CONNECTIONS: "200",
        BFF_MAX_STREAMS: "20",
        BFF_MAX_FOLLOWERS: "50",
        BFF_MAX_FOLLOWERS_PER_CALLER: "20",
        BFF_MAX_ELEMENTS: "1000",
        BFF_MAX_STEPS: "100000",
        BFF_MAX_REQUEST_BYTES: "65536",
        BFF_MAX_REPLY_BYTES: "65536",
        BFF_IDLE: "60s",
        BFF_DRAIN_DELAY: "10ms",
        BFF_PROCESS: "1/2",
        BFF_SHED_DELAY: "1s",
        BFF_SHED_READYZ: "true",
        BFF_MAX_PENDING_BYTES: "8388608",
        BFF_CORS_ORIGINS: "https://app.example",
      },
    },
  }),
  factor("reflection", { on: { env: { BFF_REFLECTION: "true" } } }),
];
