// The entries of options around a place.
import type {
  Declaration,
  Field,
  OptionStatement,
  Stretch,
  WrittenMessage,
  WrittenValue,
} from "protoc-gen-bff/internal/language";
import { elementsAt } from "../../syntax/cursor.ts";
import type { Site } from "./change.ts";

/** A key with its value, in a message value. */
interface Entry {
  readonly field: Field;
  readonly around: WrittenMessage;
  /** The item of the value's list around the place. */
  readonly item: WrittenValue | undefined;
}

export interface OptionEntries {
  readonly element: Declaration;
  readonly option: OptionStatement;
  /** Outermost first. */
  readonly entries: readonly Entry[];
}

const contains = (outer: Stretch, inner: Stretch): boolean => outer.from <= inner.from && inner.to <= outer.to;

/** Returns the option around a place, with all entries in it that contain the place. */
export function optionAround(site: Site): OptionEntries | undefined {
  for (const element of elementsAt(site.file.parsed, site.from).toReversed()) {
    const option = element.options.find((candidate) => contains(candidate, site));
    if (option !== undefined) return { element, option, entries: [...entriesIn(option.value, site)] };
  }
  return undefined;
}

function* entriesIn(value: WrittenValue | undefined, site: Stretch): Generator<Entry> {
  if (value?.kind === "list") {
    const item = value.items.find((candidate) => contains(candidate, site));
    yield* entriesIn(item, site);
  }
  if (value?.kind !== "message") return;
  for (const field of value.fields) {
    if (!contains(stretchOf(field), site)) continue;
    const list = field.value?.kind === "list" ? field.value.items : [];
    yield { field, around: value, item: list.find((candidate) => contains(candidate, site)) };
    yield* entriesIn(field.value, site);
  }
}

export function stretchOf({ key, value }: Field): Stretch {
  return { from: key.from, to: value?.to ?? key.to };
}
