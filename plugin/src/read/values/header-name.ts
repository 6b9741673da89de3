import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";

/** Reserved names of headers by their owner. A name with a hyphen at its end is a prefix. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  "the protocol": ["bff- connect- grpc- mcp- trailer-"],
  HTTP: [
    "accept accept- allow alt-svc alt-used authentication-info authorization connection content- cookie cookie2 date",
    "early-data expect forwarded from host http2-settings keep-alive link location max-forwards prefer",
    "preference-applied priority proxy- range referer refresh server set-cookie set-cookie2 te trailer transfer-encoding",
    "upgrade user-agent via www-authenticate x-forwarded-",
  ],
  CORS: ["access-control- origin timing-allow-origin"],
  caches: [
    "age cache- cdn-cache-control clear-site-data etag expires if- last-modified no-vary-search pragma surrogate-control",
    "vary warning",
  ],
  security: [
    "cross-origin- expect-ct feature-policy nel origin-agent-cluster permissions-policy public-key-pins referrer-policy",
    "report-to reporting-endpoints sec- strict-transport-security x-content-type-options x-frame-options",
    "x-permitted-cross-domain-policies x-xss-protection",
  ],
  limits: ["ratelimit ratelimit- retry-after"],
  versions: ["deprecation sunset"],
  tracing: ["baggage traceparent tracestate x-request-id"],
};
const OWNERS = Object.entries(RESERVED).flatMap(([owner, lines]) =>
  lines.flatMap((line) => line.split(" ")).map((name) => ({ owner, name })),
);
const NAME = /^[0-9a-z_.-]+$/;

/** Checks the name of a header of answers: HTTP/2 and gRPC can carry it, and nothing else writes or interprets it. */
export function checkHeaderName({ value, at }: Text, report: Report): void {
  const refuse = (why: string, hint: string): void =>
    fault(report, "BFF196", at, { message: `${JSON.stringify(value)} ${why}`, hint });
  const lower = value.toLowerCase();
  const owner = OWNERS.find(({ name }) => (name.endsWith("-") ? value.startsWith(name) : value === name))?.owner;
  if (!NAME.test(value)) {
    const hint = NAME.test(lower) ? `write "${lower}"` : 'write lower-case letters, digits, "-", "_" and "." only';
    refuse("is not the name of a header", hint);
  } else if (owner !== undefined)
    refuse(`is reserved for ${owner}`, value.startsWith("x-") ? "choose another name" : `write "x-${value}"`);
  else if (value.endsWith("-bin")) refuse('ends in "-bin", which marks bytes in gRPC', `write "${value.slice(0, -4)}"`);
}
