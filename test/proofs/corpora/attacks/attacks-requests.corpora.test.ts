// Requests that claim another caller or reach an rpc by another way, bombs, and names that objects have: who asks and what is permitted stay the same.
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { startIssuer } from "./rig/issuer.ts";
import { attacked, described, expectUnharmed } from "./rig/rig.ts";

const SERVICE = "/req.v1.ReqService";
const BOMB = Buffer.alloc(300 << 20, 0x20);
const BOMBS: Readonly<Record<string, Buffer>> = {
  gzip: zlib.gzipSync(BOMB, { level: 1 }),
  br: zlib.brotliCompressSync(BOMB, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } }),
};
type Headers = Readonly<Record<string, string>>;
interface Written {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}
const rpc = (name: string, body: Written["body"] = '{"key":"k"}', headers: Headers = {}): Written => ({
  path: `${SERVICE}/${name}`,
  method: "POST",
  body,
  headers: { "content-type": "application/json", ...headers },
});
const query = (name: string, more: string): string => `${SERVICE}/${name}?connect=v1&encoding=json&${more}`;
/** The caller's name as the upstream has received it. */
const ANN = '200 {"tenant":"ann"}';
const NONE = '200 {"at":"none"}';
const bytes = (of: Buffer) => new Uint8Array(of);
const claiming = (header: string, value: string): [string, [Written, string]] => [
  `a caller that ${header} names`,
  [rpc("Mine", undefined, { [header]: value }), ANN],
];
const maps = (body: string, outcome: string): [Written, string] => [rpc("Maps", body), outcome];

const costly = (length: number): string =>
  JSON.stringify({ list: Array.from({ length }, (_, i) => `a${i}`), key: "aa" });

/** The request of a caller without scopes, and the beginning of its answer. */
const ROWS: Readonly<Record<string, readonly [Written, string]>> = {
  ...Object.fromEntries([
    claiming("x-tenant", "eve"),
    claiming("x-principal-bin", Buffer.from("\n\x03eve").toString("base64")),
    claiming("x-principal-signed-bin", "AA"),
    claiming("x-forwarded-client-cert", "By=eve"),
    claiming("x-user-id", "eve"),
  ]),
  "an rpc that needs a scope": [rpc("Limited"), "403"],
  "the same by REST": [{ path: "/v1/limited/x" }, "403"],
  "by its other path": [{ path: "/v1/any/a/b" }, "403"],
  "by HEAD": [{ path: "/v1/limited/x", method: "HEAD" }, "403"],
  "by an encoded letter": [{ path: "/v1/%6cimited/x" }, "403"],
  "by a way back": [{ path: "/v1/mine/%2e%2e/limited/x" }, "403"],
  "by a way back in a segment": [{ path: "/v1/mine/..%2flimited%2fx" }, ANN],
  "by a slash at the end": [{ path: "/v1/limited/x/" }, "404"],
  "by another case": [{ path: "/V1/Limited/x" }, "404"],
  "by a parameter of a segment": [{ path: "/v1/limited;a/x" }, "404"],
  "by GET": [{ path: query("Limited", "message=%7B%7D") }, "403"],
  "by HEAD over Connect": [{ path: query("Limited", "message=%7B%7D"), method: "HEAD" }, "403"],
  "by PUT": [{ ...rpc("Limited"), method: "PUT" }, "405"],
  "by headers of proxies": [
    { path: "/v1/mine/x", headers: { "x-original-url": "/v1/limited/x", "x-rewrite-url": "/v1/limited/x" } },
    ANN,
  ],
  "nobody, by REST": [{ path: "/v1/mine/x", headers: { authorization: "" } }, "401"],
  "nobody, by GET": [{ path: query("Mine", "message=%7B%7D"), headers: { authorization: "" } }, "401"],
  "a map's key __proto__": maps('{"texts":{"__proto__":"x"},"key":"__proto__"}', '200 {"at":"x"}'),
  "a map's key constructor": maps('{"texts":{"constructor":"x"},"key":"constructor"}', '200 {"at":"x"}'),
  "a map's messages by __proto__": maps(
    '{"messages":{"__proto__":{"key":"polluted"}},"key":"key"}',
    '200 {"at":"none","size":1}',
  ),
  "a message's field __proto__": maps('{"__proto__":{"key":"polluted"}}', NONE),
  "nothing is polluted": maps('{"key":"polluted"}', NONE),
  ...Object.fromEntries(
    ["__proto__", "constructor", "toString", "hasOwnProperty"].map((name) => [
      `no key and no header ${name}`,
      maps(JSON.stringify({ key: name }), NONE),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(BOMBS).flatMap(([encoding, bomb]) => [
      [`300 MB in ${encoding}`, [rpc("Maps", bytes(bomb), { "content-encoding": encoding }), "429"]],
      [
        `200 MB in ${encoding}, in a query`,
        [
          {
            path: query(
              "Maps",
              `base64=1&compression=${encoding}&message=${(
                encoding === "br" ? bomb : zlib.gzipSync(BOMB.subarray(0, 12 << 20))
              ).toString("base64url")}`,
            ),
          },
          "429",
        ],
      ],
    ]),
  ),
  "an expression of 100 steps": [rpc("Costly", costly(10)), '200 {"matches":true}'],
  "an expression of 98 million steps": [rpc("Costly", costly(9_900)), "429"],
  "a pattern that backtracks elsewhere": [rpc("Costly", JSON.stringify({ key: `${"a".repeat(500_000)}!` })), "200 {}"],
  "four encodings in one another": [rpc("Maps", "x", { "content-encoding": "gzip, gzip, gzip, gzip" }), "501"],
};

test("requests by other paths, under other names and as bombs have the expected answers", {
  timeout: 180_000,
}, async () => {
  const issuer = await startIssuer();
  const authorization = `Bearer ${await issuer.token("ann")}`;
  const normal = { path: `${SERVICE}/Maps`, body: "{}", headers: { authorization } };
  const outcome = await attacked(
    async ({ url }) => {
      const all: Record<string, string> = {};
      for (const [name, [{ path, method = "GET", headers, body }, expected]] of Object.entries(ROWS)) {
        const init = { method, headers: { authorization, ...headers }, signal: AbortSignal.timeout(20_000) };
        const response = await fetch(url + path, body === undefined ? init : { ...init, body });
        all[name] = `${response.status} ${await response.text()}`.slice(0, expected.length);
      }
      return all;
    },
    { server: "req", normal, env: { OIDC_ISSUER: issuer.address, BFF_PUBLIC_URL: "https://app.example" }, heapMb: 256 },
  ).finally(() => issuer.close());
  process.stdout.write(`${described("requests by other ways", { ...outcome, result: Object.keys(ROWS).length })}\n`);
  expect(outcome.result).toEqual(
    Object.fromEntries(Object.entries(ROWS).map(([name, [, expected]]) => [name, expected])),
  );
  expectUnharmed(outcome);
});
