// Path items of a document. Templates that differ in the names of variables alone are one path (OpenAPI 3.1, "Paths
// Object").
import type { Json, JsonObject } from "../json-schema/json.ts";

export interface PathOperation {
  readonly path: string;
  readonly verb: string;
  readonly operation: JsonObject;
  /** Its last variable may take several segments (`**`), which a template of OpenAPI cannot express. */
  readonly open?: boolean;
}

export class PathItems {
  readonly #items = new Map<string, { readonly path: string; readonly verbs: Map<string, PathOperation> }>();

  /**
   * Adds an operation. If two operations have one verb, that with `**` gives way, as it does in the server; the other
   * then names it.
   */
  add(added: PathOperation): void {
    const key = added.path.replace(VARIABLE, "{}");
    const item = this.#items.get(key) ?? { path: added.path, verbs: new Map() };
    this.#items.set(key, item);
    const renamed = { ...added, operation: withNames(added, item.path) };
    const before = item.verbs.get(added.verb);
    if (before === undefined) item.verbs.set(added.verb, renamed);
    else if (before.open === true && added.open !== true) item.verbs.set(added.verb, naming(renamed, before));
    else item.verbs.set(added.verb, naming(before, renamed));
  }
  all(): JsonObject {
    const items = [...this.#items.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    const operations = (verbs: ReadonlyMap<string, PathOperation>): JsonObject =>
      Object.fromEntries([...verbs].map(([verb, { operation }]) => [verb, operation]));
    return Object.fromEntries(items.map(({ path, verbs }) => [path, operations(verbs)]));
  }
}
const VARIABLE = /\{[^}]*\}/g;

/** The operation with the names of variables that an equivalent template has. */
function withNames({ path, operation }: PathOperation, template: string): JsonObject {
  if (path === template || operation.parameters === undefined) return operation;
  const names = template.match(VARIABLE)?.map((name) => name.slice(1, -1)) ?? [];
  let next = 0;
  const parameters = (operation.parameters as readonly JsonObject[]).map(
    (parameter): Json => (parameter.in === "path" ? { ...parameter, name: names[next++] ?? "" } : parameter),
  );
  return { ...operation, parameters };
}

function naming(documented: PathOperation, left: PathOperation): PathOperation {
  const sentence = `Paths with more segments are for \`${left.operation.operationId}\`.`;
  const description = [documented.operation.description, sentence].filter((text) => text !== undefined).join("\n\n");
  return { ...documented, operation: { ...documented.operation, description } };
}
