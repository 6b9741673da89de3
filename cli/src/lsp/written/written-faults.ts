// Faults of options that buf reports without names, far away, or by ending itself. ReceiveFault in the text alone.

import type { DescExtension, DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { didYouMean, PROTOS } from "protoc-gen-bff/compiler";
import {
  type Declaration,
  elementsOf,
  isClosed,
  type OptionStatement,
  type Token,
  tokenize,
} from "protoc-gen-bff/internal/language";
import { addedImport } from "../features/changes/insert.ts";
import { extensionOf } from "../options/typed-path.ts";
import { fileOf, type SourceFile } from "../program/program.ts";
import { type ReceiveFault, unknownName, type WrittenFault, WrittenValues } from "./written-values.ts";

const EXTENSIONS = ["file", "service", "method", "message", "field", "enum", "enum_value"].map(
  (name) => `bff.v1.${name}`,
);
const OPTIONS_FILE = "bff/v1/options.proto";

/** Messages of options by the declarations that have them. */
const HOLDERS: Readonly<Record<Declaration["kind"], string>> = {
  file: "FileOptions",
  message: "MessageOptions",
  field: "FieldOptions",
  oneof: "OneofOptions",
  enum: "EnumOptions",
  enum_value: "EnumValueOptions",
  service: "ServiceOptions",
  rpc: "MethodOptions",
};
const NOUNS: Readonly<Record<Declaration["kind"], string>> = {
  file: "a file",
  message: "a message",
  field: "a field",
  oneof: "a oneof",
  enum: "an enum",
  enum_value: "a value of an enum",
  service: "a service",
  rpc: "an rpc",
};

/**
 * Returns the faults of a file's options of bff.v1, and of its imports, in their order.
 *
 * @param registry with the options
 * @param known names of files that it can import
 */
export function writtenFaults(file: SourceFile, registry: Registry, known: Iterable<string>): readonly WrittenFault[] {
  const names = new Set([...known, ...Object.keys(PROTOS)]);
  const text = file.document.getText();
  const countFaults: CountFaults = (version) => {
    const open = tokenize(version).filter(isOpen);
    const read = new WrittenOptions(fileOf(file.name, file.document.uri, version), registry);
    return open.length + read.faults(names).length - read.names / MANY;
  };
  const faults = new WrittenOptions(file, registry, countFaults).faults(names);
  const causes = faults.filter(({ derived }) => derived !== true);
  const found = (causes.length > 0 ? causes : faults).toSorted((a, b) => a.from - b.from);
  const quote = missingQuote(text, countFaults);
  if (quote === undefined) return found;
  // The rest was read without that quote.
  const line = text.lastIndexOf("\n", quote.from) + 1;
  return [...found.filter(({ to }) => to < line), quote];
}
/** More names than a file has. */
const MANY = 1_000_000;

class WrittenOptions {
  readonly #file: SourceFile;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #faults: WrittenFault[] = [];
  readonly #found: ReceiveFault = (fault) => void this.#faults.push(fault);
  readonly #values: WrittenValues;
  readonly #registry: Registry;
  #options = 0;
  readonly #extensions: readonly DescExtension[];

  /** @param countFaults undefined: ends of values without quotes are not searched */
  constructor(file: SourceFile, registry: Registry, countFaults?: CountFaults) {
    this.#registry = registry;
    this.#extensions = EXTENSIONS.flatMap((name) => registry.getExtension(name) ?? []);
    this.#file = file;
    this.#text = file.document.getText();
    this.#tokens = tokenize(this.#text);
    this.#values = new WrittenValues(this.#text, this.#found, (value) =>
      countFaults === undefined ? value.to : endOfBare(this.#text, value, countFaults),
    );
  }

  /** Number of options and of names in their values. */
  get names(): number {
    return this.#options + this.#values.names;
  }

  faults(known: ReadonlySet<string>): readonly WrittenFault[] {
    const imported = this.#imports(known);
    let first: OptionStatement | undefined;
    for (const element of elementsOf(this.#file.parsed.file)) {
      const seen = new Set<string>();
      for (const option of element.options) {
        const extension = this.#extension(option, element.kind);
        if (extension === undefined) continue;
        first ??= option;
        this.#options += 1 + option.path.length;
        this.#option(option, extension, seen);
      }
    }
    if (first !== undefined && !imported) this.#missingImport(first);
    return this.#faults;
  }

  /** Returns true if the file imports the options, or seems to. */
  #imports(known: ReadonlySet<string>): boolean {
    let isImported = false;
    for (const [i, word] of this.#tokens.entries()) {
      const [before, next, after] = [this.#tokens[i - 1], this.#tokens[i + 1], this.#tokens[i + 2]];
      if (word.text !== "import" || (before !== undefined && before.text !== ";")) continue;
      const path = next?.kind === "string" ? next : after;
      if (path?.kind !== "string") continue;
      const name = path.text.slice(1, -1);
      const near = known.has(name) ? undefined : didYouMean(name, known);
      isImported ||= name === OPTIONS_FILE || near === OPTIONS_FILE;
      if (near === undefined) continue;
      const [from, to] = [path.from + 1, path.to - 1];
      const message = `there is no "${name}" to import`;
      this.#found({ from, to, message, hint: `did you mean "${near}"?`, edit: { from, to, text: near } });
    }
    return isImported;
  }

  #missingImport({ from, extension }: OptionStatement): void {
    const statement = `import "${OPTIONS_FILE}";`;
    const edit = addedImport({ file: this.#file, registry: this.#registry, from, to: from, text: "" }, statement);
    this.#found({
      ...this.#nameOf({ from, extension }),
      message: `"${OPTIONS_FILE}" declares this option, and is not imported`,
      hint: `add \`${statement}\` to this file`,
      ...(edit && { edit }),
    });
  }

  /** Returns the option's extension; undefined: it is another's, or has a fault. */
  #extension(option: OptionStatement, kind: Declaration["kind"]): DescExtension | undefined {
    const { extension: name } = option;
    const found = extensionOf(name, this.#registry, this.#file.parsed.package);
    const holder = `google.protobuf.${HOLDERS[kind]}`;
    const right = this.#extensions.find(({ extendee }) => extendee.typeName === holder)?.typeName;
    if (found === undefined) {
      const near = didYouMean(name, right === undefined ? [] : [right]) ?? didYouMean(name, EXTENSIONS);
      if (near === undefined && !name.startsWith("bff.")) return undefined;
      const at = this.#nameOf(option);
      const message = `there is no option (${name})`;
      if (near === undefined) this.#found({ ...at, message, hint: `there are: ${EXTENSIONS.join(", ")}` });
      else this.#found({ ...at, message, hint: `did you mean "${near}"?`, edit: { ...at, text: near } });
      return undefined;
    }
    if (found.extendee.typeName === holder) return found;
    const at = this.#nameOf(option);
    const message = `(${name}) is no option of ${NOUNS[kind]}`;
    this.#found({ ...at, message, ...(right !== undefined && { hint: `its option is (${right})` }) });
    return undefined;
  }

  /** The name in the parentheses. */
  #nameOf({ from, extension }: Pick<OptionStatement, "from" | "extension">): { from: number; to: number } {
    const [start = ""] = /^[\s(.]*/.exec(this.#text.slice(from)) ?? [];
    return { from: from + start.length, to: from + start.length + extension.length };
  }

  #option(option: OptionStatement, { message }: DescExtension, seen: Set<string>): void {
    let holder: DescMessage | undefined = message;
    let field: DescField | undefined;
    for (const token of option.path) {
      if (holder === undefined) {
        const { from, to } = token;
        this.#found({
          from,
          to,
          message: `"${field?.name}" has no options inside`,
          hint: `leave ".${token.text}" out`,
        });
        return;
      }
      field = holder.fields.find(({ name }) => name === token.text);
      if (field === undefined) {
        unknownName(holder, token, this.#found);
        return;
      }
      holder = field.message;
    }
    const path = option.path.map(({ text }) => text).join(".");
    const last = option.path.at(-1);
    if (field !== undefined && last !== undefined) {
      if (seen.has(path) && field.fieldKind !== "list") {
        const { from, to } = last;
        this.#found({
          from,
          to,
          message: `"${path}" is set twice, and takes one value`,
          hint: "remove one of them",
          derived: true,
        });
      }
      this.#values.option(field, option.value, last);
    } else if (message !== undefined && option.value?.kind === "message") this.#values.message(message, option.value);
    else this.#found({ ...this.#nameOf(option), message: `(${option.extension}) has no options here`, derived: true });
    seen.add(path);
    this.#end(option);
  }

  /** Reports a missing semicolon or comma. */
  #end({ from, to, value }: OptionStatement): void {
    if (value === undefined || ("closed" in value && !value.closed)) return;
    const next = this.#tokens.find((token) => token.from >= to);
    const before = this.#tokens.findLast((token) => token.to <= from);
    const isStatement = before?.text === "option";
    if (next !== undefined && (isStatement ? [";"] : [",", "]"]).includes(next.text)) return;
    const isNext = isStatement ? /^(?:\w+|\})$/ : /^\($/;
    if (next !== undefined && !isNext.test(next.text)) {
      this.#found({ from: next.from, to: next.to, message: `"${next.text}" is not expected here`, derived: true });
      return;
    }
    const [mark, name] = isStatement ? [";", "semicolon"] : [",", "comma"];
    const message = `a ${name} is missing here`;
    this.#found({ from: to, to, message, hint: `write "${mark}"`, edit: { from: to, to, text: mark } });
  }
}

// Finds the place of quotes that are missing, by trying places of the line.

/** Returns the number of faults of a text, and less for a text with more names. */
type CountFaults = (text: string) => number;

/** Maximum number of places that are tried, and of the characters of their file: each is read once for each place. */
const MAX_PLACES = 300;
const MAX_CHARACTERS = 100_000;
/** More than the characters of a text count against the names of a file. */
const LONGEST = 1e10;

/** Returns true for a text without its end, and for a character that only texts have. */
const isOpen = (token: Token): boolean => (token.kind === "string" ? !isClosed(token) : token.text === "\\");

/** Returns the fault of the first text without an end, with the place that leaves the fewest faults. */
function missingQuote(text: string, countFaults: CountFaults): WrittenFault | undefined {
  const open = tokenize(text).find(isOpen);
  if (open === undefined || text.length > MAX_CHARACTERS) return undefined;
  const quote = open.kind === "string" ? open.text.charAt(0) : '"';
  const start = text.lastIndexOf("\n", open.from) + 1;
  const places = placesIn(text, start, open.to);
  const withQuote = (at: number): Token | undefined =>
    tokenize(inserted(text, at, quote)).find(({ from, to }) => from <= at && at < to);
  // Among equals, the shortest text is most probably meant.
  const at = best(countFaults(text), places, (place) => {
    const { from = 0, to = 0 } = withQuote(place) ?? {};
    return countFaults(inserted(text, place, quote)) + (to - from) / LONGEST;
  });
  if (at === undefined) return { ...open, ...faultOf(quote) };
  const whole = withQuote(at) ?? open;
  const edit = { from: at, to: at, text: quote };
  return { from: whole.from, to: Math.max(whole.from + 1, whole.to - 1), ...faultOf(quote), edit };
}

const faultOf = (quote: string) => ({
  message: "a quote is missing on this line",
  hint: `write ${quote} around the text`,
});

/** Returns the end of a value that has no quotes: the place for the second one that leaves the fewest faults. */
function endOfBare(text: string, value: Pick<Token, "from" | "to">, countFaults: CountFaults): number {
  if (text.length > MAX_CHARACTERS) return value.to;
  const line = text.indexOf("\n", value.from);
  const places = placesIn(text, value.to, line === -1 ? text.length : line);
  const withBoth = (at: number): number => countFaults(inserted(inserted(text, at, '"'), value.from, '"'));
  return best(countFaults(text), places, withBoth) ?? value.to;
}

/** Places beside white space and punctuation. */
function placesIn(text: string, start: number, end: number): readonly number[] {
  const places: number[] = [];
  for (let at = start; at <= end && places.length < MAX_PLACES; at++)
    if (!/\w/.test(text.charAt(at)) || !/\w/.test(text.charAt(at - 1))) places.push(at);
  return places;
}

/** Returns the first of the places with the fewest faults; undefined: no place has fewer than there are. */
function best(faults: number, places: readonly number[], countFaults: (place: number) => number): number | undefined {
  let [least, found]: [number, number | undefined] = [faults, undefined];
  for (const place of places) {
    const left = countFaults(place);
    if (left < least) [least, found] = [left, place];
  }
  return found;
}

const inserted = (text: string, at: number, by: string): string => text.slice(0, at) + by + text.slice(at);
