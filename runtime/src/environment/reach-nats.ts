// The connection to NATS, by variables. Apart from its callers, whose public types then need no package of NATS.
import type { NatsOptions } from "../topic/nats.ts";
import type { EnvReader } from "./env-reader.ts";
import { type FileReader, readPair, readPem } from "./pem-files.ts";

/** Loads the connection to NATS; undefined after a fault, if its packages are not installed. */
export async function loadNats(read: EnvReader) {
  try {
    const { Nats } = await import("../topic/nats.ts"); // nobody else pays for loading it
    return Nats;
  } catch {
    const problem = "and @nats-io/jetstream are not installed, which NATS_URL needs";
    read.fault("@nats-io/transport-node", problem, "npm install @nats-io/transport-node@3 @nats-io/jetstream@3");
    return undefined;
  }
}

/** How NATS is reached, by the names that its own command has; undefined: there is none. */
export function readNats(read: EnvReader, readFile: FileReader): NatsOptions | "faulty" | undefined {
  const text = read.optional("NATS_URL");
  if (text === undefined) return undefined;
  const faults: unknown[] = [];
  const noting: EnvReader["fault"] = (variable, problem, remedy) => {
    faults.push(variable);
    read.fault(variable, problem, remedy);
  };
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  const remedy = "addresses like nats://127.0.0.1:4222 or tls://nats.example:4222, separated by commas";
  // The value is not repeated: it may have a password in it.
  if (urls.some((url) => url === null || !/^(nats|tls):$/.test(url.protocol) || url.hostname === "")) {
    noting("NATS_URL", "is no address with nats:// or tls://", remedy);
  } else if (urls.some((url) => url !== null && /[^/]/.test(url.pathname + url.search + url.hash))) {
    noting("NATS_URL", "has more in it than user, password, host and port", remedy);
  }
  const [first] = urls;
  const servers = urls.map((url) => url?.host ?? "");
  const credentials = readCredentials(read, readFile, first ?? undefined, noting);
  const ca = readPem(read, "NATS_CA", readFile);
  const pair = readPair(read, "NATS_CERT", "NATS_KEY", readFile);
  const secure = ca !== undefined || pair !== undefined || urls.some((url) => url?.protocol === "tls:");
  const tls = {
    ...(ca && { ca: ca.toString() }),
    ...(pair && { cert: pair.cert.toString(), key: pair.key.toString() }),
  };
  return faults.length > 0 ? "faulty" : { servers, ...credentials, ...(secure && { tls }) };
}
function readCredentials(
  read: EnvReader,
  readFile: FileReader,
  url: URL | undefined,
  fault: EnvReader["fault"],
): Pick<NatsOptions, "creds" | "user" | "pass" | "token"> {
  const creds = readPem(read, "NATS_CREDS", readFile); // no certificate, but PEM all the same
  if (creds !== undefined && !/^-+BEGIN NATS USER JWT-+$[\s\S]*^-+BEGIN USER NKEY SEED-+$/m.test(creds.toString()))
    fault("NATS_CREDS", "names a file without a JWT and a seed in it", "the path of what `nsc generate creds` writes");
  const token = read.optional("NATS_TOKEN");
  const user = read.optional("NATS_USER");
  const pass = read.optional("NATS_PASSWORD");
  const inUrl = url === undefined ? "" : decodeURIComponent(url.username);
  const ways = [
    creds && "NATS_CREDS",
    token && "NATS_TOKEN",
    user && "NATS_USER",
    inUrl && "a user in NATS_URL",
  ].filter((way) => way !== undefined && way !== "");
  if (ways.length > 1) fault("NATS_URL", `has several ways to be let in (${ways.join(", ")})`, "one of them");
  if (pass !== undefined && user === undefined) fault("NATS_PASSWORD", "is set, but NATS_USER is not", "that one, too");
  if (creds !== undefined) return { creds };
  if (token !== undefined) return { token };
  if (user !== undefined) return { user, pass: pass ?? "" };
  if (inUrl === "") return {};
  const password = decodeURIComponent(url?.password ?? "");
  return password === "" ? { token: inUrl } : { user: inUrl, pass: password };
}
