// The servers that the processes use: Redis Cluster, three nats-servers, an OpenID provider, and nginx in front.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startOpenidProvider } from "../../../packages/server/src/testing/openid-provider.ts";
import { startNats } from "../../../runtime/src/testing/nats-rig.ts";
import { freePort, listens } from "../../../runtime/src/testing/ports.ts";
import { initPostgres, startPostgres } from "../../../runtime/src/testing/postgres.ts";
import { startCluster } from "../../../runtime/src/testing/redis-cluster-rig.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";

/** Engines elect leaders first. */
const START_MS = 60_000;

const startThreeNats = async () => {
  const routes = await Promise.all([1, 2, 3].map(() => freePort()));
  const all = await Promise.all(
    routes.map((port, i) =>
      startNats(
        ...["-n", `nats-${i}`, "--cluster_name", "town", "--cluster", `nats://127.0.0.1:${port}`, "--no_advertise"],
        ...["--routes", routes.map((route) => `nats://127.0.0.1:${route}`).join(",")],
      ),
    ),
  );
  await Promise.all(all.map((nats) => nats.start()));
  const servers = all.map(({ url }) => url);
  const [first] = all;
  if (first === undefined) throw new Error("three");
  const admin = await until(() => first.admin({ servers }), START_MS);
  await until(() => admin.add("NEWS", { num_replicas: 3 }), START_MS);
  return { all, admin, servers };
};

/** @param ports of the processes */
async function startNginx(port: number, ports: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cluster-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  const servers = ports.map((of) => `server 127.0.0.1:${of} max_fails=0;`);
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const config = `daemon off; ${user} pid ${folder}/pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; ${temporary.join(" ")}
  upstream town { ${servers.join(" ")} keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / {
      proxy_pass http://town;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off;
      proxy_connect_timeout 1s;
    }
  }
}`;
  const file = join(folder, "nginx.conf");
  writeFileSync(file, config);
  const nginx = spawn("nginx", ["-c", file, "-p", folder, "-e", "stderr"], { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(async () => {
    if (nginx.exitCode === null) {
      nginx.kill("SIGTERM");
      await once(nginx, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });
  await listens(port, nginx);
}

/** A database of keys, which may be killed and started again. */
async function startKeys() {
  const folder = mkdtempSync(join(tmpdir(), "cluster-keys-"));
  initPostgres(folder);
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = await startPostgres(folder, port);
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGQUIT");
    await once(child, "exit");
  };
  await start();
  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { url: `postgres://bff@127.0.0.1:${port}/postgres`, start, stop };
}

/** Starts all of them; they end with the test. */
export async function startEngines(ports: readonly number[]) {
  const redis = await startCluster();
  onTestFinished(() => redis.close());
  const nats = await startThreeNats();
  const keys = await startKeys();
  const front = await freePort();
  await startNginx(front, ports);
  const url = `http://127.0.0.1:${front}`;
  const provider = await startOpenidProvider({ publicUrl: () => url });
  onTestFinished(() => provider.close());
  return { redis, nats, keys, url, provider };
}
export type Engines = Awaited<ReturnType<typeof startEngines>>;
