// Headers with names of tracing that decide an answer: whoever fills a cache first decides nothing for others.
import { expect, test, vi } from "vitest";
import { startIssuer } from "./rig/issuer.ts";
import { attacked, described, expectUnharmed, post } from "./rig/rig.ts";

vi.setConfig({ testTimeout: 120_000 });
type Answer = Readonly<{ baggage?: string; n?: number }>;

test("baggage that an expression computes from the principal keeps tenants apart", async () => {
  const issuer = await startIssuer();
  const tenants = ["one", "two", "three"];
  const tokens = await Promise.all(tenants.map((tenant) => issuer.token(tenant)));
  const bearer = (i: number) => ({ authorization: `Bearer ${tokens[i]}` });
  const normal = { path: "/bag.v1.BagService/Call", body: "{}", headers: bearer(0) };
  const outcome = await attacked(
    async (target) => {
      const answers: Record<string, readonly (string | undefined)[]> = {};
      for (const rpc of ["Call", "Whole"]) {
        const baggageOf = async (i: number): Promise<string | undefined> => {
          const { text } = await post(target, { key: "k" }, `/bag.v1.BagService/${rpc}`, bearer(i));
          return (JSON.parse(text) as Answer).baggage;
        };
        answers[rpc] = [await baggageOf(0), ...(await Promise.all([1, 2].map(baggageOf))), await baggageOf(0)];
      }
      return answers;
    },
    { server: "bag", normal, env: { OIDC_ISSUER: issuer.address } },
  ).finally(() => issuer.close());
  process.stdout.write(`${described("baggage of the principal", outcome)}\n`);
  const expected = ["tenant=one", "tenant=two", "tenant=three", "tenant=one"];
  expect(outcome.result).toEqual({ Call: expected, Whole: expected });
  expectUnharmed(outcome);
});

test("the baggage of an anonymous client reaches no other caller through caches of the BFF or of HTTP", async () => {
  const normal = { path: "/fwd.v1.FwdService/Call", body: '{"key":"normal"}' };
  const outcome = await attacked(
    async ({ url }) => {
      const answers: Record<string, unknown> = {};
      for (const rpc of ["Call", "Whole"]) {
        const call = async (headers: Readonly<Record<string, string>>) => {
          const query = "connect=v1&encoding=json&message=%7B%7D";
          const answer = await fetch(`${url}/fwd.v1.FwdService/${rpc}?${query}`, { headers });
          const { baggage, n } = (await answer.json()) as Answer;
          return { baggage, n, vary: answer.headers.get("vary") };
        };
        const evil = await call({ baggage: "sd-routing-key=evil", traceparent: "00-1" });
        const others = await call({ traceparent: "00-2" });
        const again = await call({ traceparent: "00-3" });
        answers[rpc] = [evil.baggage, others.baggage, again.n === others.n, evil.vary?.split(", ").includes("baggage")];
      }
      return answers;
    },
    { server: "fwd", normal },
  );
  process.stdout.write(`${described("baggage of a client", outcome)}\n`);
  const kept = ["sd-routing-key=evil", undefined, true];
  // Call has no `http_cache`, so that it is `no-store`.
  expect(outcome.result).toEqual({ Call: [...kept, undefined], Whole: [...kept, true] });
  expectUnharmed(outcome);
});
