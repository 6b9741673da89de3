import type { EnvReader } from "./env-reader.ts";

/** Reads the address of a Redis in an optional variable. */
export function readRedisUrl(read: EnvReader, variable: string): string | undefined {
  const text = read.optional(variable);
  if (text === undefined) return undefined;
  const remedy = "an address like redis://127.0.0.1:6379 or rediss://user:password@redis.example:6380/0, or unset it";
  const url = URL.parse(text);
  // The value may contain a password, so it is not repeated.
  if (url === null) read.fault(variable, "is not an address", remedy);
  else if (url.protocol !== "redis:" && url.protocol !== "rediss:") {
    read.fault(variable, "begins with neither redis:// nor rediss://", remedy);
  } else if (!/^(\/\d*)?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    read.fault(variable, "has more in it than user, password, host, port and the number of a database", remedy);
  }
  return text;
}
