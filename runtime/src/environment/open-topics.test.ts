// Holds docs/runtime.md#topics
import { describe, expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import type { OpenCall } from "../topic/shared-call.ts";
import { Topic } from "../topic/topic.ts";
import { type ConfigFault, EnvReader } from "./env-reader.ts";
import { configureTopics, openTopics, type TopicUse } from "./open-topics.ts";

const RUN: TopicUse = { name: "run", subject: "runs.{key}.events", jetstream: "RUNS", call: true };
const ONLY: TopicUse = { name: "only", subject: "only.{key}", jetstream: "ONLY", call: false };

const CREDS = `-----BEGIN NATS USER JWT-----
e30.e30.AA
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
SU
------END USER NKEY SEED------
`;

async function configured(environment: Record<string, string>, topics: readonly TopicUse[] = [ONLY], mocked = false) {
  const faults: ConfigFault[] = [];
  const readFile = (path: string): Buffer => {
    if (path === "missing") throw new Error("no such file");
    return Buffer.from(path === "creds" ? CREDS : `what ${path} has`);
  };
  const spec = await configureTopics(topics, new EnvReader(environment, faults), readFile, mocked);
  return { spec, faults: faults.map(({ variable, problem }) => `${variable} ${problem}`) };
}

describe("topics of a server", () => {
  test("each topic needs a call or mocks if NATS is not configured", async () => {
    expect((await configured({})).faults).toEqual(["NATS_URL is not set, and topics without a call need it (only)"]);
    expect((await configured({}, [RUN, ONLY])).faults).toEqual((await configured({})).faults);
    expect((await configured({}, [RUN])).faults).toEqual([]);
    expect((await configured({}, [ONLY], true)).faults).toEqual([]);
    expect((await configured({}, [])).faults).toEqual([]);
  });
  test("topics followed through their calls are reported once", async () => {
    const { spec } = await configured({}, [RUN, ONLY], true);
    const faults: string[] = [];
    const parts = { clock: systemClock, fault: (what: string) => faults.push(what) };
    await spec?.open(parts);
    await spec?.open({ ...parts, first: false });
    expect(faults).toEqual([
      "topics are followed through their calls (run): each process stores the items that arrived since its first follower; set NATS_URL",
    ]);
  });
  test("topics with a call are followed through it; topics without a call are in memory", async () => {
    const { spec } = await configured({}, [RUN, ONLY], true);
    if (spec === undefined) throw new Error("no spec");
    const topics = await spec.open({ clock: systemClock, fault: () => {} });
    const keys: string[] = [];
    const open: OpenCall<string> = (_cx, key, _opened, _resume, items) => {
      keys.push(key);
      queueMicrotask(() => items.ended());
      return { next() {}, cancel() {} };
    };
    const spare = { decode: () => "", keep: 1 };
    const run = new Topic<string>({ ...RUN, ...spare, call: { method: "a.B/C", open } }, topics);
    const only = new Topic<string>({ ...ONLY, ...spare, call: undefined }, topics);
    const end = Promise.withResolvers<void>();
    const items = { item() {}, failed: end.reject, ended: () => end.resolve() };
    run.follow("k", undefined, false, items).next();
    only.follow("k", undefined, false, { ...items, ended() {} }).next();
    await end.promise;
    expect(keys).toEqual(["k"]);
    await topics.close();
  });
  test.each([
    ["localhost:4222", "NATS_URL is no address with nats:// or tls://"],
    ["nats://", "NATS_URL is no address with nats:// or tls://"],
    ["nats://a:4222,http://b", "NATS_URL is no address with nats:// or tls://"],
    ["nats://a:4222/x", "NATS_URL has more in it than user, password, host and port"],
    ["nats://secret@a?x", "NATS_URL has more in it than user, password, host and port"],
  ])("%s is refused, without being repeated", async (NATS_URL, fault) => {
    expect(await configured({ NATS_URL })).toEqual({ spec: undefined, faults: [fault] });
  });
  test("topics accept one way of authentication, with readable files", async () => {
    const NATS_URL = "nats://u:p@127.0.0.1:4222";
    expect((await configured({ NATS_URL, NATS_TOKEN: "t", NATS_CREDS: "creds" })).faults).toEqual([
      "NATS_URL has several ways to be let in (NATS_CREDS, NATS_TOKEN, a user in NATS_URL)",
    ]);
    expect((await configured({ NATS_URL: "nats://127.0.0.1:4222", NATS_CREDS: "words" })).faults).toEqual([
      "NATS_CREDS names a file without a JWT and a seed in it",
    ]);
    expect((await configured({ NATS_URL, NATS_PASSWORD: "t" })).faults).toEqual([
      "NATS_PASSWORD is set, but NATS_USER is not",
    ]);
    expect((await configured({ NATS_URL, NATS_CA: "missing", NATS_KEY: "k" })).faults).toEqual([
      "NATS_CA cannot be read (no such file)",
      "NATS_CERT is not set, but NATS_KEY is",
    ]);
    expect((await configured({ NATS_URL })).faults).toEqual([]);
    // Variables that are not needed are not read.
    expect((await configured({ NATS_URL: "x" }, [])).faults).toEqual([]);
  });
  test("the topics of a custom server are opened, or their fault is thrown", async () => {
    const wrong = openTopics([ONLY], { environment: { NATS_URL: "x" } });
    await expect(wrong).rejects.toThrow(
      /^the topics cannot be opened: NATS_URL is no address .*; write addresses like/,
    );
    const topics = await openTopics([], { environment: {} });
    expect(() => new Topic({ ...ONLY, keep: 1, decode: () => ({}), call: undefined }, topics)).toThrow("needs NATS");
    await topics.close();
  });
});
