// Holds docs/runtime.md#server
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { describe, expect, onTestFinished, test } from "vitest";

// Runs several processes on one port. Pids identify the process that answers.

const PROGRAM = fileURLToPath(new URL("../testing/test-workers.ts", import.meta.url));

class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out = "";
  err = "";
  ended = false;
  constructor(env: Record<string, string>) {
    const all = { ...compiled, HOST: "127.0.0.1", PORT: "0", BFF_WORKERS: "2", ...env };
    this.child = spawn(process.execPath, [PROGRAM], { env: all, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void this.child.kill("SIGKILL"));
    this.child.stdout?.on("data", (chunk: Buffer) => (this.out += String(chunk)));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.err += String(chunk)));
    this.exited = once(this.child, "close").then(([code]) => {
      this.ended = true;
      return code as number | null;
    });
  }
  /** Resolves when what is printed matches. */
  async output(pattern: RegExp, where: "out" | "err" = "err"): Promise<RegExpExecArray> {
    const stream = where === "out" ? this.child.stdout : this.child.stderr;
    for (;;) {
      const match = pattern.exec(this[where]);
      if (match !== null) return match;
      if (this.ended) throw new Error(`it has ended, having said: ${this.out}${this.err}`);
      await Promise.race([once(stream as net.Socket, "data"), this.exited]);
    }
  }
  async port(): Promise<number> {
    return Number((await this.output(/listening on http:\/\/127\.0\.0\.1:(\d+)\n/, "out"))[1]);
  }
}

/** One connection of HTTP/2. */
class Client {
  readonly session: http2.ClientHttp2Session;
  constructor(port: number) {
    this.session = http2.connect(`http://127.0.0.1:${port}`).on("error", () => {});
    onTestFinished(() => this.session.destroy());
  }
  /** Returns the answer; rejects if there is none. */
  async send(value: string): Promise<string> {
    const headers = { ":method": "POST", ":path": "/echo.v1.EchoService/Echo", "content-type": "application/json" };
    const stream = this.session.request(headers).end(JSON.stringify(value));
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    if (text === "") throw new Error("no answer");
    return JSON.parse(text) as string;
  }
  async pid(): Promise<number> {
    return Number(await this.send("pid"));
  }
}
const pids = (port: number, count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, () => new Client(port).pid()));
const counts = (all: readonly number[]): number[] =>
  [...Map.groupBy(all, (pid) => pid).values()].map(({ length }) => length).sort();

/** Resolves when there is no such process. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "protobff-workers-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("workers", () => {
  test("workers share one port, printed once, get equal numbers of connections, and end together", async () => {
    const server = new Running({ BFF_WORKERS: "3" });
    const port = await server.port();
    expect(counts(await pids(port, 6))).toEqual([2, 2, 2]);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(server.out).toBe(`listening on http://127.0.0.1:${port}\n`);
    expect(server.err).toBe("");
  });

  test("a fault of the environment is reported once, with exit code 2", async () => {
    const server = new Running({ BFF_GRACE: "x" });
    expect(await server.exited).toBe(2);
    expect(server.err.match(/BFF_GRACE is "x"/g)).toHaveLength(1);
    const none = new Running({ BFF_WORKERS: "0" });
    expect(await none.exited).toBe(2);
    expect(none.err).toContain('BFF_WORKERS is "0"; write auto, or a whole number between 1 and 512\n');
  });

  test("a fault of a user's module is reported once, with exit code 2", async () => {
    const server = new Running({ BFF_OBSERVER: "/nowhere.ts" });
    expect(await server.exited).toBe(2);
    expect(server.err.match(/BFF_OBSERVER is/g)).toHaveLength(1);
    expect(server.out).toBe("");
  });

  test("a port in use ends the workers with exit code 1", async () => {
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as net.AddressInfo;
    const server = new Running({ PORT: String(port) });
    expect(await server.exited).toBe(1);
    expect(server.err).toBe(
      `echo.v1 cannot start: port ${port} of 127.0.0.1 is already in use; set PORT to another one (0 picks a free port)\n`,
    );
  });

  test("a killed worker loses only its running answers, and is replaced", async () => {
    const server = new Running({});
    const port = await server.port();
    const clients = [new Client(port), new Client(port)];
    const before = await Promise.all(clients.map((client) => client.pid()));
    const [lost, kept] = clients.map((client) => client.send("wait 300"));
    process.kill(Number(before[0]), "SIGKILL");
    await expect(lost).rejects.toThrow();
    expect(await kept).toBe(String(before[1]));
    await server.output(/Z worker \d \(\d+\) was ended by SIGKILL\n/);
    // The next requests of the same client, on another connection, are answered.
    expect(await new Client(port).pid()).not.toBe(before[0]);
    // The worker with the fewest connections gets the next one, so a new pid proves the arrival of the new worker.
    let next = 0;
    while (next === 0 || next === before[1]) next = await new Client(port).pid();
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("SIGHUP replaces each worker by a ready one before the old one ends, which its clients may delay", async () => {
    const server = new Running({});
    const port = await server.port();
    const before = new Set(await pids(port, 2));
    const held = new Client(port);
    const answer = held.send("wait 1000");
    server.child.kill("SIGHUP");
    await server.output(/worker 1 \(\d+\) is replaced by \d+\n[\s\S]*worker 2 \(\d+\) is replaced by \d+\n/);
    expect(before.has(Number(await answer))).toBe(true);
    for (const pid of before) await gone(pid);
    const after = await pids(port, 4);
    expect(counts(after)).toEqual([2, 2]);
    expect(after.some((pid) => before.has(pid))).toBe(false);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("a new version that does not start replaces no worker", async () => {
    const broken = join(folder(), "broken");
    const server = new Running({ BROKEN: broken });
    const port = await server.port();
    const before = await pids(port, 2);
    writeFileSync(broken, "");
    server.child.kill("SIGHUP");
    await server.output(/worker 1 \(\d+\) stays, since the one to replace it ended with 1\n/);
    expect((await pids(port, 2)).sort()).toEqual(before.sort());
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("an early SIGHUP counts when all workers run; SIGTERM during a replacement ends all", async () => {
    const server = new Running({});
    await once(server.child, "spawn");
    const port = await server.port();
    const before = await pids(port, 2);
    server.child.kill("SIGHUP");
    server.child.kill("SIGHUP");
    await server.output(/worker 1 \(\d+\) is replaced/);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    for (const pid of before) await gone(pid);
  });

  test("workers end when the supervisor is killed, after their answers", async () => {
    const server = new Running({});
    const port = await server.port();
    const client = new Client(port);
    const pid = await client.pid();
    const answer = client.send("wait 300");
    server.child.kill("SIGKILL");
    expect(await answer).toBe(String(pid));
    await gone(pid);
  });

  test("a worker with SIGTERM from outside is replaced first", async () => {
    const server = new Running({});
    const port = await server.port();
    const [pid = 0] = await pids(port, 2);
    process.kill(pid, "SIGTERM");
    await server.output(/is replaced by/);
    await gone(pid);
    expect(await pids(port, 4)).not.toContain(pid);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("a second signal ends all workers at once", async () => {
    const server = new Running({});
    const port = await server.port();
    const client = new Client(port);
    const pid = await client.pid();
    client.send("never").catch(() => {});
    await server.output(/asked/);
    server.child.kill("SIGTERM");
    while (
      await new Client(port).pid().then(
        () => true,
        () => false,
      )
    );
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(143);
    await gone(pid);
  });

  test("under load, SIGHUP fails no request that is sent again if unprocessed", async () => {
    const server = new Running({ BFF_GRACE: "5s" });
    const port = await server.port();
    const load = new Load();
    const work = [load.http1(port), load.http1(port), ...Array.from({ length: 8 }, () => load.grpc(port))];
    const h2load = load.h2load(port);
    while (load.answered < 500) await new Promise((resolve) => setImmediate(resolve));
    server.child.kill("SIGHUP");
    await server.output(/worker 2 \(\d+\) is replaced by/);
    const pids = [...server.err.matchAll(/worker \d \((\d+)\) is replaced by/g)].map(([, pid]) => Number(pid));
    for (const pid of pids) await gone(pid);
    load.over = true;
    await Promise.all(work);
    expect(load.failed).toEqual([]);
    // It sends nothing again; each connection may lose what is on its way.
    const [, failed] = /(\d+) failed, \d+ errored/.exec(await h2load) ?? [];
    expect(Number(failed)).toBeLessThanOrEqual(8);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("a worker killed under load fails only its running requests, and its clients continue", async () => {
    const server = new Running({});
    const port = await server.port();
    const load = new Load();
    const [pid = 0] = await pids(port, 2);
    const work = Array.from({ length: 8 }, () => load.grpc(port));
    while (load.answered < 500) await new Promise((resolve) => setImmediate(resolve));
    process.kill(pid, "SIGKILL");
    await server.output(/was ended by SIGKILL/);
    const more = load.answered + 500;
    while (load.answered < more) await new Promise((resolve) => setImmediate(resolve));
    load.over = true;
    await Promise.all(work);
    // Each of 8 callers has one request under way.
    expect(load.failed.length).toBeLessThanOrEqual(8);
    expect(load.failed.filter((why) => !why.startsWith("14 "))).toEqual([]);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("the counts of workers are served as a sum, which does not fall when a worker is killed", async () => {
    const server = new Running({ BFF_ADMIN_PORT: "0" });
    const [, port, admin] = await server.output(/:(\d+) \(metrics: (http:.*)\)\n/, "out");
    const metrics = async () => {
      const text = await (await fetch(String(admin))).text();
      return (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
    };
    const answered = "rpc_server_call_duration_seconds_count\\{[^}]*\\}";
    const clients = [new Client(Number(port)), new Client(Number(port))];
    const all = await Promise.all(clients.map((client) => client.pid()));
    for (const client of clients) for (let i = 0; i < 3; i++) await client.pid();
    const before = await metrics();
    expect([before(answered), before("bff_workers"), before("bff_worker_restarts_total")]).toEqual([8, 2, 0]);
    expect(before('bff_worker_connections\\{worker="2"\\}')).toBe(1);
    process.kill(Number(all[0]), "SIGKILL");
    await server.output(/was ended by SIGKILL/);
    while ((await metrics())("bff_workers") < 2);
    const after = await metrics();
    expect([after(answered), after("bff_worker_restarts_total")]).toEqual([8, 1]);
    expect((await fetch(new URL("/readyz", admin))).status).toBe(200);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("workers that write one file keep its lines intact", async () => {
    const audit = join(folder(), "audit");
    const script = `
      const { AuditLog, appendingTo } = await import(${JSON.stringify(new URL("../logs/audit-log.ts", import.meta.url).href)});
      const log = new AuditLog(appendingTo(process.argv[1]), (what, cause) => { throw cause });
      for (let i = 0; i < 2000; i++) {
        log.audit({ event: "denied", at: new Date(), reason: "x".repeat(400), method: process.argv[2] + i });
        if (i % 100 === 0) await log.flush();
      }
      await log.flush();`;
    const writers = ["a", "b", "c"].map((name) =>
      once(spawn(process.execPath, ["--input-type=module", "-e", script, audit, name], { stdio: "inherit" }), "exit"),
    );
    expect((await Promise.all(writers)).map(([code]) => code)).toEqual([0, 0, 0]);
    const lines = readFileSync(audit, "utf8").trimEnd().split("\n");
    const methods = lines.map((line) => (JSON.parse(line) as { method: string }).method);
    expect(new Set(methods).size).toBe(6000);
  });
});

/** Clients that go on until it is over. */
class Load {
  over = false;
  answered = 0;
  readonly failed: string[] = [];

  /** One caller by grpc-js, with a separate connection. */
  async grpc(port: number): Promise<void> {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    while (!this.over) {
      const failed = await new Promise<grpc.ServiceError | null>((resolve) =>
        client.makeUnaryRequest(
          "/echo.v1.EchoService/Echo",
          (b) => b,
          (b) => b,
          Buffer.from([10, 1, 97]),
          resolve,
        ),
      );
      if (failed === null) this.answered++;
      else this.failed.push(`${failed.code} ${failed.details}`);
    }
    client.close();
  }
  /** One connection of HTTP/1.1 that is kept. */
  async http1(port: number): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.over) {
      const request = http.request({
        port,
        host: "127.0.0.1",
        agent,
        method: "POST",
        path: "/echo.v1.EchoService/Echo",
        headers: { "content-type": "application/json" },
      });
      try {
        const [response] = (await once(request.end('"a"'), "response")) as [http.IncomingMessage];
        await once(response.resume(), "end");
        if (response.statusCode === 200) this.answered++;
        else this.failed.push(`HTTP ${response.statusCode}`);
      } catch (error) {
        this.failed.push(String(error));
      }
    }
    agent.destroy();
  }
  /** Returns h2load's output after six seconds. */
  async h2load(port: number): Promise<string> {
    const body = join(folder(), "body");
    writeFileSync(body, '"a"');
    const url = `http://127.0.0.1:${port}/echo.v1.EchoService/Echo`;
    const child = spawn("h2load", ["-D6", "-c8", "-m1", "-d", body, "-H", "content-type: application/json", url]);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += String(chunk)));
    await once(child, "close");
    return text;
  }
}
