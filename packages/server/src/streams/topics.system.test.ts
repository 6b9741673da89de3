// Rpcs that follow a topic in a real nats-server with an account: by several servers, to clients that are not ours.
// Holds docs/runtime.md#topics
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { systemClock } from "@protobff/runtime/internal/clock";
import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { openTopics } from "@protobff/runtime/internal/environment/open-topics";
import { streamEndpoint } from "@protobff/runtime/internal/stream/endpoint";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { StreamService } from "@protobff/runtime/internal/testing/test-streams";
import { Topic, topicSource } from "@protobff/runtime/internal/topic/topic";
import { EventSource } from "eventsource";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";

const SUBJECT = "runs.{key}.events";
const USE = { name: "run", subject: SUBJECT, jetstream: "RUNS", call: false };

/** A server whose rpc follows the topic by the request's text; what it answers is the item's text. */
async function bff(environment: Record<string, string>) {
  const faults: string[] = [];
  const topics = await openTopics([USE], {
    environment,
    fault: (what, cause) => faults.push(cause === undefined ? what : `${what}: ${cause}`),
  });
  const decode = (bytes: Uint8Array): { text: string } => ({ text: Buffer.from(bytes).toString() });
  const app = {
    run: new Topic({ ...USE, call: undefined, keep: 8, decode, until: ({ text }) => text === "last" }, topics),
  };
  const follow = streamEndpoint(StreamService.method.follow, app, {
    timeoutMs: 5_000,
    source: topicSource(app.run, (_cx, { fileName }) => fileName),
    compose: async (_cx, _args, { text }: { text: string }) => create(SourceContextSchema, { fileName: text }),
  });
  const server = await listen([follow], { services: [StreamService] });
  const close = async (): Promise<void> => {
    await server.close(1_000);
    await topics.close();
  };
  onTestFinished(close);
  return { url: server.url, topic: app.run, faults, close };
}

describe("RPCs that follow a topic in NATS", { timeout: 60_000 }, () => {
  test("a follower resumes at another server behind its token, over gRPC and Connect, and ends with the topic", async () => {
    const nats = await startNats("--user", "bff", "--pass", "s3cret%");
    await nats.start();
    const admin = await nats.admin({ user: "bff", pass: "s3cret%" });
    await admin.add("RUNS");
    for (let n = 1; n <= 20; n++) await admin.js.publish("runs.a.events", `${n}`);
    const NATS_URL = nats.url.replace("//", "//bff:s3cret%25@");
    const [firstProcess, secondProcess] = [
      await bff({ NATS_URL }),
      await bff({ NATS_URL: nats.url, NATS_USER: "bff", NATS_PASSWORD: "s3cret%" }),
    ];
    const first = createClient(StreamService, createGrpcTransport({ baseUrl: firstProcess.url }));
    const messages: string[] = [];
    let token = "";
    const following = (async () => {
      for await (const { fileName } of first.follow({ fileName: "a" })) messages.push(fileName);
    })().catch((error: unknown) => {
      token = ConnectError.from(error).metadata.get("bff-resume") ?? "";
    });
    await until(() => messages.length === 20);
    await firstProcess.close(); // it says where to go on
    await following;
    expect(token).not.toBe("");
    await admin.js.publish("runs.a.events", "21");
    await admin.js.publish("runs.a.events", "last");
    const second = createClient(
      StreamService,
      createConnectTransport({ baseUrl: secondProcess.url, httpVersion: "2" }),
    );
    for await (const { fileName } of second.follow({ fileName: "a" }, { headers: { "bff-resume": token } }))
      messages.push(fileName);
    expect(messages).toEqual([...Array.from({ length: 21 }, (_, i) => `${i + 1}`), "last"]);
    expect(secondProcess.topic.state).toMatchObject({ followers: 0, keys: 0, consumers: 0 });
    await until(async () => (await admin.consumers("RUNS")) === 0);
  });
  test("an EventSource follows through a killed NATS server", async () => {
    const nats = await startNats();
    await nats.start();
    const admin = await nats.admin();
    await admin.add("RUNS");
    const server = await bff({ NATS_URL: nats.url });
    const query = `encoding=json&message=${encodeURIComponent('{"fileName":"b"}')}`;
    const source = new EventSource(`${server.url}/streams.v1.StreamService/Follow?${query}`);
    onTestFinished(() => source.close());
    const messages: string[] = [];
    source.onmessage = ({ data }) => messages.push(JSON.parse(data).fileName);
    await admin.js.publish("runs.b.events", "1");
    await until(() => messages.length === 1);
    await nats.stop();
    await until(() => server.faults.length === 1);
    await nats.start();
    await until(() => admin.js.publish("runs.b.events", "2"));
    await until(() => messages.at(-1) === "2");
    expect(messages).toEqual(["1", "2"]);
  });
  test("a wrong token is reported", async () => {
    const nats = await startNats("--user", "bff", "--pass", "right");
    await nats.start();
    const server = await bff({ NATS_URL: nats.url, NATS_TOKEN: "wrong" });
    await until(() => server.faults[0]);
    expect(server.faults).toEqual([expect.stringMatching(/^NATS cannot be reached.*: AuthorizationError/)]);
  });
  test("NATS_CA verifies the TLS server, and NATS_CERT authenticates the BFF", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bff-nats-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
    execFileSync("openssl", [...args, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    const nats = await startNats("--tlsverify", "--tlscert", cert, "--tlskey", key, "--tlscacert", cert);
    await nats.start();
    const url = nats.url.replace("nats:", "tls:");
    const stranger = await bff({ NATS_URL: url, NATS_CA: cert });
    await until(() => stranger.faults[0]);
    const server = await bff({ NATS_URL: url, NATS_CA: cert, NATS_CERT: cert, NATS_KEY: key });
    const client = createClient(StreamService, createGrpcTransport({ baseUrl: server.url }));
    const follow = async (): Promise<void> => {
      for await (const _ of client.follow({ fileName: "a" })) break;
    };
    // The server has logged in, because it has found out that the stream is missing.
    await expect(follow()).rejects.toThrow("unavailable");
    expect(server.faults).toEqual(["the JetStream stream RUNS is not there; topics need it, and no server makes it"]);
  });
  test("the NATS client is not loaded unless configured", async () => {
    const { configureTopics } = await import("@protobff/runtime/internal/environment/open-topics");
    const faults: ConfigFault[] = [];
    const spec = await configureTopics([{ ...USE, call: true }], new EnvReader({}, faults), () => Buffer.alloc(0));
    await spec?.open({ clock: systemClock, fault: () => {} });
    const script = `
      const { openTopics } = await import("${new URL("../../../../runtime/src/environment/open-topics.ts", import.meta.url)}");
      await openTopics([${JSON.stringify({ ...USE, call: true })}], { environment: {}, fault() {} });
      const { Module } = await import("node:module");
      console.log(Object.keys(Module._cache).filter((path) => path.includes("nats")).length);`;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect([faults, printed.trim()]).toEqual([[], "0"]);
  });
});
