import { WELL_KNOWN } from "../mcp/resource-metadata.ts";

/** Returns the path, or path and query, below the base. Undefined: it is elsewhere. */
export function withoutBase(target: string, base: string): string | undefined {
  if (base === "") return target;
  // The path of the resource follows the well-known one (RFC 9728, 3.1).
  if (target.startsWith(`${WELL_KNOWN}${base}/`)) return WELL_KNOWN + target.slice(WELL_KNOWN.length + base.length);
  if (!target.startsWith(base)) return undefined;
  const rest = target.slice(base.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : undefined;
}

/** @throws TypeError if the base is no path such as `/api` */
export function checkedBase(base: string): string {
  if (base === "" || base === "/") return "";
  if (/^(?:\/[\w.~-]+)+$/.test(base)) return base;
  throw new TypeError(`basePath is ${JSON.stringify(base)}: write a path such as "/api"`);
}
