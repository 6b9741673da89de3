// Principals of `dev`: those of principals.json, or else two that match the protos, one with every right and one with
// none.
import { join } from "node:path";
import { parseFile } from "@protobff/runtime/internal/json/parse-file";
import { type Claims, type ClaimValue, type SourceOfCallers, tryRead } from "protoc-gen-bff/compiler";

/** File with the claims of each principal by name, beside buf.gen.yaml. */
const PRINCIPALS = "principals.json";

/** Subject of a token. */
export interface Principal {
  readonly name: string;
  readonly subject: string;
  /** Without those that every token has. */
  readonly claims: Claims;
}

const MAX_BYTES = 256 << 10;
const MOST = 100;

/**
 * Returns the principals of principals.json; undefined if the file does not exist.
 *
 * @throws Error that describes the fault in the file
 */
export function readPrincipals(cwd: string): readonly Principal[] | undefined {
  const text = tryRead(join(cwd, PRINCIPALS));
  if (text === undefined) return undefined;
  const remedy = `write {"ada": {"sub": "u-ada", "roles": ["admin"]}}: claims by the name of a test caller`;
  if (text.length > MAX_BYTES) throw new Error(`${PRINCIPALS} has more than ${MAX_BYTES >> 10} KiB`);
  let all: unknown;
  try {
    all = parseFile(text, PRINCIPALS);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; ${remedy}`);
  }
  if (!isObject(all)) throw new Error(`${PRINCIPALS} is no JSON object; ${remedy}`);
  const entries = Object.entries(all);
  if (entries.length > MOST) throw new Error(`${PRINCIPALS} has ${entries.length} principals; there may be ${MOST}`);
  return entries.map(([name, value]) => {
    if (!isObject(value)) throw new Error(`${PRINCIPALS}: ${JSON.stringify(name)} is no JSON object; ${remedy}`);
    const { sub = name, ...claims } = value;
    if (typeof sub !== "string" || sub === "")
      throw new Error(`${PRINCIPALS}: "sub" of ${JSON.stringify(name)} is no text; write "sub": "u-ada"`);
    return { name, subject: sub, claims: claims as Claims };
  });
}

/**
 * Returns `dev`, which has all that permits require, and `guest`, which has none of it. `guest` exists only if permits
 * require something.
 */
export function madePrincipals({ claims, rights, subject }: SourceOfCallers): readonly Principal[] {
  const hasRights = rights.some(({ values }) => values.length > 0);
  const made = (name: string, has: boolean): Principal => ({
    name,
    subject: subject === undefined ? name : subject.replaceAll("*", name),
    claims: rights
      .filter(({ values }) => values.length > 0)
      .reduce((before, { path, as, values }) => {
        const held = has ? values : [];
        return withValue(before, path, as === "list" ? held : held.join(" "));
      }, claims),
  });
  return hasRights ? [made("dev", true), made("guest", false)] : [made("dev", true)];
}

/** Copies of the objects on the way. */
function withValue(claims: Claims, [name = "", ...rest]: readonly string[], value: ClaimValue): Claims {
  const inner = claims[name];
  return {
    ...claims,
    [name]: rest.length === 0 ? value : withValue(isObject(inner) ? (inner as Claims) : {}, rest, value),
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
