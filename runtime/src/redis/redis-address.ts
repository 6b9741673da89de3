// Addresses of several servers of Redis.
import type { RedisServers } from "./connection.ts";

const SEVERAL = /^redis(s?)-(?:cluster|sentinel):\/\/(?:([^@/]*)@)?([^@/?#]*)(?:\/([^/?#]*))?$/;
const DEFAULT_PORTS = { cluster: 6_379, sentinel: 26_379 };

/** Returns the kind of an address of several servers, whether or not it is well-formed. */
export function kindOf(url: string): RedisServers["kind"] | undefined {
  if (/^rediss?-cluster:/.test(url)) return "cluster";
  return /^rediss?-sentinel:/.test(url) ? "sentinel" : undefined;
}

const REMEDY = {
  cluster: "an address like redis-cluster://user:password@a:6379,b:6379",
  sentinel: "an address like redis-sentinel://a:26379,b:26379/name",
};

/** Returns what is wrong with an address of several servers, and what to write; undefined: nothing, or it is another. */
export function addressFault(url: string): readonly [problem: string, remedy: string] | undefined {
  const kind = kindOf(url);
  const servers = kind && parseServers(url);
  return kind !== undefined && typeof servers === "string" ? [servers, REMEDY[kind]] : undefined;
}

/** Returns the servers of an address, or what is wrong with it. */
export function parseServers(url: string): RedisServers | string {
  const kind = kindOf(url);
  const [, tls, login = "", list = "", path] = SEVERAL.exec(url) ?? [];
  if (kind === undefined || tls === undefined) return "has more in it than user, password, hosts, ports and a name";
  const hosts = list.split(",").map((text) => hostOf(text, DEFAULT_PORTS[kind]));
  if (!hosts.every((host) => host !== undefined)) return "has an item in it that is not a host, perhaps with a port";
  if (kind === "sentinel" && !path) return "lacks the name of the primary after the Sentinels";
  if (kind === "cluster" && path) return "has a path in it, and a cluster has one database";
  try {
    const [username = "", ...rest] = login.split(":");
    const [user, password, name] = [username, rest.join(":"), path ?? ""].map(decodeURIComponent);
    return {
      kind,
      hosts,
      tls: tls !== "",
      username: user || undefined,
      password: password || undefined,
      name: name ?? "",
    };
  } catch {
    return "has a broken %-escape in it";
  }
}

function hostOf(text: string, byDefault: number) {
  const { hostname, port, href } = URL.parse(`redis://${text}`) ?? {};
  if (!hostname || href !== `redis://${text}` || port === "0") return undefined;
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port ? Number(port) : byDefault };
}
