// Random options of the edge, for the compiler alone: paths of google.api.http, buf.validate, branches, identities, limits that settle, headers, latest.
import type { Expressions } from "./rich-expressions.ts";

/** Sources of callers, each of which fills the case's Principal. */
const SOURCES = [
  `{ name: "user" jwt: { issuer: "https://auth.shop.example" audience: "shop" } set: [ { name: "subject" by: "credential.subject" }, { name: "realms" by: "credential.scopes" } ] }`,
  `{ name: "browser" session: { issuer: "https://login.shop.example" client_id: "shop" scope: ["offline_access"] idle: "30m" absolute: "12h" claims: "Claims" } set: [ { spread: "claims" }, { name: "subject" by: "credential.subject" } ] }`,
  `{ name: "robot" api_key: { prefix: "shop_" claims: "Claims" } set: [ { name: "subject" by: "credential.id" }, { name: "tenant" by: "claims.tenant" } ] }`,
  `{ name: "mesh" peer: { spiffe: "spiffe://shop.example/ns/*/job" } set: [ { name: "subject" by: "credential.names[0]" }, { name: "realms" by: "credential.names" } ] }`,
  `{ name: "gateway" trusted: { header: "x-gateway-user" claims: "Claims" } set: [ { name: "subject" by: "'g/' + claims.sub" }, { name: "tenant" by: "claims.tenant" if: "has(claims.tenant)" } ] from: "gateway.shop.example" }`,
  `{ name: "web" assertion: { issuer: "web" keys: "/run/secrets/web-keys" } }`,
];
export const CLAIMS = "message Claims { string sub = 1; optional string tenant = 2; int64 level = 3; }";

export function identityOf(e: Expressions): string {
  const [first = "", ...more] = SOURCES;
  return `identity: { type: "Principal" source: [ ${[first, ...more.filter(() => e.chance(0.2))].join(", ")} ] }`;
}

/** Returns the addresses of an upstream: its branches, or its shards. */
export function addressesOf(e: Expressions, known: boolean): string {
  if (e.chance(0.7)) return branchesOf(e, known);
  const rules = [
    `by: "headers['x-region']"`,
    `by: "'eu/' + headers['x-a']" max: 3`,
    `by: "size(headers['x-a'])" hash: MODULO`,
    `by: "bytes(headers['x-a'])"`,
  ];
  return `{ service: "up.v1.${e.pick(["ItemService", "OrderService"])}" shard: { ${e.pick(rules)} } }`;
}

/**
 * Returns the branches of an upstream entry.
 *
 * @param known whether callers are known
 */
function branchesOf(e: Expressions, known: boolean): string {
  const conditions = [
    "headers['x-canary'] == '1'",
    "now < timestamp('2030-01-01T00:00:00Z')",
    ...(known
      ? [
          "peer.address.startsWith('10.')",
          "principal.subject == 'tester'",
          "has(principal.tenant) && 'beta' in principal.realms",
        ]
      : []),
  ];
  const ways = [
    () => `{ name: "canary" if: "${e.pick(conditions)}" }`,
    () => `{ name: "next" share: 0.05${known && e.chance(0.5) ? ` by: "principal.subject"` : ""} }`,
    () =>
      `{ name: "copy" mirror: true compare: true share: 0.1 if: "${e.pick(conditions)}" ignore: "up.v1.Item.name" }`,
    () => `{ name: "all" mirror: true }`,
    () => `{ name: "lab" share: 0.01 by: "headers['x-a']" }`,
  ].filter(() => e.chance(0.5));
  const branches = (ways.length === 0 ? [() => `{ name: "only" share: 0.5 }`] : ways).map((make) => make());
  return `{ service: "up.v1.${e.pick(["ItemService", "OrderService"])}" branch: [${branches.join(", ")}] }`;
}

/** Rules of google.api.http for GetPage. @param safe whether the rpc has no side effects, so that GET may reach it */
export function pathsOf(e: Expressions, safe: boolean): string {
  const gets = [
    `get: "/v1/pages/{id}"`,
    `get: "/v1/{id=pages/*}"`,
    `get: "/v1/{id=pages/**}:page"`,
    `get: "/v1/pages/{n}/{flag}/{item.id}"`,
    `get: "/v1/pages/{kind}" response_body: "f1"`,
  ];
  const rule = e.pick([
    ...(safe ? gets : []),
    `post: "/v1/pages/{id}" body: "*"`,
    `patch: "/v1/pages/{item.id}" body: "item"`,
    `custom: { kind: "REPORT" path: "/v1/pages/{note}" } body: "texts"`,
  ]);
  const more = e.chance(0.3) ? ` additional_bindings: { post: "/v1/more/{id}" body: "ids" }` : "";
  return `option (google.api.http) = { ${rule}${more} };`;
}

/** Fields of the request with rules of buf.validate, by their names. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  id: ["string = { min_len: 1, max_len: 40 }", 'string.pattern = "^[a-z]+$"', "string.uuid = true", "required = true"],
  n: ["int64 = { gte: 0, lt: 100 }", "int64 = { gt: 10, lt: 1 }", "int64 = { in: [1, 2] }"],
  note: ["string.max_bytes = 100", 'string.prefix = "n-"'],
  ids: ["repeated = { min_items: 1, max_items: 4, unique: true, items: { string: { min_len: 1 } } }"],
  kind: ["enum.defined_only = true", "enum.not_in = 0"],
  item: [
    "required = true",
    `cel = { id: "item.named" message: "needs a name" expression: "this.name != '' || size(this.tags) > 0" }`,
  ],
  texts: ["map = { max_pairs: 5, keys: { string: { min_len: 1 } }, values: { string: { max_len: 9 } } }"],
};
export function validated(e: Expressions, request: string): string {
  const message = e.chance(0.2)
    ? `option (buf.validate.message).cel = { id: "page.flag" expression: "this.flag || this.n > 0 ? '' : 'a flag or a number'" };`
    : "";
  const ruled = request.replace(/\b(\w+) = (\d+);/g, (whole, name: string, number: string) => {
    const rules = RULES[name];
    return rules === undefined || e.chance(0.6)
      ? whole
      : `${name} = ${number} [(buf.validate.field).${e.pick(rules)}];`;
  });
  return ruled.replace("{", `{ ${message}`);
}

/** Returns a limit whose cost depends on the answer. */
export const settled = (e: Expressions): string =>
  `rate_limit: { name: "tokens" key: "${e.pick(["args.id", "peer.address"])}" rate: 1000 per: "1m" cost: "${e.pick(["1", "size(args.ids) + 1", "math.greatest(args.n, 1)"])}" settle: "${e.pick(["size(result.degraded)", "result.degraded.exists(d, d.path == 'f1') ? 2 : 1", "result.degraded.map(d, size(d.path)).size()"])}"${e.chance(0.3) ? " closed: true" : ""} }`;

/** Returns headers of an answer, some of which fail, are empty, or cannot be sent. */
export function headersOf(e: Expressions, known: boolean): string {
  const values = [
    "args.id",
    "args.ids[0]",
    "args.note",
    "string(100 / args.n)",
    "string(size(result.degraded))",
    "result.degraded.map(d, d.path).join(', ')",
    "result.degraded[0].path",
    "headers['x-a']",
    "'é' + args.id",
    ...(known ? ["principal.subject", "string(size(principal.realms))"] : []),
  ];
  const headers = values
    .filter(() => e.chance(0.4))
    .map(
      (by, i) =>
        `{ name: "x-h${i}" by: "${by}"${e.chance(0.3) ? ` if: "${e.pick(["args.flag", "args.n > 2", "args.ids[0] != ''"])}"` : ""} }`,
    );
  return headers.length === 0 ? "" : `header: [${headers.join(", ")}]`;
}

/** Returns a tool with hidden fields. @param safe whether the rpc has no side effects, so that nothing is to confirm */
export function toolOf(e: Expressions, known: boolean, safe: boolean): string {
  const hidden = [
    `{ name: "id" by: "${known ? "ok(principal) ? principal.subject : 'nobody'" : "'some'"}" }`,
    `{ name: "n" by: "3" }`,
    `{ name: "note" by: "'a' + 'b'" }`,
    `{ name: "ids" by: "['a', 'b'].filter(args, args != 'a')" }`,
    `{ name: "kind" }`,
    `{ name: "item.size.width" by: "7" }`,
    `{ name: "item.note" }`,
    `{ name: "item.placeholder" by: "up.v1.Size{width: 2}" }`,
    `{ name: "texts" }`,
  ].filter(() => e.chance(0.3));
  const parts = [
    safe ? "" : `confirm: ${e.chance(0.5)}`,
    e.chance(0.5) ? `name: "${e.pick(["get_page", "page-1", "P"])}"` : "",
    e.chance(0.7) ? `description: "Reads a \\"page\\"."` : "",
    e.chance(0.3) ? "max_bytes: 1000" : "",
    hidden.length === 0 ? "" : `hidden: [${hidden.join(", ")}]`,
  ];
  return `tool: { ${parts.filter((part) => part !== "").join(" ")} }`;
}

/** A topic of the service, for steps that read its newest item. */
export const TOPIC = `topic: { name: "newest" call: { method: "up.v1.ItemService/WatchItem" read_only: true set: [{ name: "id" by: "key" }, { name: "locale" by: "string(resume.orValue(0))" }] } position: "event.price_cents" }`;
export const latestOf = (e: Expressions): string =>
  `latest: { topic: "newest" key: "'k' + ${e.pick(["args.id", "string(args.n)", e.of("string", 1)])}" }`;
