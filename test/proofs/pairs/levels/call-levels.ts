// Levels of the policies that the call of a price has.
import { type Factor, factor } from "../parts.ts";

/** Policies of the call of a price. */
export const POLICIES: readonly Factor[] = [
  factor("timeout", {
    call: { price: `timeout: "200ms"` },
    entry: { priceEntry: `timeout: "200ms"` },
    rpc: { rpc: `timeout: "1s"` },
    variable: {
      file: `env: { name: "WAIT" type: "duration" default: "900ms" min: "100ms" max: "1s" }`,
      price: `timeout: "{env.WAIT}"`,
      env: { WAIT: "200ms" },
    },
    "variable of the rpc": {
      file: `env: { name: "WHOLE" type: "duration" default: "2s" min: "900ms" max: "3s" }`,
      rpc: `timeout: "{env.WHOLE}"`,
      env: { WHOLE: "1s" },
    },
    method: { file: `upstream: { method: "shop.v1.PriceService/GetPrice" timeout: "200ms" }` },
  }),
  factor("retry", {
    twice: { price: `retry: { attempts: 2 on: [UNAVAILABLE] backoff: { initial: "1ms" max: "2ms" multiplier: 2 } }` },
    any: { price: `retry: { attempts: 3 on: ANY backoff: { initial: "1ms" } }` },
    if: { price: `retry: { attempts: 2 if: "error.code == 14" backoff: { initial: "1ms" } }` },
    never: { price: `retry: { attempts: 1 }` },
    entry: { priceEntry: `retry: { attempts: 2 on: [UNAVAILABLE] backoff: { initial: "1ms" } }` },
  }),
  factor("retry budget", {
    small: { priceEntry: `retry_budget: { max_tokens: 4 token_ratio: 0.5 }` },
  }),
  factor("hedge", {
    delayed: { price: `hedge: { delay: "10ms" max: 1 budget: 0.5 }` },
    entry: { priceEntry: `hedge: { delay: "20ms" max: 1 }` },
    variable: {
      file: `env: { name: "HEDGE" type: "duration" min: "1ms" max: "30ms" }`,
      price: `hedge: { delay: "{env.HEDGE}" max: 1 }`,
      env: { HEDGE: "10ms" },
    },
    "at once": { price: `hedge: { at_once: true max: 1 }` },
  }),
  factor("cache", {
    ttl: { price: `cache: { ttl: "60s" }` },
    stale: { price: `cache: { ttl: "30ms" stale: "60s" }` },
    entry: { priceEntry: `cache: { ttl: "60s" }` },
    variables: {
      file: `env: [{ name: "NEW" type: "duration" min: "1ms" max: "1m" }, { name: "OLD" type: "duration" min: "2m" max: "1h" }]`,
      price: `cache: { ttl: "{env.NEW}" stale: "{env.OLD}" }`,
      env: { NEW: "30ms", OLD: "2m" },
    },
    "tag, gone": { price: `cache: { ttl: "60s" tag: "price:{answer.item_id}" }` },
    "tag, stale on failure": {
      price: `cache: { ttl: "60s" stale: "300s" tag: "price:{answer.item_id}" purged: STALE_ON_FAILURE single_fetch: false }`,
    },
  }),
  factor("limit", {
    call: { price: `limit: { concurrent: 2 queued: 100 }` },
    variable: {
      file: `env: { name: "CALLS" type: "int" min: "1" max: "100" }`,
      priceEntry: `limit: { concurrent_env: "CALLS" }`,
      env: { CALLS: "20" },
    },
    adaptive: { priceEntry: `limit: { concurrent: 20 queued: 100 adaptive: true }` },
  }),
  factor("breaker", {
    off: { priceEntry: `breaker: { off: true }` },
    soon: { priceEntry: `breaker: { minimum: 1 error_rate: 0.01 window: "1s" open_for: "50ms" probes: 1 }` },
    variables: {
      file: `env: [{ name: "WINDOW" type: "duration" min: "1ms" max: "1m" }, { name: "OPEN" type: "duration" min: "1ms" max: "1m" }]`,
      priceEntry: `breaker: { minimum: 1 error_rate: 0.01 window: "{env.WINDOW}" open_for: "{env.OPEN}" }`,
      env: { WINDOW: "1s", OPEN: "50ms" },
    },
    slow: { priceEntry: `breaker: { slow: "150ms" slow_rate: 0.9 minimum: 1000 }` },
    "in a row": { priceEntry: `breaker: { consecutive: 1 open_for: "50ms" }` },
  }),
  factor("on_error", {
    ignore: { price: `on_error: { on: NOT_FOUND ignore: true }` },
    fallback: { price: `on_error: { on: UNAVAILABLE fallback: "shop.v1.Price{cents: 7}" }` },
    entry: { priceEntry: `on_error: { on: ANY if: "error.code == 5" ignore: true }` },
    fail: { price: `on_error: { on: UNAVAILABLE fail: { code: ABORTED message: "no price of {args.id}" } }` },
    "fail with details": {
      price: `on_error: { on: ANY fail: { as_is: true details: "error.detail(shop.v1.Price)" } }`,
    },
  }),
  factor("branch", {
    share: {
      priceEntry: `branch: { protocol: HTTP_JSON name: "canary" share: 0.5 by: "headers['x-user']" }`,
      needs: ["branch"],
    },
    if: { priceEntry: `branch: { name: "canary" if: "headers['x-canary'] == '1'" }`, needs: ["branch"] },
    off: { priceEntry: `branch: { name: "canary" share: 0.5 }` },
    mirror: {
      priceEntry: `branch: { name: "canary" mirror: true compare: true ignore: "shop.v1.Price.offers" }`,
      needs: ["branch"],
    },
  }),
  factor("shard", {
    rendezvous: { priceEntry: `shard: { by: "request.item_id" }`, needs: ["shards"] },
    call: {
      priceEntry: `shard: { by: "request.item_id" max: 4 }`,
      price: `shard: { by: "args.id + '!'" }`,
      needs: ["shards"],
    },
    name: {
      priceEntry: `shard: { by: "request.item_id" }`,
      price: `shard: { name: "args.id.size() > 2 ? 'east' : 'west'" }`,
      needs: ["shards"],
    },
    modulo: { priceEntry: `shard: { by: "size(request.item_id)" hash: MODULO }`, needs: ["shards"] },
  }),
  factor("protocol of prices", {
    HTTP_JSON: { priceEntry: `protocol: HTTP_JSON` },
    CONNECT: { priceEntry: `protocol: CONNECT` },
  }),
  factor("balance", {
    eject: {
      priceEntry: `balance: { eject_after: 3 eject_for: "1s" max_ejected: 0.5 refresh: "1s" connections: 2 subset: 3 }`,
    },
  }),
  factor("metadata", {
    by: { price: `metadata: { name: "x-item" by: "args.id" }` },
    entry: { priceEntry: `metadata: { name: "x-user" by: "headers['x-user']" if: "headers['x-user'] != ''" }` },
    "forward of a call": { price: `forward: ["x-user"]` },
    secret: { price: `metadata: { name: "x-secret" by: "item.secret" reveal: "prices are personal" }` },
    forward: { priceEntry: `forward: ["x-user", "x-request-id"]` },
  }),
  factor("fallback", { step: { priceStep: `fallback: "shop.v1.Price{cents: 3}"` } }),
];
