import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry } from "@bufbuild/protobuf";
import type { StringValue } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it, onTestFinished } from "vitest";
import { type ListenOptions, listen } from "../server/listen.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import { MASK } from "./shown.ts";
import { TryIt } from "./try-it.ts";

const ECHO = "echo.v1.EchoService/Echo";
const METHODS = new Map([[ECHO, EchoService.method.echo]]);

async function opened(options: ListenOptions = {}, answer?: (request: StringValue) => Promise<StringValue>) {
  const server = await listen([echoEndpoint(answer)], options);
  onTestFinished(() => server.close(0));
  return new TryIt(METHODS, createRegistry(EchoService), () => server.url);
}
const echo = (text: string) => ({ rpc: ECHO, body: JSON.stringify(text), headers: [] });

it("reaches a server that listens on all addresses, and one with TLS, whatever its certificate is for", async () => {
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

it("shows no detail of an error, and why a server does not answer", async () => {
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

it("has room for so many at a time, and for so much of an answer", async () => {
  const released = Promise.withResolvers<void>();
  const held = await opened({}, async (request) => {
    await released.promise;
    return request;
  });
  const running = Array.from({ length: 8 }, (_, i) => held.send(echo(`${i}`)));
  await expect(held.send(echo("9"))).rejects.toThrow("8 requests are running already");
  released.resolve();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(new Array(8).fill(200));
  expect((await held.send(echo("again"))).status).toBe(200);
  await expect(held.send(echo("a".repeat(1 << 20)))).rejects.toThrow("the answer has more than 1048576 bytes");
});

it("gives the headers of the answer", async () => {
  const { headers } = await (await opened()).send({ ...echo("a"), headers: [["x-request-id", "r1"]] });
  expect(headers).toContainEqual(["x-request-id", "r1"]);
  expect(JSON.stringify(headers)).not.toContain(MASK);
});
