import type { AmountValue } from "../../text/amount.ts";
import type { FileNames } from "../names/file-names.ts";
import { group, type Line } from "../text/lines.ts";

/** Prints a number, or the reading of its variable from `from`. */
export function amount({ value, env }: AmountValue, names: FileNames, from = "env"): Line {
  if (env === undefined) return [group(value)];
  const { name, min, max } = env;
  return [names.runtime("optionNumber"), `(${JSON.stringify(name)}, ${from}.${name}, ${group(min)}, ${group(max)})`];
}
