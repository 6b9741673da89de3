// Addresses of upstreams, their branches and their shards: `<FULL_SERVICE_NAME>_URL`, and the certificates beside it.
import type { DescService } from "@bufbuild/protobuf";
import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import {
  type FileReader,
  isUsable,
  readPair,
  readPem,
  type TlsFiles,
} from "@protobff/runtime/internal/environment/pem-files";

/** Addresses of an upstream, and the TLS files of its connections. */
export interface UpstreamAddress {
  /** One address, or several distinct ones of one scheme and path. `http://…` is HTTP/2 without TLS. */
  readonly urls: readonly string[];
  readonly tls: TlsFiles;
}

/** Upstreams, their branches and their shards. */
export interface UpstreamsSpec<Upstreams extends Readonly<Record<string, DescService>>> {
  readonly upstreams: Upstreams;
  /** The names of branches by upstream. */
  readonly branches?: { readonly [Name in keyof Upstreams]?: readonly string[] } | undefined;
  /** Maximum number of shards of the upstreams that have some. Their names are in `<FULL_SERVICE_NAME>_SHARDS`. */
  readonly shards?: { readonly [Name in keyof Upstreams]?: number } | undefined;
}

/** Addresses of all upstreams, branches and shards. */
export interface UpstreamAddresses<Name extends string> {
  /** An upstream with shards has no address. */
  readonly upstreams: Readonly<Record<Name, UpstreamAddress>>;
  /** Addresses of shards, as `orders.a`, in the order of their lists. Undefined: no upstream has shards. */
  readonly shards?: Readonly<Record<string, UpstreamAddress>>;
  /** Addresses of the branches that have one, as `agent.canary`. */
  readonly branches: Readonly<Record<string, UpstreamAddress>>;
  /** Unset variables of the other branches' addresses. */
  readonly branchesOff: readonly string[];
}

export function readUpstreams<Upstreams extends Readonly<Record<string, DescService>>>(
  read: EnvReader,
  spec: UpstreamsSpec<Upstreams>,
  readFile: FileReader,
): UpstreamAddresses<keyof Upstreams & string> {
  const upstreams: Partial<Record<string, UpstreamAddress>> = {};
  const shards: Record<string, UpstreamAddress> = {};
  const prefixes = new Set(Object.values(spec.upstreams).map(({ typeName }) => variablePrefix(typeName)));
  for (const [name, service] of Object.entries(spec.upstreams)) {
    const most = spec.shards?.[name];
    const prefix = variablePrefix(service.typeName);
    if (most === undefined) upstreams[name] = readUpstream(read, prefix, service.typeName, readFile);
    else {
      upstreams[name] = { urls: [], tls: {} };
      for (const shard of readShards(read, { prefix, service: service.typeName, most, taken: prefixes })) {
        const what = `shard ${shard} of ${service.typeName}`;
        shards[`${name}.${shard}`] = readUpstream(read, prefixWithin(service.typeName, shard), what, readFile);
      }
    }
  }
  const { branches, off: branchesOff } = readBranches(read, spec, readFile);
  return {
    upstreams: upstreams as Record<keyof Upstreams & string, UpstreamAddress>,
    branches,
    branchesOff,
    ...(spec.shards !== undefined && { shards }),
  };
}

/** The beginning of an upstream's variables: `billing.v1.BillingService` → `BILLING_V1_BILLINGSERVICE`. */
export function variablePrefix(service: string): string {
  return service.toUpperCase().replaceAll(".", "_");
}

/** The beginning of the variables of a shard, or of a branch. */
function prefixWithin(service: string, name: string): string {
  return `${variablePrefix(service)}_${name.toUpperCase()}`;
}

/** Reads the names of shards, in the order of their list. */
function readShards(
  read: EnvReader,
  of: {
    readonly prefix: string;
    readonly service: string;
    readonly most: number;
    /** Beginnings of other variables. */
    readonly taken: ReadonlySet<string>;
  },
): readonly string[] {
  const { prefix, service, most, taken } = of;
  const variable = `${prefix}_SHARDS`;
  const remedy = `the names of the shards of ${service}, like a,b; the address of a is in ${prefix}_A_URL`;
  const text = read.optional(variable)?.trim() ?? "";
  if (text === "") {
    read.fault(variable, "is not set", remedy);
    return [];
  }
  const names = text.split(",").map((name) => name.trim());
  if (names.length > most)
    read.fault(variable, `has ${names.length} shards`, `at most ${most}, or raise \`max\` of \`shard\` in the proto`);
  const wrong = names.find((name) => !SHARD.test(name));
  if (wrong !== undefined)
    read.fault(variable, `has ${quoted(wrong)} in it`, "names of lower-case letters, digits and underscores");
  if (new Set(names).size < names.length) read.fault(variable, "has a shard twice", "each once");
  for (const name of names)
    if (taken.has(prefixWithin(service, name)))
      read.fault(variable, `has ${quoted(name)} in it, whose variables are those of another upstream`, "another name");
  return names.length > most ? [] : [...new Set(names.filter((name) => SHARD.test(name)))];
}
const SHARD = /^[a-z0-9_]{1,64}$/;

/** Reads the address of each branch. A branch without one is off. */
function readBranches<Upstreams extends Readonly<Record<string, DescService>>>(
  read: EnvReader,
  { upstreams, branches = {} }: UpstreamsSpec<Upstreams>,
  readFile: FileReader,
): { readonly branches: Record<string, UpstreamAddress>; readonly off: string[] } {
  const found: Record<string, UpstreamAddress> = {};
  const off: string[] = [];
  for (const [name, service] of Object.entries(upstreams)) {
    for (const branch of branches[name] ?? []) {
      const prefix = prefixWithin(service.typeName, branch);
      const files = ["_CA_FILE", "_CERT_FILE", "_KEY_FILE"].some((end) => read.optional(prefix + end) !== undefined);
      if (read.optional(`${prefix}_URL`) === undefined && !files) off.push(`${prefix}_URL`);
      else found[`${name}.${branch}`] = readUpstream(read, prefix, `branch ${branch} of ${service.typeName}`, readFile);
    }
  }
  return { branches: found, off };
}

/** @param what name of the upstream or branch in messages */
function readUpstream(read: EnvReader, prefix: string, what: string, readFile: FileReader): UpstreamAddress {
  const variable = `${prefix}_URL`;
  const urls = readUrls(read, variable, what);
  const ca = readPem(read, `${prefix}_CA_FILE`, readFile);
  const pair = readPair(read, `${prefix}_CERT_FILE`, `${prefix}_KEY_FILE`, readFile);
  if (ca !== undefined && !isUsable({ ca })) {
    read.fault(`${prefix}_CA_FILE`, "holds no certificate that can be used", "the path of a PEM file");
  }
  const tls: TlsFiles = { ...(ca !== undefined && { ca }), ...pair };
  if (urls[0]?.protocol === "http:" && Object.keys(tls).length > 0) {
    read.fault(variable, "begins with http:// although there are certificates for it", "https://…, or unset the _FILE");
  }
  return { urls: urls.map(plain), tls };
}

/** Reads one address, or a list of them. Faults do not repeat values, because an address may contain a password. */
function readUrls(read: EnvReader, variable: string, what: string): readonly URL[] {
  const remedy = `the address of ${what}, like http://127.0.0.1:9001 or https://service.example`;
  const text = read.optional(variable);
  if (text === undefined) {
    read.fault(variable, "is not set", remedy);
    return [];
  }
  const parts = text.split(",").map((part) => part.trim());
  const which = (i: number): string => (parts.length === 1 ? "" : `: number ${i + 1} of its list`);
  const urls = parts.flatMap((part, i): URL[] => {
    const url = URL.parse(part);
    const problem = problemOf(part, url);
    if (problem === undefined && url !== null) return [url];
    read.fault(variable, `${problem}${which(i)}`, remedy);
    return [];
  });
  if (urls.length < parts.length || urls.length < 2) return urls;
  const several = `several of one scheme and path separated by commas, like http://10.0.0.1:9001,http://10.0.0.2:9001`;
  const distinct = (of: (url: URL) => string): number => new Set(urls.map(of)).size;
  if (distinct(({ protocol }) => protocol) > 1)
    read.fault(variable, "has addresses with http:// and with https://", several);
  if (distinct(({ pathname }) => pathname.replace(/\/$/, "")) > 1)
    read.fault(variable, "has addresses with different paths", several);
  if (distinct(plain) < urls.length) read.fault(variable, "has an address twice", "each once");
  return urls;
}

const plain = ({ href }: URL): string => href.replace(/\/$/, "");

function problemOf(part: string, url: URL | null): string | undefined {
  if (part === "") return "is empty";
  if (url === null) return "is not an address";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "begins with neither http:// nor https://";
  const { username, password, search, hash } = url;
  if (username + password + search + hash !== "") return "has more in it than scheme, host, port and path";
  return undefined;
}
