// All variables of a server that are no secrets: with the default, empty if they have to be set, or else in a comment.
import { comment, quoted } from "../text/yaml.ts";
import type { ServerDeployment } from "./server-deployment.ts";
import type { DeployVariable } from "./variable.ts";

export function configMap({ name, variables }: ServerDeployment): string {
  const open = variables.filter(({ kind }) => kind !== "secret");
  const needed = open.filter((variable) => variable.required === true && variable.here === undefined);
  const rest = open.filter((variable) => !needed.includes(variable));
  const blocks = [
    ...(needed.length === 0 ? [] : ["  # ---- to be set ----", ...entries(needed), "  # ---- may be left ----"]),
    ...entries(rest),
  ];
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
data:
${blocks.join("\n")}
`;
}

/** Returns the entries. Comments that several entries in a row share are printed once. */
function entries(variables: readonly DeployVariable[]): readonly string[] {
  return variables.flatMap((variable, i) => {
    const comments = commentsOf(variable);
    const before = variables[i - 1];
    const again = before !== undefined && commentsOf(before).join() === comments.join();
    return [...(again ? [] : comments.map((text) => `  # ${comment(text)}`)), line(variable)];
  });
}

function commentsOf({ about, here, required, default: initial, example }: DeployVariable): readonly string[] {
  const like = required === true && here === undefined && example !== undefined ? `, like ${example}` : "";
  if (here === undefined) return [about + like];
  return [about, `${here.why}${initial === undefined ? "" : ` (by default ${initial})`}`];
}

function line({ name, here, required, default: initial, example, emptyCounts, offered }: DeployVariable): string {
  if (offered === true) return `  # ${keyOf(name)}: ${quoted(example ?? initial ?? "")}`;
  const value = here?.value ?? initial;
  if (value !== undefined) return `  ${keyOf(name)}: ${quoted(value)}`;
  // The empty text counts as not set, and the server reports it. If an empty text would count as set, the entry is left
  // out.
  if (required === true && emptyCounts !== true) return `  ${keyOf(name)}: ""`;
  return `  # ${keyOf(name)}: ${quoted(example ?? "")}`;
}

/** Returns a key, quoted if YAML would read it as anything but text. */
export const keyOf = (name: string): string =>
  /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$|^PORT$|^HOST$/.test(name) ? name : quoted(name);
