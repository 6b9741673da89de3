/**
 * The folders that names of .proto files may be relative to, best guess first, from the texts of `buf.yaml` and
 * `buf.work.yaml` in the working directory. The two forms of YAML that buf files are written in are scanned rather
 * than parsed: a folder too many does no harm, for a file is only looked for in it.
 */
export function moduleRoots(bufYaml: string | undefined, bufWorkYaml: string | undefined): readonly string[] {
  const roots = new Set<string>();
  for (const match of (bufYaml ?? "").matchAll(/(?:^|[\s{,-])path:\s*("[^"\n]*"|'[^'\n]*'|[^\s,}#]+)/g)) {
    roots.add(unquote(match[1] ?? ""));
  }
  const directories = /^directories:([\s\S]*?)(?=^\S|(?![\s\S]))/m.exec(bufWorkYaml ?? "")?.[1] ?? "";
  for (const match of directories.replace(/#.*$/gm, "").matchAll(/"[^"\n]*"|'[^'\n]*'|[^\s,[\]]+/g)) {
    if (match[0] !== "-") roots.add(unquote(match[0]));
  }
  return [...roots, ".", "proto"].filter((root, index, all) => root !== "" && all.indexOf(root) === index);
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}
