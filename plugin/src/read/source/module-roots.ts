/**
 * Returns the folders that names of .proto files may be relative to, best guess first. `buf.yaml` and `buf.work.yaml`
 * are those of the working directory. The two forms of YAML in buf files are scanned, not parsed. An unneeded folder
 * does no harm, because it is only searched.
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
