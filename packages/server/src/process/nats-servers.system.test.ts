// Topics in NATS as it is run: accounts of an operator with files of credentials, and three servers of which one dies.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credsAuthenticator, nkeys } from "@nats-io/transport-node";
import { openTopics } from "@protobff/runtime/internal/environment/open-topics";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { Topic } from "@protobff/runtime/internal/topic/topic";
import { describe, expect, onTestFinished, test } from "vitest";

const USE = { name: "run", subject: "runs.{key}.events", jetstream: "RUNS", call: false };
const decode = (bytes: Uint8Array): number => Number(Buffer.from(bytes).toString());

/** A topic as a server opens it, and what a follower of one key hears. */
async function opened(environment: Record<string, string>) {
  const faults: string[] = [];
  const topics = await openTopics([USE], {
    environment,
    fault: (what, cause) => faults.push(cause === undefined ? what : `${what}: ${cause}`),
  });
  onTestFinished(() => topics.close());
  const topic = new Topic<number>({ ...USE, call: undefined, keep: 64, decode }, topics);
  const follow = (key: string) => {
    const numbers: number[] = [];
    const resets: number[] = [];
    const ends: unknown[] = [];
    const source = topic.follow(key, undefined, false, {
      item(item, { reset }) {
        numbers.push(item);
        if (reset) resets.push(item);
        source.next();
      },
      ended: () => ends.push("ended"),
      failed: (failure) => ends.push(failure.message),
    });
    source.next();
    return { numbers: numbers, resets, ends, leave: () => source.cancel() };
  };
  return { faults, topic, follow };
}
function folderOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe("NATS with an operator", { timeout: 60_000 }, () => {
  type Keys = ReturnType<typeof nkeys.createUser>;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  /** A JWT of NATS: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt */
  function signed(by: Keys, sub: string, name: string, nats: object): string {
    const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
    const iat = Math.floor(Date.now() / 1000);
    const claims = { jti: name, iat, iss: by.getPublicKey(), name, sub, nats: { version: 2, ...nats } };
    const body = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded(claims)}`;
    return `${body}.${Buffer.from(by.sign(Buffer.from(body))).toString("base64url")}`;
  }
  /** As `nsc generate creds` writes it. */
  function credsOf(account: Keys, permissions: object = {}): Uint8Array {
    const user = nkeys.createUser();
    const open = { subs: -1, data: -1, payload: -1 };
    const jwt = signed(account, user.getPublicKey(), "bff", { type: "user", ...open, ...permissions });
    return Buffer.from(`-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${text(user.getSeed())}
------END USER NKEY SEED------

*************************************************************
`);
  }
  async function operated() {
    const folder = folderOf("bff-nats-operator-");
    const operator = nkeys.createOperator();
    const [shop, system] = [nkeys.createAccount(), nkeys.createAccount()];
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const accountOf = (account: Keys, more: object): string =>
      `${account.getPublicKey()}: ${signed(operator, account.getPublicKey(), "account", { type: "account", limits: { ...limits, ...more } })}`;
    const config = join(folder, "nats.conf");
    writeFileSync(
      config,
      `operator: ${signed(operator, operator.getPublicKey(), "operator", { type: "operator" })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${accountOf(shop, storage)}
  ${accountOf(system, {})}
}
`,
    );
    const nats = await startNats("-c", config);
    await nats.start();
    const file = (name: string, creds: Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, creds);
      return path;
    };
    const credentials = credsOf(shop);
    const admin = await nats.admin({ authenticator: credsAuthenticator(credentials) });
    await admin.add("RUNS");
    return { nats, admin, shop, file, credentials: credentials };
  }

  test("a file of credentials authenticates, and its documented permissions suffice for following", async () => {
    const { nats, admin, shop, file } = await operated();
    // What docs/deploying.md says that a BFF needs.
    const allowed = [
      "$JS.API.STREAM.INFO.RUNS",
      "$JS.API.CONSUMER.CREATE.RUNS.>",
      "$JS.API.CONSUMER.INFO.RUNS.>",
      "$JS.API.CONSUMER.MSG.NEXT.RUNS.>",
      "$JS.API.CONSUMER.DELETE.RUNS.>",
      "$JS.API.DIRECT.GET.RUNS",
      "$JS.API.DIRECT.GET.RUNS.>",
    ];
    const NATS_CREDS = file("bff.creds", credsOf(shop, { pub: { allow: allowed }, sub: { allow: ["_INBOX.>"] } }));
    for (let n = 1; n <= 20; n++) await admin.js.publish("runs.a.events", `${n}`);
    const { follow, faults } = await opened({ NATS_URL: nats.url, NATS_CREDS });
    const { numbers, ends, leave } = follow("a");
    await until(() => numbers.length === 20);
    await admin.js.publish("runs.a.events", "21");
    await until(() => numbers.length === 21);
    expect([numbers, ends, faults]).toEqual([upTo(21), [], []]);
    leave();
    await until(async () => (await admin.consumers("RUNS")) === 0);
  });
  test("credentials of another operator's account are refused", async () => {
    const { nats, file } = await operated();
    const NATS_CREDS = file("other.creds", credsOf(nkeys.createAccount()));
    const { faults } = await opened({ NATS_URL: nats.url, NATS_CREDS });
    await until(() => faults[0]);
    expect(faults).toEqual([expect.stringMatching(/^NATS cannot be reached.*: AuthorizationError/)]);
  });
});

/** An election, and a consumer that is found to be dead, take their time. */
const LONG_MS = 60_000;

describe("a cluster of three servers", { timeout: 180_000 }, () => {
  test("one server may stop, even the stream's leader: each event arrives once and in order at every follower", async () => {
    const names = ["one", "two", "three"];
    const routes = await Promise.all(names.map(() => freePort()));
    const all = await Promise.all(
      names.map((name, i) =>
        startNats(
          ...["-n", name, "--cluster_name", "runs", "--cluster", `nats://127.0.0.1:${routes[i]}`],
          ...["--routes", routes.map((port) => `nats://127.0.0.1:${port}`).join(",")],
        ),
      ),
    );
    await Promise.all(all.map((nats) => nats.start()));
    const servers = all.map(({ url }) => url);
    const [first] = all;
    if (first === undefined) throw new Error("three");
    const admin = await until(() => first.admin({ servers }), LONG_MS); // JetStream has no leader at first
    await until(() => admin.add("RUNS", { num_replicas: 3 }), LONG_MS);
    const publish = (n: number) => until(() => admin.js.publish("runs.a.events", `${n}`, { msgID: `${n}` }), LONG_MS);
    // One follower at each server, as that of its own; it knows of the others.
    const followers = await Promise.all(
      servers.map(async (_, i) => {
        const { follow, topic, faults } = await opened({
          NATS_URL: [...servers.slice(i), ...servers.slice(0, i)].join(","),
        });
        return { ...follow("a"), topic, faults };
      }),
    );
    for (let n = 1; n <= 20; n++) await publish(n);
    await until(() => followers.every(({ numbers }) => numbers.length === 20));
    const { cluster } = await admin.jsm.streams.info("RUNS");
    const leader = names.indexOf(cluster?.leader ?? "");
    expect(leader).toBeGreaterThanOrEqual(0);
    await all[leader]?.stop();
    for (let n = 21; n <= 40; n++) await publish(n);
    await until(() => followers.every(({ numbers }) => numbers.length >= 40), LONG_MS);
    await all[leader]?.start();
    for (let n = 41; n <= 50; n++) await publish(n);
    await until(() => followers.every(({ numbers }) => numbers.length >= 50), LONG_MS);
    for (const { numbers, resets, ends } of followers)
      expect({ numbers, resets, ends }).toEqual({ numbers: upTo(50), resets: [], ends: [] });
    for (const { leave } of followers) leave();
    for (const { topic } of followers) expect(topic.state).toMatchObject({ followers: 0, keys: 0, consumers: 0 });
  });
});
