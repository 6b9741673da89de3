// Findings of `buf breaking`.
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import type { FileReport } from "protoc-gen-bff/compiler";
import type { Finding } from "./finding.ts";

interface Annotation {
  readonly path?: string;
  readonly start_line?: number;
  readonly type?: string;
  readonly message?: string;
}

/**
 * Returns the files with messages that clients use: those with rpcs of BFFs, and all that they import. Options only
 * name upstreams, and need not import them.
 */
export function seenByClients(
  { files }: { readonly files: readonly FileDescriptorProto[] },
  reports: readonly FileReport[],
): ReadonlySet<string> {
  const imports = new Map(files.map(({ name, dependency }) => [name, dependency]));
  const seen = new Set<string>();
  const open = reports.map(({ file }) => file);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(imports.get(name) ?? []));
  }
  return seen;
}

/**
 * Converts the findings of `buf breaking`. A change in another file, such as an upstream's in the same repository,
 * breaks no client of the BFF.
 *
 * @param lines of `--error-format=json`
 * @param seen names of files with messages that clients use
 */
export function breakingFindings(lines: string, seen: ReadonlySet<string>): readonly Finding[] {
  return lines.split("\n").flatMap((line): readonly Finding[] => {
    if (!line.startsWith("{")) return [];
    const { path, start_line: at, type = "", message = "" } = JSON.parse(line) as Annotation;
    const rule = /^[A-Z_]+$/.test(type) ? ` (${type})` : "";
    // A deleted file has no place: the message contains its name.
    const [, deleted = path ?? ""] = /^Previously present file "([^"]*)"/.exec(message) ?? [];
    const known = deleted === "" || [...seen].some((name) => deleted === name || deleted.endsWith(`/${name}`));
    return [
      {
        kind: "breaking",
        level: known ? "worse" : "different",
        message: [{ code: message }, known ? rule : `${rule}, in a file that no rpc of a BFF imports`],
        where: path === undefined ? [] : [`${path}${at === undefined ? "" : `:${at}`}`],
      },
    ];
  });
}
