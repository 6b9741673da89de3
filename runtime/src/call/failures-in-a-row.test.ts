// Holds docs/runtime.md#breakers
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import type { AddressState } from "../observer-upstreams.ts";
import { FakeClient, type Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { RETRY, singleCall } from "../testing/front.ts";

const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1 };
const rare = (options: Parameters<typeof singleCall>[0] = {}) =>
  singleCall({ ...options, policy: { breaker: BREAKER, ...options.policy } });
type Rare = ReturnType<typeof rare>;
type Answer = (sent: Sent) => void;

const failing: Answer = (sent) => sent.fault(Code.UNAVAILABLE);
const broken: Answer = (sent) => sent.fault(Code.INTERNAL, { kind: "transport" });

/** Makes calls one after the other, each answered so. Returns the changes of the breaker's state. */
async function play({ client, get, states }: Rare, ...answers: readonly Answer[]): Promise<readonly string[]> {
  for (const answer of answers) {
    client.answer = answer;
    await get("a").answer;
  }
  return states;
}
const times = (count: number, answer: Answer): readonly Answer[] => Array.from({ length: count }, () => answer);

describe("failures in a row", () => {
  test("with one request a second and a timeout of 300 ms, the sixth is refused at once", async () => {
    const all = rare({ call: { timeoutMs: 300 } });
    const reasons: (Reason | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      const { answer } = all.get("hangs");
      if (i < 5) await all.clock.advance(1_000);
      reasons.push((await answer).failure?.reason);
    }
    expect(reasons).toEqual([...Array.from({ length: 5 }, () => Reason.TIMEOUT), Reason.BREAKER_OPEN]);
    expect(all.client.sent.length).toBe(5);
    all.client.answer = (sent) => sent.thing();
    await all.clock.advance(5_000);
    await all.get("probe").answer;
    expect(all.states).toEqual(["open", "half-open", "closed"]);
  });
  test.each([
    ["UNAVAILABLE", failing],
    ["a transport fault", broken],
    ["a second refusal of the stream", (sent: Sent) => sent.fault(Code.UNAVAILABLE, { kind: "unprocessed" })],
  ])("%s counts", async (_, answer) => {
    const all = rare();
    expect(await play(all, ...times(4, answer))).toEqual([]);
    expect(await play(all, answer)).toEqual(["open"]);
  });
  test.each([3, 1])("the number is that of the policy: %i", async (consecutive) => {
    const all = rare({ policy: { breaker: { ...BREAKER, consecutive } } });
    expect(await play(all, ...times(consecutive - 1, failing))).toEqual([]);
    expect(await play(all, failing)).toEqual(["open"]);
  });
  test("no row opens a breaker with 0", async () => {
    const all = rare({ policy: { breaker: { ...BREAKER, consecutive: 0 } } });
    expect(await play(all, ...times(19, failing))).toEqual([]);
  });
  test("the row counts only while the window has less than the minimum of samples", async () => {
    const all = rare({ policy: { breaker: { ...BREAKER, minimum: 8, errorRate: 1 } } });
    const good: Answer = (sent) => sent.thing();
    expect(await play(all, ...times(4, good), ...times(9, failing))).toEqual([]);
    await all.clock.advance(11_000);
    expect(await play(all, failing)).toEqual([]); // the row has 4 of these, of before the minimum
    const other = rare({ policy: { breaker: { ...BREAKER, minimum: 8, errorRate: 1 } } });
    expect(await play(other, good, good, ...times(5, failing))).toEqual(["open"]);
  });
  test("it counts calls, not attempts", async () => {
    const all = rare({ call: { retry: RETRY }, policy: { retryBudget: { maxTokens: 1_000, tokenRatio: 1 } } });
    all.client.answer = failing;
    for (let i = 1; i <= 5; i++) {
      expect(all.states).toEqual([]);
      const { answer } = all.get("a");
      await all.clock.advance(1_000);
      await answer;
      expect(all.client.sent.length).toBe(3 * i);
    }
    expect(all.states).toEqual(["open"]);
  });
  test("a call counts by its last attempt", async () => {
    const all = rare({ call: { retry: RETRY, timeoutMs: 300 } });
    const last: Answer = (sent) => sent.fault(sent.attempt === 1 ? Code.UNAVAILABLE : Code.INTERNAL);
    for (let i = 0; i < 6; i++) {
      // The second attempt has not had its timeout.
      all.client.answer = i % 2 === 0 ? last : (sent) => sent.attempt === 1 && failing(sent);
      const { answer } = all.get("a");
      await all.clock.advance(1_000);
      await answer;
    }
    expect(all.states).toEqual([]);
  });
  test("a call that ends between its attempts counts", async () => {
    const all = rare({ call: { retry: { ...RETRY, attempts: 9, initialMs: 400, maxMs: 400 } }, timeoutMs: 500 });
    all.client.answer = failing;
    for (let i = 0; i < 5; i++) {
      const { cancel } = all.get("a");
      await idle();
      cancel();
      await idle();
    }
    expect(all.states).toEqual(["open"]);
  });
  test("calls in flight together count once", async () => {
    const all = rare();
    for (let i = 1; i <= 5; i++) {
      const requests = ["a", "b", "c"].map((id) => all.get(id));
      for (const id of ["b", "c", "a"]) {
        expect(all.states).toEqual(i === 5 && id !== "b" ? ["open"] : []);
        all.client.of(id).fault(Code.UNAVAILABLE);
        await idle();
      }
      await Promise.all(requests.map(({ answer }) => answer));
    }
    expect(all.states).toEqual(["open"]);
  });
  test("a call under way when the breaker opens is not refused", async () => {
    const all = rare();
    const early = all.get("early");
    expect(await play(all, ...times(5, failing))).toEqual(["open"]);
    all.client.of("early").thing();
    expect((await early.answer).page?.title).toBe("early");
  });
  test.each(["INTERNAL", "UNKNOWN", "DATA_LOSS", "RESOURCE_EXHAUSTED"] as const)(
    "%s neither counts nor ends the row",
    async (code) => {
      const all = rare();
      const other: Answer = (sent) => sent.fault(Code[code]);
      expect(await play(all, ...times(4, failing), ...times(6, other))).toEqual([]);
      expect(await play(all, failing)).toEqual(["open"]);
    },
  );
  test("an answer that cannot be decoded neither counts nor ends the row", async () => {
    const all = rare();
    const garbage: Answer = (sent) => sent.bytes(Uint8Array.of(7));
    expect(await play(all, ...times(4, failing), ...times(6, garbage))).toEqual([]);
    expect(await play(all, failing)).toEqual(["open"]);
  });
  test.each([
    ["an answer", (sent: Sent) => sent.thing()],
    ["NOT_FOUND", (sent: Sent) => sent.fault(Code.NOT_FOUND)],
  ])("%s ends the row", async (_, good) => {
    const all = rare();
    expect(await play(all, ...times(4, failing), good, ...times(4, failing))).toEqual([]);
    expect(await play(all, failing)).toEqual(["open"]);
  });
  test("an answer of a call that began before the row ends it", async () => {
    const all = rare();
    const early = all.get("early");
    await play(all, ...times(4, failing));
    all.client.of("early").thing();
    await early.answer;
    expect(await play(all, ...times(4, failing))).toEqual([]);
  });
  test("timeouts without a fair time neither count nor end the row", async () => {
    const all = rare({ call: { timeoutMs: 300 } });
    await play(all, ...times(4, failing));
    all.client.answer = undefined;
    for (let i = 0; i < 6; i++) {
      const { answer } = all.get("a", { clientMs: 100 });
      await all.clock.advance(100);
      await answer;
    }
    expect(all.states).toEqual([]);
    expect(await play(all, failing)).toEqual(["open"]);
  });
  test("cancelled attempts do nothing", async () => {
    const all = rare();
    await play(all, ...times(4, failing));
    all.client.answer = undefined;
    for (let i = 0; i < 6; i++) {
      all.get("a").cancel();
      await idle();
    }
    expect(all.states).toEqual([]);
    expect(await play(all, failing)).toEqual(["open"]);
  });
  test("losers of a hedge do nothing, and hedged calls that expire count once", async () => {
    const all = rare({ call: { timeoutMs: 300, hedge: { delayMs: 50, max: 1, budget: 1 } } });
    await play(all, ...times(4, failing));
    all.client.answer = undefined;
    const won = all.get("a");
    await all.clock.advance(60);
    all.client.sent.at(-1)?.thing();
    await won.answer;
    for (let i = 0; i < 5; i++) {
      expect(all.states).toEqual([]);
      const { answer } = all.get("a");
      await all.clock.advance(1_000);
      await answer;
    }
    expect(all.states).toEqual(["open"]);
  });
  test("a failure older than 60 s is not part of the row", async () => {
    const apart = async (ms: number) => {
      const all = rare();
      for (let i = 0; i < 8; i++) {
        await play(all, failing);
        await all.clock.advance(ms);
      }
      return all.states;
    };
    expect(await apart(15_001)).toEqual([]);
    expect((await apart(15_000))[0]).toBe("open");
  });
  test("a method's breaker has its own row", async () => {
    const all = rare({ policy: { breaker: BREAKER, methods: { Get: { breaker: { ...BREAKER, consecutive: 2 } } } } });
    expect(await play(all, failing, failing)).toEqual(["test.v1.Upstream/Get open"]);
  });
  test("a probe decides alone", async () => {
    const all = rare();
    await play(all, ...times(5, failing));
    await all.clock.advance(5_000);
    expect(await play(all, (sent) => sent.thing(), ...times(4, failing))).toEqual(["open", "half-open", "closed"]);
    expect(await play(all, failing)).toEqual(["open", "half-open", "closed", "open"]);
  });
});

describe("failures in a row at several addresses", () => {
  const at = (states: Record<string, AddressState["state"]>) => {
    const client = Object.assign(new FakeClient(), {
      addresses: () => Object.entries(states).map(([address, state]) => ({ address, state, inFlight: 0 })),
    });
    const all = singleCall({ policy: { breaker: BREAKER } }, client);
    const fails = (address: string | undefined): Answer => {
      return (sent) => {
        sent.address = address;
        sent.fault(Code.UNAVAILABLE);
      };
    };
    return { all, fails };
  };
  test("failures of one address do not complete it, and those of two do", async () => {
    const { all, fails } = at({ a: "connected", b: "connected", c: "connected" });
    expect(await play(all, ...times(9, fails("a")))).toEqual([]);
    expect(await play(all, fails("b"))).toEqual(["open"]);
  });
  test("failures of all addresses that are not ejected complete it", async () => {
    const { all, fails } = at({ a: "connected", b: "ejected", c: "leaving" });
    expect(await play(all, ...times(5, fails("a")))).toEqual(["open"]);
  });
  test("failures of the only address complete it, and so do those that found no address", async () => {
    const single = at({ a: "connected" });
    expect(await play(single.all, ...times(5, single.fails("a")))).toEqual(["open"]);
    const none = at({ a: "connected", b: "idle" });
    expect(await play(none.all, ...times(5, none.fails(undefined)))).toEqual(["open"]);
  });
  test("an address that failed more than 60 s ago does not count", async () => {
    const { all, fails } = at({ a: "connected", b: "connected" });
    await play(all, fails("b"));
    await all.clock.advance(60_001);
    expect(await play(all, ...times(5, fails("a")))).toEqual([]);
  });
});
