// Options that use elements without naming them, and so cause no error when an upstream removes one.
import { parentName, shortName } from "@protobff/messages/upstream-facts.js";
import { type ProtoOption, SPREAD } from "./options.ts";
import { placeOfSelected } from "./place.ts";
import type { Used } from "./used-elements.ts";

/** Returns the first of an element's options that implies the element, if the author left the option as it is. */
export type Implying = (name: string, options: readonly ProtoOption[]) => ProtoOption | undefined;

/**
 * Returns the test for one file.
 *
 * @param at returns the option of a path, if the file still has it
 */
export function implyingIn(used: ReadonlyMap<string, Used>, at: (path: string) => ProtoOption | undefined): Implying {
  const byOption = new Map<string, Set<string>>();
  for (const [name, { uses }] of used)
    for (const { option } of uses) byOption.set(option, (byOption.get(option) ?? new Set()).add(name));
  const now = (option: ProtoOption): ReadonlySet<string> => byOption.get(option.path) ?? new Set();
  const hasSibling = (option: ProtoOption, name: string): boolean =>
    [...now(option)].some((other) => parentName(other) === parentName(name));
  const implies = (option: ProtoOption, name: string): boolean => {
    switch (option.implies) {
      case "spread":
        // A field that is set by its name is no part of the spread.
        if (at(option.path.slice(0, -SPREAD.length) + shortName(name)) !== undefined) return false;
        return placeOfSelected(option, shortName(name)) === undefined || hasSibling(option, name);
      case "name":
        return true;
      case "binding":
        return now(option).size > 0;
      default:
        // The messages and enums that clients see, and the enums whose values an expression may name, are used whole.
        return now(option).has(parentName(name));
    }
  };
  return (name, options) => options.find((option) => implies(option, name));
}
