// `upstream/source.json`: where the copied protos of upstreams come from.
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { Refusal } from "../terminal.ts";

/** Folder of the protos of upstreams. */
export const UPSTREAM = "upstream";
export const SOURCE_LIST = `${UPSTREAM}/source.json`;

/** Origin of one folder of protos. */
export interface OriginEntry {
  readonly name: string;
  /** A folder, a git reference, a module, an archive, an image, or the URL of a running server. No credentials. */
  readonly from: string;
  /** A commit, or `sha256:` and the digest of the copied files; undefined: written by hand, not copied yet. */
  readonly at: string | undefined;
  /** From the package's folder, with `/`. */
  readonly folder: string;
  /** Files or folders of the origin that it is limited to; empty: all. */
  readonly paths: readonly string[];
  /** Imported files that the origin does not have, so that they are left out. */
  readonly missing: readonly string[];
}

const MEMBERS = ["name", "from", "at", "folder", "paths", "missing"] as const;
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const FORM = '[{ "name": "catalog", "from": "../catalog/proto", "folder": "upstream/catalog" }]';

/** Returns the text of a list. */
export function renderSourceList(entries: readonly OriginEntry[]): string {
  const written = entries.map(({ name, from, at, folder, paths, missing }) => ({
    name,
    from,
    ...(at !== undefined && { at }),
    folder,
    ...(paths.length > 0 && { paths }),
    ...(missing.length > 0 && { missing }),
  }));
  return `${JSON.stringify(written, null, 2)}\n`;
}

/** Reads a list. Throws a `Refusal` that names the line of the first fault. */
export function parseSourceList(text: string): readonly OriginEntry[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const refuse = (offset: number | undefined, problem: string): never => {
    const { line, col } = lineCounter.linePos(offset ?? 0);
    throw new Refusal(`${SOURCE_LIST}:${line}:${col}: ${problem}`, 2);
  };
  const [fault] = document.errors;
  if (fault !== undefined) return refuse(fault.pos[0], `this is no JSON: ${fault.message.split("\n")[0]}`);
  const { contents } = document;
  if (!isSeq(contents)) return refuse(startOf(contents), `this is no list of origins: write ${FORM}`);
  const entries = contents.items.map((item) => entryOf(item as Node, refuse));
  for (const [i, entry] of entries.entries()) {
    const at = startOf(contents.items[i] as Node);
    const before = entries.slice(0, i);
    if (before.some(({ name }) => name === entry.name)) refuse(at, `two origins are called "${entry.name}"`);
    const other = before.find(({ folder }) => overlaps(folder, entry.folder));
    if (other !== undefined)
      refuse(at, `"${entry.folder}" overlaps "${other.folder}" of "${other.name}": give each origin its own folder`);
  }
  return entries;
}

const startOf = (node: Node | null): number | undefined => node?.range?.[0];
const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

type Refuse = (offset: number | undefined, problem: string) => never;

function entryOf(node: Node, refuse: Refuse): OriginEntry {
  if (!isMap(node)) return refuse(startOf(node), `this is no origin: write ${FORM}`);
  const values = new Map<string, unknown>();
  const places = new Map<string, number | undefined>();
  for (const { key, value } of node.items as Pair<Node, Node>[]) {
    const name = isScalar(key) ? String(key.value) : "";
    if (!MEMBERS.some((member) => member === name))
      refuse(startOf(key), `an origin has no "${name}": write ${MEMBERS.join(", ")}`);
    values.set(name, value?.toJSON());
    places.set(name, startOf(value));
  }
  const at = (member: string): number | undefined => places.get(member) ?? startOf(node);
  const text = (member: string): string | undefined => {
    const value = values.get(member);
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    return refuse(at(member), `"${member}" is no text`);
  };
  const list = (member: string): readonly string[] => {
    const value = values.get(member) ?? [];
    if (Array.isArray(value) && value.every((part) => typeof part === "string")) return value as readonly string[];
    return refuse(at(member), `"${member}" is no list of texts`);
  };
  const required = (member: string): string =>
    text(member) ?? refuse(at(member), `this origin has no "${member}": write ${FORM}`);
  const [name, from, folder] = [required("name"), required("from"), required("folder")];
  if (!NAME.test(name))
    refuse(at("name"), `"${name}" is no name of an origin: write lower-case letters, digits, "-" and "_"`);
  const fault = folderFault(folder) ?? undefined;
  if (fault !== undefined) refuse(at("folder"), fault);
  if (hasCredentials(from))
    refuse(at("from"), '"from" has a user name or a token: leave it out, and use git\'s credentials or --header');
  return { name, from, at: text("at"), folder, paths: list("paths"), missing: list("missing") };
}

function folderFault(folder: string): string | undefined {
  const parts = folder.split("/");
  const isInside = parts[0] === UPSTREAM && !folder.includes("\\") && parts.every((part) => !/^\.{0,2}$/.test(part));
  return isInside ? undefined : `the folder "${folder}" is not in ${UPSTREAM}/: write "${UPSTREAM}/…"`;
}

/** Returns true if a URL has a user name or a password. `git@host:path` and `ssh://git@host` name a user for a key. */
export function hasCredentials(from: string): boolean {
  const user = /^([a-z][a-z0-9+.-]*):\/\/([^/@]*)@/i.exec(from);
  return user !== null && !(user[1] === "ssh" && !user[2]?.includes(":"));
}

/** Returns a name for an origin: the last part of its address that is no general word. */
export function nameFor(from: string): string {
  const [path = ""] = from.split("#");
  const parts = path
    .replace(/\.git\/?$|\.(tar|tgz|tar\.gz|tar\.zst|zip|binpb|bin|json|txtpb|yaml)(\.gz|\.zst)?$/, "")
    .replace(/^https?:\/\//, "")
    .split(/[/\\:@]/)
    .map((part) =>
      part
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^[^a-z]+|-+$/g, ""),
    )
    .filter((part) => part !== "" && !/^(protos?|api|src|image|git)$/.test(part));
  return parts.at(-1)?.slice(0, 63) ?? "upstream";
}
