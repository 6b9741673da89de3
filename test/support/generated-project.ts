// A BFF over the upstreams of the goldens, generated into a separate folder, type-checked there, and run as a process.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import { compiled } from "../../runtime/src/testing/compile-cache.ts";
import { compileCase, parameterOf, requestOf, UPSTREAMS } from "./golden.ts";
import { messagesOf } from "./messages.ts";
import { requestFor, schemaOf } from "./request.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const command = join(root, "cli/bin/protobff.js");

/** How an upstream answers, by "package.Service/Method". */
export type Handlers<Request> = Readonly<
  Record<string, (request: Request, context: HandlerContext) => object | Promise<object>>
>;

export class GeneratedProject {
  /** Below the repository, so that generated code finds the packages that it imports. */
  readonly folder: string;
  readonly #protos: Readonly<Record<string, string>>;
  readonly #upstreams: Readonly<Record<string, string>>;

  constructor(
    name: string,
    protos: Readonly<Record<string, string>>,
    upstreams: Readonly<Record<string, string>> = UPSTREAMS,
  ) {
    this.folder = join(root, `test/.generated/${name}-${process.pid}`);
    this.#protos = protos;
    this.#upstreams = upstreams;
  }

  /**
   * Generates the code, and returns the names of servers. Throws the errors that the plugin reports.
   *
   * @param further options of the plugin
   */
  generate(...further: readonly string[]): readonly string[] {
    const request = requestOf({ protos: this.#protos }, this.#upstreams);
    const texts = { ...this.#upstreams, ...this.#protos };
    const parameter = [...new Set([...parameterOf({ protos: this.#protos }).split(","), ...further])].join();
    const { response } = compileCase(request, texts, parameter);
    if (response.error) throw new Error(response.error);
    for (const [name, text] of Object.entries(messagesOf(request))) this.write(name, text);
    for (const { name, content } of response.file) this.write(name, content);
    return response.file.flatMap(({ name, content }) => (/^(?:start|await start)\(/m.test(content) ? [name] : []));
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }
  /** Returns the output of tsc for whole folders. Default: this one. */
  typeChecked(include: readonly string[] = ["."]): string {
    const { compilerOptions } = { compilerOptions: { noEmit: true, rootDir: root } };
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include };
    this.write("tsconfig.json", JSON.stringify(config));
    return spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", this.folder], { encoding: "utf8" }).stdout;
  }
  initResolvers(file: string) {
    return spawnSync(process.execPath, [command, "init", "resolvers", file], { cwd: this.folder, encoding: "utf8" });
  }

  /**
   * A server for all upstreams of these handlers, until the test ends.
   *
   * @param version of HTTP
   */
  async upstream(handlers: Handlers<never>, version: 1 | 2 = 2): Promise<string> {
    const { registry } = schemaOf(requestFor(this.#upstreams));
    const handler = connectNodeAdapter({
      routes: (router) => {
        for (const [name, answer] of Object.entries(handlers)) {
          const [service = "", method] = name.split("/");
          const rpc = registry.getService(service)?.methods.find((candidate) => candidate.name === method);
          if (rpc === undefined) throw new Error(`no ${name}`);
          const run = (request: Message, context: HandlerContext) => answer(request as never, context);
          router.rpc(rpc as DescMethodUnary, run as never);
        }
      },
    });
    const server = version === 1 ? createServer(handler) : http2.createServer(handler);
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Starts the server of a package, with separate upstreams, until the test ends. */
  async served(server: string, handlers: Handlers<never>, env: Readonly<Record<string, string>> = {}) {
    const address = await this.upstream(handlers);
    const services = [...new Set(Object.keys(handlers).map((name) => name.split("/")[0] ?? ""))];
    const addresses = services.map((name) => [`${name.toUpperCase().replaceAll(".", "_")}_URL`, address]);
    const child = spawn(process.execPath, [join(this.folder, server)], {
      cwd: this.folder,
      env: { ...compiled, HOST: "127.0.0.1", PORT: "0", ...Object.fromEntries(addresses), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    /** Reads standard output up to a line. */
    const until = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`ended before ${pattern}: ${log}`);
        const found = pattern.exec(value);
        if (found !== null) return found[1] ?? found[2] ?? found[0];
      }
    };
    const line = await until(/^(listening on .*|\{.*"event":"listening",.*)$/);
    const url = /https?:[^\s",]+/.exec(line)?.[0] ?? "";
    const metrics = /http:[^\s",)]+\/metrics/.exec(line)?.[0] ?? "";
    const post = async (rpc: string, request: object, init: RequestInit = {}) => {
      const headers = { "content-type": "application/json", ...(init.headers as Record<string, string> | undefined) };
      const answer = await fetch(`${url}/${rpc}`, {
        method: "POST",
        body: JSON.stringify(request),
        ...init,
        headers,
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    /** Sends SIGTERM, and returns the exit code. */
    const stop = async (): Promise<number | null> => {
      const exited = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGTERM");
      await exited;
      return child.exitCode;
    };
    const kill = (signal: NodeJS.Signals = "SIGKILL") => child.kill(signal);
    return { url, metrics, post, until, stop, kill, log: () => log, upstreams: Object.fromEntries(addresses) };
  }

  /** Returns the result of a start that cannot succeed. */
  start(server: string, env: Readonly<Record<string, string>>) {
    return spawnSync(process.execPath, [join(this.folder, server)], {
      cwd: this.folder,
      encoding: "utf8",
      env: { ...compiled, ...env },
    });
  }
}
