// The servers and files beside the upstreams of a row, each with the variables that name it.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { create, type DescMessage, type Registry, toBinary } from "@bufbuild/protobuf";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { initPostgres, startPostgres } from "@protobff/runtime/internal/testing/postgres";
import { startRedis } from "@protobff/runtime/internal/testing/redis-rig";
import pg from "pg";
import { onTestFinished } from "vitest";
import type { Bff } from "./bff.ts";
import type { Need } from "./parts.ts";

export type Env = Readonly<Record<string, string>>;

/** Starts what a BFF needs, until the test ends. */
export async function serversOf(bff: Bff, folder: string, registry: Registry): Promise<Env> {
  const env: Record<string, string> = {};
  if (bff.needs.has("redis")) env.REDIS_URL = (await startRedis()).url;
  if (bff.needs.has("state redis")) env.BFF_STATE_REDIS_URL = (await startRedis()).url;
  // A database replaces a file.
  if (bff.needs.has("sql")) env.DATABASE_URL = await database();
  else if (bff.needs.has("store")) env.BFF_STORE_FILE = join(folder, "store.db");
  if (bff.needs.has("signing key")) {
    env.BFF_IDENTITY_KEY_FILES = join(folder, "signing.pem");
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(env.BFF_IDENTITY_KEY_FILES, privateKey.export({ type: "pkcs8", format: "pem" }));
  }
  if (bff.needs.has("nats")) Object.assign(env, await nats(bff, registry));
  if (bff.needs.has("tls")) {
    const { authority, server } = certificates();
    Object.assign(env, { TLS_CERT_FILE: server.cert, TLS_KEY_FILE: server.key });
    if (bff.needs.has("client authority")) env.TLS_CLIENT_CA_FILE = authority;
  }
  return env;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}
interface Certificates {
  readonly folder: string;
  readonly authority: string;
  readonly server: Pair;
  readonly client: Pair;
}
let made: Certificates | undefined;
/** Files of an authority and of two certificates, for all rows. */
function certificates(): Certificates {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), "bff-pairs-tls-"));
  const openssl = (...args: readonly string[]): void =>
    void execFileSync("openssl", [...args], { cwd: folder, stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "60"];
  openssl("req", "-x509", ...curve, "-subj", "/CN=pairs", "-keyout", "ca.key", "-out", "ca.pem");
  const pair = (name: string, names: string): Pair => {
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", `subjectAltName=${names}`];
    openssl(
      "req",
      "-x509",
      ...curve,
      "-subj",
      `/CN=${name}`,
      ...signed,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
    );
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  made = {
    folder,
    authority: join(folder, "ca.pem"),
    server: pair("server", "DNS:localhost,IP:127.0.0.1"),
    client: pair("client", `DNS:${CLIENT_NAMES[0]},URI:${CLIENT_NAMES[1]}`),
  };
  return made;
}
/** Names in the certificate of the client. */
export const CLIENT_NAMES = ["gateway.shop.example", "spiffe://shop.example/ns/web"] as const;

/**
 * Returns an address without TLS that leads to a server with it, so that clients of each protocol need no
 * certificates.
 */
export async function tunnelTo(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { client } = certificates();
  const secret = { cert: readFileSync(client.cert), key: readFileSync(client.key), rejectUnauthorized: false };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket
      .once("error", () => {})
      .once("data", (first: Buffer) => {
        socket.pause();
        const protocol = first.subarray(0, 3).equals(Buffer.from("PRI")) ? "h2" : "http/1.1";
        const options = { host: "127.0.0.1", port: Number(port), ALPNProtocols: [protocol], ...secret };
        const secured = connect(options).once("error", () => {});
        sockets.add(secured);
        secured.write(first);
        for (const [near, far] of [
          [socket, secured],
          [secured, socket],
        ] as const)
          near.on("close", () => far.destroy());
        socket.pipe(secured).pipe(socket);
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://${hostname}:${(server.address() as AddressInfo).port}`;
}

let postgres: Promise<{ readonly port: number; readonly end: () => Promise<void> }> | undefined;
/** Returns an empty database of one server for all rows. */
async function database(): Promise<string> {
  postgres ??= startedPostgres();
  const { port } = await postgres;
  const name = `pairs_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Client(`postgres://bff@127.0.0.1:${port}/postgres`);
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  return `postgres://bff@127.0.0.1:${port}/${name}`;
}
async function startedPostgres() {
  const folder = mkdtempSync(join(tmpdir(), "bff-pairs-sql-"));
  const port = await freePort();
  initPostgres(folder);
  const child = await startPostgres(folder, port);
  const end = async (): Promise<void> => {
    child.kill("SIGQUIT");
    if (child.exitCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, end };
}

/** Ends what all rows share. */
export async function endShared(): Promise<void> {
  await (await postgres)?.end();
  if (made !== undefined) rmSync(made.folder, { recursive: true });
  postgres = undefined;
  made = undefined;
}

const SECRET = "0123456789";
/** How nats-server demands a login, how its own client gives one, and the variables of a BFF beside those of its level. */
const LOGINS: Readonly<Partial<Record<Need, () => { args: readonly string[]; client: object; env: Env }>>> = {
  "nats with a token": () => ({ args: ["--auth", SECRET], client: { token: SECRET }, env: {} }),
  "nats with a password": () => ({
    args: ["--user", "bff", "--pass", SECRET],
    client: { user: "bff", pass: SECRET },
    env: {},
  }),
  "nats with certificates": () => {
    const { authority, server, client } = certificates();
    return {
      args: ["--tlsverify", "--tlscert", server.cert, "--tlskey", server.key, "--tlscacert", authority],
      client: { tls: { caFile: authority, certFile: client.cert, keyFile: client.key } },
      env: { NATS_CA: authority, NATS_CERT: client.cert, NATS_KEY: client.key },
    };
  },
};

/** Starts NATS with streams of items, with the events of these that rows follow, and of usage. */
async function nats({ needs, proto }: Bff, registry: Registry): Promise<Env> {
  const [login] = Object.entries(LOGINS).flatMap(([need, of]) => (needs.has(need as Need) ? [of()] : []));
  const started = await startNats(...(login?.args ?? []));
  await started.start();
  const { add, js } = await started.admin(login?.client);
  await add("ITEMS");
  await add("USAGE");
  if (proto.includes(`jetstream: "ITEMS" keep`)) {
    const type = registry.getMessage("shop.v1.ItemEvent") as DescMessage;
    for (const id of FOLLOWED)
      for (const position of [1n, 2n]) {
        const event = create(type, { id, position, last: position === 2n } as never);
        await js.publish(`items.${id}.events`, toBinary(type, event));
      }
  }
  return { NATS_URL: started.url, ...login?.env };
}
/** Keys that the script of a row follows. */
const FOLLOWED = ["a", "game", "new0", "new1"];
