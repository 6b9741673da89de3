// Random BFFs whose calls send metadata of every class of names, and what each caller's calls send, computed without the compiler.
import { pick, type Random, seeded } from "../../bffs/second/random-message.ts";

export const UPSTREAM = `syntax = "proto3";
package up.v1;
service UpService {
  rpc Who(WhoRequest) returns (Sent) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc WhoAll(WhoAllRequest) returns (SentAll) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message WhoRequest { string key = 1; }
message Sent { string id = 1; string sent = 2; }
message WhoAllRequest { repeated string ids = 1; }
message SentAll { repeated Sent all = 1; }
`;

/** Names that `forward` leaves out of keys. The list is independent of the one in the runtime, which the test checks. */
const TRACE_IDS = ["traceparent", "b3", "x-b3-traceid", "x-b3-sampled", "x-request-id"];
const OTHERS = [
  "baggage",
  "tracestate",
  "x-b4-traceid",
  "x-tenant",
  "x-correlation-id",
  "accept-language",
  "uber-trace-id",
];
export const NAMES = [...TRACE_IDS, ...OTHERS];

/** A caller of a generated BFF. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: { readonly subject: string; readonly tenant: string; readonly plan: string };
  readonly address: string;
  readonly flavor: string;
}
export function randomCaller(random: Random): Caller {
  const headers = NAMES.filter(() => random() < 0.5).map((name) => [name, `sent-${pick(random, ["1", "2"])}`]);
  return {
    headers: Object.fromEntries([...headers, ["x-read", pick(random, ["r1", "r2"])]]),
    principal: {
      subject: pick(random, ["ann", "eve"]),
      tenant: pick(random, ["t1", "t2"]),
      plan: pick(random, ["free", "gold"]),
    },
    address: pick(random, ["192.0.2.1", "192.0.2.2"]),
    flavor: pick(random, ["sweet", "sour"]),
  };
}

/** An expression over a caller, in CEL and in TypeScript. */
interface Value {
  readonly by: string;
  readonly of: (caller: Caller) => string;
}
const VALUES: readonly Value[] = [
  { by: "'made-' + principal.tenant", of: ({ principal }) => `made-${principal.tenant}` },
  { by: "'made-' + principal.subject", of: ({ principal }) => `made-${principal.subject}` },
  { by: "'made-' + headers['x-read']", of: ({ headers }) => `made-${headers["x-read"]}` },
  { by: "'made-' + args.flavor", of: ({ flavor }) => `made-${flavor}` },
  { by: "'made-' + peer.address", of: ({ address }) => `made-${address}` },
  { by: "'made'", of: () => "made" },
];
interface Made {
  readonly name: string;
  readonly value: Value;
  /** True if only callers of the plan "gold" send it. */
  readonly gold: boolean;
}

/** Metadata of one call. */
export interface Policy {
  readonly forward: readonly string[];
  readonly metadata: readonly Made[];
}
/** One rpc: its proto and the policies of the calls behind its fields. */
export interface Rpc {
  readonly proto: string;
  readonly policies: Readonly<Record<"single" | "again" | "batched", Policy>>;
}

export const IDENTITY = `syntax = "proto3";
package web.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  env: { name: "ISSUER" type: "string" }
  identity: {
    type: "web.v1.Caller"
    source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "web" claims: "web.v1.Caller" } set: [
      { name: "subject" by: "claims.subject" }, { name: "tenant" by: "claims.tenant" }, { name: "plan" by: "claims.plan" }
    ] }
  }
};
message Caller { string subject = 1; string tenant = 2; string plan = 3; }
`;

function randomPolicy(random: Random): Policy {
  const some = (share: number): string[] => NAMES.filter(() => random() < share);
  const forward = some(0.25);
  const metadata = some(0.2)
    .filter((name) => !forward.includes(name))
    .map((name) => ({ name, value: pick(random, VALUES), gold: random() < 0.3 }));
  return { forward, metadata };
}
const printed = ({ forward, metadata }: Policy): string => {
  const made = metadata.map(
    ({ name, value, gold }) => `{ name: "${name}" by: "${value.by}"${gold ? ` if: "principal.plan == 'gold'"` : ""} }`,
  );
  return `forward: [${forward.map((name) => `"${name}"`).join(", ")}] metadata: [${made.join(", ")}]`;
};

/** The rpc of one file. */
export function randomRpc(seed: string, number: number): Rpc {
  const random = seeded("metadata", seed, number);
  const single = randomPolicy(random);
  const again = random() < 0.5 ? single : randomPolicy(random);
  const batched = randomPolicy(random);
  const cache = (): string => (random() < 0.7 ? `cache: { ttl: "10s"${random() < 0.5 ? ' stale: "60s"' : ""} }` : "");
  const call = (policy: Policy, cached: string): string =>
    `call: { method: "up.v1.UpService/Who" set: { name: "key" by: "args.key" } ${printed(policy)} ${cached} }`;
  const cached = cache();
  const proto = `syntax = "proto3";
package web.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
import "web/v1/c0.proto";
service S${number}Service {
  option (bff.v1.service).permit = {};
  rpc Get${number}(Get${number}Request) returns (Got${number}) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { http_cache: { max_age: "1s" } ${random() < 0.5 ? cache() : ""} };
  }
}
message Get${number}Request { string key = 1; string flavor = 2; }
message Got${number} {
  option (bff.v1.message) = { let: [
    { name: "single" ${call(single, cached)} },
    { name: "again" ${call(again, again === single ? cached : cache())} },
    { name: "batched" call: {
      method: "up.v1.UpService/WhoAll"
      batch: { name: "ids" by: "args.key" items: "all" key: "id" }
      ${printed(batched)} ${cache()}
    } }
  ] };
  string single = 1 [(bff.v1.field).by = "single.sent"];
  string again = 2 [(bff.v1.field).by = "again.sent"];
  optional string batched = 3 [(bff.v1.field).by = "batched.sent"];
}
`;
  return { proto, policies: { single, again, batched } };
}

/** Returns the fault of an answer for this caller, from the metadata of its calls; undefined: none. */
export function foreign(policy: Policy, caller: Caller, sent: Readonly<Record<string, string>>): string | undefined {
  for (const name of NAMES) {
    const made = policy.metadata.find((entry) => entry.name === name);
    const isMade = made !== undefined && (!made.gold || caller.principal.plan === "gold");
    const has = sent[name];
    // A trace id may be another caller's: of a header, never of an expression.
    if (!isMade && TRACE_IDS.includes(name)) {
      if (has?.startsWith("made")) return `${name} is ${has}, which was made for another caller`;
      continue;
    }
    const expected = isMade ? made.value.of(caller) : policy.forward.includes(name) ? caller.headers[name] : undefined;
    if (has !== expected) return `${name} is ${has}, and this caller's call sends ${expected}`;
  }
  return undefined;
}

/** Headers of clients on which the metadata of a call depends, forwarded trace ids apart. */
export function headersOf({ forward, metadata }: Policy): readonly string[] {
  const read = metadata.some(({ value }) => value.by.includes("x-read")) ? ["x-read"] : [];
  return [...forward.filter((name) => !TRACE_IDS.includes(name)), ...read];
}
