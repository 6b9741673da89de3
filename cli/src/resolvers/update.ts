// Adds the missing members to a user's module of resolvers.
import { dirname, relative } from "node:path";
import { EXPORTS, type Export, type GeneratedResolvers } from "./generated-resolvers.ts";
import {
  newFile,
  type Refused,
  type Requirement,
  type TypeImport,
  type Updated,
  updatedFile,
} from "./resolver-file.ts";

/** Requirements for one export of the file. */
interface Needed {
  readonly exported: Export;
  readonly requirements: readonly Requirement[];
  readonly types: readonly TypeImport[];
}
/** Returns the exports that have requirements. */
export function neededIn(file: string, generated: readonly GeneratedResolvers[]): Needed[] {
  return EXPORTS.map((exported) => needs(generated, exported, file)).filter(
    ({ requirements }) => requirements.length > 0,
  );
}
function needs(generated: readonly GeneratedResolvers[], exported: Export, file: string): Needed {
  const group = generated.filter((resolvers) => resolvers.exported === exported);
  return {
    exported,
    requirements: [...new Map(group.flatMap(({ members }) => members.map((member) => [member.name, member]))).values()],
    types: group.map((resolvers) => ({
      name: resolvers.type,
      as: group.some((other) => other !== resolvers && other.type === resolvers.type)
        ? byFolderName(resolvers)
        : undefined,
      from: specifier(file, resolvers.path, resolvers.extension),
    })),
  };
}

/** `WebV1PageResolvers`, of `gen/web/v1/page_bff.ts`: of several packages in one server each has a folder. */
function byFolderName({ path, type }: GeneratedResolvers): string {
  const folders = slashes(dirname(path)).split(/[^A-Za-z0-9]+/);
  const version = folders.pop() ?? "";
  return `${[folders.pop() ?? "", version].map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")}${type}`;
}

/** The new text, the added members by export, and the members that nothing requires. */
interface AllUpdated extends Pick<Updated, "text" | "obsolete"> {
  readonly added: readonly { readonly exported: Export; readonly names: readonly string[] }[];
}

/** One export after the other; `before` is undefined where the file is new, and `command` is what wrote it. */
export function updatedBy(
  needed: readonly Needed[],
  before: string | undefined,
  command: string,
): AllUpdated | Refused {
  let all: AllUpdated = { text: before ?? "", added: [], obsolete: [] };
  for (const [i, { exported, requirements, types }] of needed.entries()) {
    const isNew = before === undefined && i === 0;
    const updated = isNew
      ? newFile(requirements, types, command, exported)
      : updatedFile(all.text, requirements, types, exported);
    if ("refused" in updated) return updated;
    const { text, added, obsolete } = updated;
    all = { text, added: [...all.added, { exported, names: added }], obsolete: [...all.obsolete, ...obsolete] };
  }
  return all;
}

/** Returns the printed summary. */
export function summary(file: string, isNew: boolean, { added, obsolete }: AllUpdated): string {
  const names = added.flatMap((entry) => entry.names);
  const counts = added.flatMap(({ exported, names: { length } }) =>
    length === 0 ? [] : [`${length} ${exported.slice(0, -1)}${length === 1 ? "" : "s"}`],
  );
  const all = added.map(({ exported }) => exported).join(" and ");
  const more = names.length === 0 ? `has all ${all}` : `has ${counts.join(" and ")} more`;
  const head = `${file} ${isNew ? `is new, with ${counts.join(" and ")}` : more}`;
  return [
    names.length === 0 ? head : `${head}: ${names.join(", ")}`,
    ...obsolete.map(({ name, line }) => `${file}:${line}: nothing needs ${name} any more`),
    "",
  ].join("\n");
}

function specifier(file: string, path: string, extension: string): string {
  const to = slashes(relative(dirname(file), path)).replace(/\.ts$/, extension);
  return to.startsWith(".") ? to : `./${to}`;
}
export const slashes = (path: string): string => path.replaceAll("\\", "/");
