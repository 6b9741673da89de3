// Holds docs/runtime.md#rate-limits
import { fromBinary } from "@bufbuild/protobuf";
import type { SourceContext } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import type { Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { QuotaFailureSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import type { Limited } from "@protobff/runtime/internal/admission/limit-uses";
import { openLimits } from "@protobff/runtime/internal/environment/open-limits";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { BEARER, type GateOptions, GateService, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { describe, expect, test } from "vitest";
import { combinations } from "./testing/all-protocols.ts";

const ADDRESS: RateLimit = { name: "address", package: "gate.v1", rate: 2, per: 10_000, burst: 2, local: true };
const USER: RateLimit = { name: "user", package: "gate.v1", rate: 6, per: 60_000, burst: 3 };
type Limits = Limited<undefined, SourceContext, SourceContext, Principal>;
type Late = NonNullable<Limits["late"]>[number];
type Early = NonNullable<Limits["early"]>[number];

const byAddress: Early = { limit: ADDRESS, key: (cx) => cx.peer.address || "nowhere" };
const byUser: Late = { limit: USER, key: (cx) => cx.principal?.subject };

async function counters(clock = new FakeClock()) {
  return openLimits([ADDRESS, USER], { environment: {}, clock, fault: () => {} });
}

describe.each(combinations)("$protocol on HTTP/$over, on $server", ({ serve, transport }) => {
  async function served(limits: Omit<Limits, "counters">, options: Partial<GateOptions> = {}) {
    const rig = await gate({
      sources: [sourceOf("user", BEARER)],
      permit: { public: true },
      limits: { ...limits, counters: await counters() },
      ...options,
    });
    const { url } = await serve(rig.endpoint);
    const send = (subject?: string) => {
      const authorized: Interceptor = (next) => (request) => {
        if (subject !== undefined) request.header.set("authorization", `Bearer user-${subject}`);
        return next(request);
      };
      return createClient(GateService, transport(url, [authorized])).get({ fileName: "" });
    };
    const refused = async (subject?: string): Promise<ConnectError> => {
      const thrown: unknown = await send(subject).catch((error: unknown) => error);
      if (!(thrown instanceof ConnectError)) throw new Error("not refused");
      return thrown;
    };
    return { ...rig, send: send, refused };
  }

  test("a caller above a limit gets a retry delay, and nothing is composed", async () => {
    const { send, refused, seen, limited, audited, responses } = await served({ late: [byUser] });
    for (let i = 0; i < 3; i++) await send("ann");
    const error = await refused("ann");
    expect([error.code, error.rawMessage]).toEqual([Code.ResourceExhausted, "too many requests"]);
    // A unit in 10 s, and 5 % later by the clock's randomness.
    const [retry] = error.findDetails(RetryInfoSchema);
    expect(retry?.retryDelay).toMatchObject({ seconds: 10n, nanos: 500_000_000 });
    const [quota] = error.findDetails(QuotaFailureSchema);
    expect(quota?.violations).toMatchObject([
      { subject: "limit:gate.v1/user", description: "6 per 60 s", quotaId: "gate.v1/user", quotaValue: 6n },
    ]);
    const header = (name: string) => error.metadata.get(name);
    expect(["retry-after", "ratelimit-policy", "ratelimit", "grpc-retry-pushback-ms"].map(header)).toEqual([
      "11",
      '"user";q=6;w=60',
      '"user";r=0;t=10',
      "10500",
    ]);
    expect(seen.length).toBe(3);
    expect(limited).toMatchObject([{ method: "gate.v1.GateService/Get", limit: "gate.v1/user", outcome: "exceeded" }]);
    expect(audited).toEqual([]);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([true, true, true, false]);
    await send("bob");
    await send(); // nobody: it does not apply
    await send();
  });

  test("early limits precede credentials", async () => {
    const { send, refused, seen, audited } = await served({ early: [byAddress] });
    await send("ann");
    expect((await refused("bad")).code).toBe(Code.Unauthenticated);
    const error = await refused("bad");
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.metadata.get("retry-after")).toBe("6");
    expect(error.metadata.get("grpc-retry-pushback-ms")).toBe("5250");
    expect(seen.length).toBe(1);
    expect(audited.length).toBe(1);
  });
});

test("details decode as the standard messages", () => {
  // google.rpc.RetryInfo { retry_delay { seconds: 10 nanos: 500000000 } }, by hand
  const bytes = new Uint8Array([0x0a, 0x08, 0x08, 0x0a, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
  expect(fromBinary(RetryInfoSchema, bytes).retryDelay?.nanos).toBe(500_000_000);
});
