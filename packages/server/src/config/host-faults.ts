// Host names of services, some of which come from variables.
import { isHostName } from "@protobff/messages/host-names.js";
import type { ConfigFault } from "@protobff/runtime/internal/environment/variable-reader";

const REMEDY = "a host name in lower case without scheme, port and path, like shop.example, or *. before one";

/**
 * Returns a fault for each variable that makes a host name malformed.
 *
 * @param env values of the variables that expressions read, by name; those of several packages are nested
 */
export function hostFaults(
  endpoints: readonly { readonly hosts?: readonly string[] | undefined }[],
  env: unknown,
): readonly ConfigFault[] {
  const hosts = new Set(endpoints.flatMap(({ hosts = [] }) => hosts));
  const malformed = [...hosts].filter((host) => !isHostName(host));
  if (malformed.length === 0) return [];
  const texts = textsIn(env);
  return malformed.flatMap((host) => {
    const problem = `makes the host ${JSON.stringify(host.slice(0, 60))}, which is none`;
    const parts = texts.filter(([, text]) => host.includes(text));
    // An empty value is part of every host: it counts only if no other value is.
    const filled = parts.filter(([, text]) => text !== "" && !isHostName(text));
    const found = [filled, parts.filter(([, text]) => text === ""), parts].find(({ length }) => length > 0) ?? [];
    if (found.length === 0)
      return [{ variable: "host", problem: `${JSON.stringify(host)} is no host`, remedy: REMEDY }];
    return found.map(([variable]) => ({ variable, problem, remedy: REMEDY }));
  });
}

/** Returns names and values of all texts. */
function textsIn(env: unknown): readonly (readonly [string, string])[] {
  if (typeof env !== "object" || env === null) return [];
  return Object.entries(env).flatMap(([name, value]: [string, unknown]): readonly (readonly [string, string])[] =>
    typeof value === "string" ? [[name, value]] : textsIn(value),
  );
}
