// Describes a consumer's uses of an element, for readers unfamiliar with the options of its protos.
import type { Reliance } from "protoc-gen-bff/compiler";

/**
 * Describes a use: "web/v1/web.proto: web.v1.Dashboard let.usage.call.set.user_id" becomes "step usage of
 * web.v1.Dashboard sets it, or makes user_id of it".
 */
export function useInWords(option: string): string {
  const path = option.slice(option.indexOf(": ") + 2);
  const [owner = path, what = ""] = split(path);
  const step = /(?:^|\.)let(?:\.([^.[]+)|\[\d+\])/.exec(what);
  if (step !== null) return ofStep(owner, step[1], what.slice(step.index + step[0].length));
  if (owner.startsWith("identity.")) return `the principal is computed from it (${owner})`;
  if (owner.startsWith("upstream[")) return `a policy of ${owner} reads it`;
  switch (what) {
    case "by":
    case "autobind":
      return `${owner} is computed from it`;
    case "alias":
    case "name":
      return `${owner} replaces it for clients`;
    case "type":
      return `clients get it in ${owner}`;
    case "if":
      return `it decides whether ${owner} is set`;
    default:
      return `${owner} uses it (${what})`;
  }
}

/** An owner, and the option of it: only the first may hold spaces no more. */
function split(path: string): readonly string[] {
  const at = path.lastIndexOf(" permit ") > 0 ? path.indexOf(" permit") : path.indexOf(" ");
  return at < 0 ? [path] : [path.slice(0, at), path.slice(at + 1)];
}

function ofStep(owner: string, name: string | undefined, option: string): string {
  const step = name === undefined ? `a step of ${owner}` : `step "${name}" of ${owner}`;
  const set = /call\.set\.([^.]+)/.exec(option);
  if (set !== null) return set[1] === "spread" ? `${step} sends it` : `${step} sends "${set[1]}" with it`;
  if (option.endsWith("call.method")) return `${step} calls it`;
  if (option.includes("call.batch")) return `${step} fetches several items at once with it`;
  if (option.includes("call.on_error")) return `${step} uses it to handle an error`;
  if (option.includes("call.metadata")) return `${step} sends it as a header`;
  if (option.includes("call.request")) return `${step} sends it`;
  if (option.includes("guard")) return `${step} uses it to decide whether the request is refused`;
  return `${step} reads it`;
}

const RELIED: Readonly<Record<Reliance, string>> = {
  order: "begins its calls before all checks of the request have passed, and shares equal calls",
  retry: "sends them again when they fail",
  hedge: "sends them twice when they are slow",
  cache: "keeps answers and uses them again",
};

/** Describes the behaviour of a consumer that depends on a repeatable method. */
export function reliancesInWords(reliesOn: readonly Reliance[], consumer: string): readonly string[] {
  return reliesOn.map((reliance) => `${consumer} ${RELIED[reliance]}`);
}
