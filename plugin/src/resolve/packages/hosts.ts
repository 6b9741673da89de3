import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { EnvVar, Host } from "../model/model.ts";
import { holes } from "../policies/failure.ts";

const VARIABLE = /^\s*env\.(\w+)\s*$/;

/** Returns the host names of a package, with the variables in them. */
export function resolveHosts(texts: readonly Text[], env: readonly EnvVar[], report: Report): readonly Host[] {
  const strings = new Set(env.flatMap(({ variable: { name, type } }) => (type.kind === "string" ? [name] : [])));
  return texts.map((text) =>
    holes(text).map((part) => {
      if (typeof part === "string") return part;
      const [, name = ""] = VARIABLE.exec(part.value) ?? [];
      if (!strings.has(`env.${name}`))
        fault(report, "BFF225", part.at, {
          message: `"${part.value}" is no variable of type string of this package`,
          hint: `declare it in the file's rule, as in \`env: { name: "${name || "HOST"}" type: "string" }\`, and write {env.${name || "HOST"}}`,
        });
      return { env: name };
    }),
  );
}

/** The name as the author wrote it. */
export const hostText = (host: Host): string =>
  host.map((part) => (typeof part === "string" ? part : `{env.${part.env}}`)).join("");

/** The variables that a package's host names contain, as `env.NAME`. */
export const hostReads = (hosts: readonly Host[]): readonly string[] =>
  hosts.flat().flatMap((part) => (typeof part === "string" ? [] : [`env.${part.env}`]));
