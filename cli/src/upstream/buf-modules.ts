// The modules of a project's buf.yaml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";
import { Refusal } from "../terminal.ts";

/** Lists that name the folder of a module: itself, and the files of others that rules ignore. */
const LISTS = [["modules"], ["lint", "ignore"], ["breaking", "ignore"]] as const;

/**
 * Returns the text of buf.yaml with a folder as a module, or without it. Comments and the order of entries stay. Throws
 * a `Refusal` if the file lists no modules.
 */
export function bufModules(cwd: string) {
  const text = read(cwd);
  if (!isSeq(parsed(text).getIn(["modules"], true))) {
    const instead = "list the folders of protos there, as in `modules: [{ path: proto }]`";
    throw new Refusal(`buf.yaml has no \`modules\`: ${instead}`, 2);
  }
  type Edit = (items: unknown[], isModule: boolean, node: (value: unknown) => unknown) => unknown[];
  const edited = (edit: Edit): string => {
    const document = parsed(text);
    for (const path of LISTS) {
      const list = document.getIn(path, true);
      if (isSeq(list)) list.items = edit(list.items, path.length === 1, (value) => document.createNode(value));
    }
    return document.toString();
  };
  const folderOf = (item: unknown): unknown => (isMap(item) ? item.get("path") : String(item));
  return {
    with: (folder: string) => edited((items, isModule, node) => [...items, node(isModule ? { path: folder } : folder)]),
    without: (folder: string) => edited((items) => items.filter((item) => folderOf(item) !== folder)),
  };
}

function read(cwd: string): string {
  try {
    return readFileSync(join(cwd, "buf.yaml"), "utf8");
  } catch {
    throw new Refusal("there is no buf.yaml here: run this in the folder of the BFF's package", 2);
  }
}

function parsed(text: string) {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Refusal("buf.yaml is no YAML: run `npx buf build`", 2);
  return document;
}
