import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry } from "@bufbuild/protobuf";
import type { StringValue } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Code as FailureCode, refusal } from "@protobff/runtime/internal/failure";
import { StreamService, type TestFollower, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ListenOptions, listen } from "../listen.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import { KnownCallers } from "./known-callers.ts";
import { MASK } from "./page-data.ts";
import { TryIt } from "./try-it.ts";

const ECHO = "echo.v1.EchoService/Echo";
const METHODS = new Map([[ECHO, EchoService.method.echo]]);

async function opened(options: ListenOptions = {}, answer?: (request: StringValue) => Promise<StringValue>) {
  const server = await listen([echoEndpoint(answer)], options);
  onTestFinished(() => server.close(0));
  return new TryIt(METHODS, createRegistry(EchoService), () => server.url);
}
const echo = (text: string) => ({ rpc: ECHO, body: JSON.stringify(text), headers: [] });

it("a request reaches a server on all addresses, and a server with TLS whatever its certificate", async () => {
  const folder = mkdtempSync(join(tmpdir(), "try-it-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=other.example", "-days", "1"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", ...subject];
  execFileSync("openssl", [...made, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  for (const options of [{ host: "0.0.0.0" }, { host: "0.0.0.0", tls }]) {
    const tried = await (await opened(options)).send(echo("a"));
    expect([tried.status, JSON.parse(tried.body)]).toEqual([200, "a"]);
  }
});

it("details of an error are hidden, and the reason of an unreachable server is shown", async () => {
  const detail = { type: "echo.v1.Secret", value: Buffer.from("s3cret") };
  const refusing = await opened({}, async () => {
    const error = new ConnectError("no", Code.NotFound);
    error.details.push(detail);
    throw error;
  });
  const { status, body } = await refusing.send(echo("a"));
  expect(status).toBe(404);
  expect(JSON.parse(body).code).toBe("not_found");
  expect(JSON.parse(body).details).toEqual([{ type: detail.type, value: MASK }]);
  const gone = new TryIt(METHODS, createRegistry(EchoService), () => "http://127.0.0.1:1");
  await expect(gone.send(echo("a"))).rejects.toThrow("ECONNREFUSED");
  const starting = new TryIt(METHODS, createRegistry(EchoService), () => undefined);
  await expect(starting.send(echo("a"))).rejects.toThrow("the server is still starting");
});

it("concurrent requests and the size of an answer are limited", async () => {
  const released = Promise.withResolvers<void>();
  const held = await opened({}, async (request) => {
    await released.promise;
    return { ...request, value: request.value.repeat(2) };
  });
  const running = Array.from({ length: 8 }, (_, i) => held.send(echo(`${i}`)));
  await expect(held.send(echo("9"))).rejects.toThrow("8 requests are running already");
  released.resolve();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(new Array(8).fill(200));
  expect((await held.send(echo("again"))).status).toBe(200);
  await expect(held.send(echo("a".repeat(1 << 19)))).rejects.toThrow("the answer has more than 1048576 bytes");
});

it("the headers of the answer are shown", async () => {
  const { headers } = await (await opened()).send({ ...echo("a"), headers: [["x-request-id", "r1"]] });
  expect(headers).toContainEqual(["x-request-id", "r1"]);
  expect(JSON.stringify(headers)).not.toContain(MASK);
});

describe("a request as a named caller", () => {
  /** An address that answers with a text. */
  async function telling(text: string, status = 200, headers: Record<string, string> = {}): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status, headers).end(text));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const ADA = [{ as: "ada", header: "authorization", value: "Bearer s3cret" }];
  /** Returns the headers that a new server receives. */
  async function called(list: string) {
    let came: IncomingHttpHeaders = {};
    const server = createServer((request, response) => {
      came = request.headers;
      response.end('""');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tryIt = new TryIt(METHODS, createRegistry(EchoService), () => address, new KnownCallers(await telling(list)));
    return { tryIt, came: () => came };
  }

  it("a request uses the caller's credential, which the page never sees", async () => {
    const { tryIt, came } = await called(JSON.stringify(ADA));
    const tried = await tryIt.send({ ...echo("a"), as: "ada" });
    expect(came().authorization).toBe("Bearer s3cret");
    expect(JSON.stringify(tried)).not.toContain("s3cret");
    await tryIt.send(echo("a"));
    expect(came().authorization).toBeUndefined();
  });
  it("a request with an unknown caller, or with two, is refused", async () => {
    const { tryIt } = await called(JSON.stringify(ADA));
    await expect(tryIt.send({ ...echo("a"), as: "bob" })).rejects.toThrow('the caller "bob" does not exist any more');
    await expect(tryIt.send({ ...echo("a"), as: 1 })).rejects.toThrow("who calls is a name");
    const twice = { ...echo("a"), headers: [["Authorization", "Bearer x"]], as: "ada" };
    await expect(tryIt.send(twice)).rejects.toThrow(
      "authorization identifies a caller already: remove it, or choose no caller",
    );
  });
  it.each([
    ["", 200, "what came is no JSON"],
    ['[{"value": "Bearer s3cret}]', 200, /^what came is no JSON$/],
    ['{"as": "ada"}', 200, "what came is no list of callers"],
    ['[{"as": "ada"}]', 200, "what came is no list of callers"],
    [JSON.stringify(Array(501).fill(ADA[0])), 200, "what came is no list of callers"],
    [" ".repeat((1 << 20) + 1), 200, "what came has more than 1048576 bytes"],
    ["principals.json is no JSON", 400, "principals.json is no JSON"],
    ["", 302, "fetch failed"],
  ])("the callers %.20j with status %d are refused", async (text, status, why) => {
    const known = new KnownCallers(
      await telling(text, status, status === 302 ? { location: "http://127.0.0.1:1/" } : {}),
    );
    await expect(known.names()).rejects.toThrow(why);
  });
  it("the list of callers is empty without a source", async () => {
    expect(await new KnownCallers(undefined).names()).toEqual([]);
  });
});

describe("a streaming RPC", () => {
  const FOLLOW = "streams.v1.StreamService/Follow";
  async function followed(begin: (follower: TestFollower) => void) {
    const stream = testStream(begin);
    const server = await listen([stream]);
    onTestFinished(() => server.close(0));
    const methods = new Map([[FOLLOW, stream.method]]);
    const tried = await new TryIt(methods, createRegistry(StreamService), () => server.url).send({
      rpc: FOLLOW,
      body: JSON.stringify({ fileName: "what" }),
      headers: [],
    });
    return { stream, tried };
  }
  const shown = (name: string): string => JSON.stringify({ fileName: name }, undefined, 2);

  it("the messages are shown until the end", async () => {
    const { tried, stream } = await followed((it) => {
      it.follower.opened(undefined);
      it.item("a");
      it.item("b");
      it.follower.ended(undefined);
    });
    expect([tried.status, tried.body]).toEqual([200, `${shown("a")}\n${shown("b")}\n… and that was the end`]);
    expect(stream.followers.map(({ text }) => text)).toEqual(["what"]);
  });
  it("the stream is cancelled after twenty messages", async () => {
    const { tried, stream } = await followed((it) => {
      it.follower.opened(undefined);
      for (let i = 0; i < 25; i++) it.item(`${i}`);
    });
    const names = Array.from({ length: 20 }, (_, i) => shown(`${i}`));
    expect(tried.body).toBe(`${names.join("\n")}\n… and so on`);
    await stream.followers[0]?.cancelled;
  });
  it("the failure of a stream is shown", async () => {
    const { tried } = await followed((it) => {
      it.follower.opened(undefined);
      it.item("a");
      it.follower.failed(refusal(FailureCode.NOT_FOUND, "no such run"), undefined, undefined);
    });
    const error = JSON.stringify({ code: "not_found", message: "no such run" }, undefined, 2);
    expect(tried.body).toBe(`${shown("a")}\n${error}`);
  });
});
