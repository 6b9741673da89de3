// APIs of others, mirrored: every unary rpc with copies of all of its messages, generated, strictly type-checked, served, and held against
// protobufjs, which makes and reads the messages on both sides.
import { spawn, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MethodDefinition } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedOf } from "../../../support/seed/seed.ts";
import { type Built, build } from "./build-mirror.ts";
import { FAMILIES } from "./packages.ts";
import { Client, Upstream } from "./peers.ts";
import { jsonOf, type Plain, type Random, randomMessage, randomOf, settled } from "./random.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
/** Below the repository, so that generated code finds the packages that it imports. */
const generated = join(root, `test/.generated/real-apis-${process.pid}`);
const SEED = Number(seedOf("PROTOBFF_APIS_SEED"));
/** An API that is given may be large. */
const MAX_MS = process.env.PROTOBFF_APIS === undefined ? 120_000 : 3_600_000;
const ROUNDS = Number(process.env.PROTOBFF_APIS_ROUNDS ?? 3);

type Method = MethodDefinition<Plain, Plain>;

interface Rpc {
  readonly path: string;
  readonly upstreamPath: string;
  /** protobufjs's functions for the upstream's messages, and for those of the mirror. */
  readonly upstream: Method;
  readonly mirror: Method;
  readonly desc: Built["rpcs"][number]["upstream"];
  readonly mirrorDesc: Built["rpcs"][number]["upstream"];
}

function rpcsOf(built: Built): Rpc[] {
  const at = (path: string): Method => {
    const [, service = "", method = ""] = path.split("/");
    return (built.definition[service] as Record<string, Method>)[method] as Method;
  };
  return built.rpcs.map(({ upstream, path }) => {
    const upstreamPath = `/${upstream.parent.typeName}/${upstream.name}`;
    const mirrorDesc = built.mirrored.get(path);
    if (mirrorDesc === undefined) throw new Error(`${path} is not mirrored`);
    return { path, upstreamPath, upstream: at(upstreamPath), mirror: at(path), desc: upstream, mirrorDesc };
  });
}

/** One request and one answer by one protocol. */
async function hold(rpc: Rpc, protocol: string, random: Random, upstream: Upstream, client: Client): Promise<void> {
  const request = rpc.upstream.requestSerialize(randomMessage(rpc.desc.input, random));
  upstream.answer = rpc.upstream.responseSerialize(randomMessage(rpc.desc.output, random));
  upstream.lastRequest = undefined;
  const sent = settled(rpc.desc.input, rpc.upstream.requestDeserialize(request));
  const answered = settled(rpc.desc.output, rpc.upstream.responseDeserialize(upstream.answer));
  if (protocol === "json") {
    const body = JSON.stringify(jsonOf(rpc.mirrorDesc.input, sent));
    const bytes = await client.connect(rpc.path, "json", body);
    expect(JSON.parse(bytes.toString())).toEqual(jsonOf(rpc.mirrorDesc.output, answered));
  } else {
    const bytes = await (protocol === "grpc"
      ? client.grpc(rpc.path, request)
      : client.connect(rpc.path, "proto", request));
    expect(settled(rpc.mirrorDesc.output, rpc.mirror.responseDeserialize(bytes))).toEqual(answered);
  }
  const { lastRequest } = upstream as { lastRequest: Upstream["lastRequest"] };
  expect(lastRequest?.path).toBe(rpc.upstreamPath);
  const received = rpc.upstream.requestDeserialize(lastRequest?.message ?? Buffer.alloc(0));
  expect(settled(rpc.desc.input, received)).toEqual(sent);
}

/** Its `server.ts` as a process. */
async function serve(built: Built, upstream: string): Promise<{ readonly url: string; readonly stop: () => void }> {
  const urls = built.services.map(({ typeName }) => [`${typeName.toUpperCase().replaceAll(".", "_")}_URL`, upstream]);
  const child = spawn(process.execPath, [built.server], {
    env: { ...process.env, ...Object.fromEntries(urls), HOST: "127.0.0.1", PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.on("exit", () => reject(new Error(`the server has ended: ${stderr.slice(0, 2_000)}`)));
    child.stdout.on("data", (text: Buffer) => {
      const line = /listening on (\S+)/.exec(text.toString());
      if (line?.[1] !== undefined) resolve(line[1]);
    });
  });
  return { url, stop: () => child.kill() };
}

describe("real APIs", () => {
  const all = new Map<string, Built>();
  let held = 0;
  beforeAll(() => rmSync(generated, { recursive: true, force: true }));
  afterAll(() => {
    rmSync(generated, { recursive: true, force: true });
    const sum = (of: (built: Built) => number): number => [...all.values()].reduce((n, built) => n + of(built), 0);
    console.log(
      `seed ${SEED}: ${all.size} families, ${sum(({ rpcs }) => rpcs.length)} rpcs, ${sum(({ copies }) => copies)} copies, ${held} exchanges agree`,
    );
  });

  test.each(FAMILIES)(
    "$name is mirrored",
    async (family) => {
      const built = build(family, join(generated, family.name));
      all.set(family.name, built);
      const upstream = new Upstream();
      const server = await serve(built, await upstream.start());
      const client = new Client(server.url);
      try {
        const random = randomOf(SEED);
        for (const rpc of rpcsOf(built))
          for (let round = 0; round < ROUNDS; round++)
            for (const protocol of ["grpc", "proto", "json"]) {
              try {
                await hold(rpc, protocol, random, upstream, client);
              } catch (error) {
                throw new Error(`seed ${SEED}: ${rpc.path} by ${protocol}: ${(error as Error).message}`, {
                  cause: error,
                });
              }
              held++;
            }
      } finally {
        client.close();
        server.stop();
        upstream.stop();
      }
    },
    MAX_MS,
  );

  test(
    "compile as strictly as this repository",
    () => {
      const config = { extends: "../../../tsconfig.json", include: ["."], exclude: [] };
      writeFileSync(join(generated, "tsconfig.json"), JSON.stringify(config));
      const tsc = [join(root, "node_modules/.bin/tsc"), "-p", generated];
      const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: "utf8", cwd: root });
      expect({ status, stdout: stdout.slice(0, 4_000) }).toEqual({ status: 0, stdout: "" });
    },
    MAX_MS,
  );
});
