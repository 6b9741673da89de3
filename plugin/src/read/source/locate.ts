import type {
  DescEnum,
  DescEnumValue,
  DescExtension,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
  Registry,
} from "@bufbuild/protobuf";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { parseProto } from "./parse-proto.ts";
import { barePlace, literalPlace, type Place } from "./place.ts";
import { sourceText } from "./source-text.ts";
import type { Token } from "./tokens.ts";
import { type Declaration, elementsOf, type OptionStatement, type WrittenValue } from "./tree.ts";

/** Descriptors that may carry a rule. */
export type Element =
  | DescFile
  | DescMessage
  | DescField
  | DescExtension
  | DescOneof
  | DescEnum
  | DescEnumValue
  | DescService
  | DescMethod;

/** Finds the elements of one file, and the rules on them, in its source. */
export interface Locator {
  /** The element's name; of the file, its first character. */
  readonly name: (element: Element) => Origin;
  /** The value of the option `extension` on the element. */
  readonly rule: (element: Element, extension: DescExtension) => Place;
}

/**
 * Returns a locator. Without the source (or if it does not match), it gives the nearest position in the descriptor. The
 * lines are right; the columns may be off, because compilers count them in cells of a terminal.
 */
export function locate(file: DescFile, text: string | undefined, registry: Registry): Locator {
  const rough = locateRoughly(file);
  if (text === undefined) return rough;
  const source = sourceText(file.proto.name, text.startsWith("\uFEFF") ? text.slice(1) : text);
  const declared = new Map<string, Declaration>();
  for (const element of elementsOf(parseProto(source.text).file))
    if (!declared.has(element.name)) declared.set(element.name, element);
  const prefix = file.proto.package === "" ? 0 : file.proto.package.length + 1;
  const find = (element: Element) => declared.get(element.kind === "file" ? "" : fullName(element).slice(prefix));
  return {
    name: (element) => {
      const name = find(element)?.nameToken;
      return name === undefined ? rough.name(element) : source.origin(name.from, name.to);
    },
    rule: (element, extension) => {
      const scope = element.kind === "file" ? file.proto.package : fullName(element);
      const values = (find(element)?.options ?? [])
        .filter((option) => extensionNamed(option.extension, scope, registry)?.typeName === extension.typeName)
        .flatMap(optionValues);
      const [first, ...more] = values;
      return first === undefined ? rough.rule(element, extension) : literalPlace(source, [first, ...more]);
    },
  };
}

/** Returns the value of a path of names, none if it is missing: `(x).a.b = v` means the same as `(x) = { a: { b: v } }`. */
function optionValues({ path, value }: OptionStatement): readonly WrittenValue[] {
  if (value === undefined) return [];
  const { from, to } = value;
  const within = (inner: WrittenValue, key: Token): WrittenValue => ({
    kind: "message",
    closed: true,
    from,
    to,
    fields: [{ key, value: inner }],
  });
  return [path.reduceRight(within, value)];
}

/** Returns the extension named as in `option (name)`, from the innermost scope outwards. */
export function extensionNamed(name: string, scope: string, registry: Registry): DescExtension | undefined {
  if (name.startsWith(".")) return registry.getExtension(name.slice(1));
  for (let around = scope; around !== ""; around = around.slice(0, Math.max(0, around.lastIndexOf(".")))) {
    const found = registry.getExtension(`${around}.${name}`);
    if (found !== undefined) return found;
  }
  return registry.getExtension(name);
}

function fullName(element: Exclude<Element, DescFile>): string {
  if (element.kind === "field" || element.kind === "oneof" || element.kind === "rpc")
    return `${element.parent.typeName}.${element.name}`;
  return element.kind === "enum_value" ? `${element.parent.typeName}.${element.name}` : element.typeName;
}

function locateRoughly(file: DescFile): Locator {
  // Both are read on demand: no element is located roughly if the source is at hand.
  let spans: Paths | undefined;
  const inside = new Map<number, Paths>();
  const at = (...paths: readonly (readonly number[])[]): Origin => {
    spans ??= spansByPath(file);
    const found = paths.map((path) => spans?.get(path.join())).find((span) => span !== undefined);
    return spanOrigin(file.proto.name, found ?? [0, 0, 0]);
  };
  return {
    name: (element) => at([...path(element), 1], path(element)),
    rule: (element, extension) => {
      const options = [...path(element), OPTIONS_FIELDS[element.kind], extension.number];
      const first = inside.get(extension.number) ?? firstInside(file, extension.number);
      inside.set(extension.number, first);
      return barePlace(at(options, first.get(options.join()) ?? options, path(element)));
    },
  };
}

/** Numbers by path, as in `4,0,7,61001`. */
type Paths = ReadonlyMap<string, readonly number[]>;

/** The first path inside each path that ends with the number of an extension. */
function firstInside(file: DescFile, extension: number): Paths {
  const first = new Map<string, readonly number[]>();
  for (const { path } of file.proto.sourceCodeInfo?.location ?? []) {
    for (let at = path.indexOf(extension); at >= 0 && at < path.length - 1; at = path.indexOf(extension, at + 1)) {
      const options = path.slice(0, at + 1).join();
      if (!first.has(options)) first.set(options, path);
    }
  }
  return first;
}

/** The first span of each path. */
function spansByPath(file: DescFile): Paths {
  const spans = new Map<string, readonly number[]>();
  for (const { path, span } of file.proto.sourceCodeInfo?.location ?? []) {
    const key = path.join();
    if (!spans.has(key)) spans.set(key, span);
  }
  return spans;
}

/** A span of google.protobuf.SourceCodeInfo: three or four numbers that count from 0. */
function spanOrigin(file: string, span: readonly number[]): Origin {
  const [line = 0, column = 0, ...end] = span;
  const [endLine = line, endColumn = column] = end.length > 1 ? end : [line, end[0]];
  return { file, line: line + 1, column: column + 1, endLine: endLine + 1, endColumn: endColumn + 1 };
}

// Numbers of fields in google/protobuf/descriptor.proto.

function path(element: Element): readonly number[] {
  switch (element.kind) {
    case "file":
      return [];
    case "message":
      return element.parent === undefined
        ? [4, element.file.proto.messageType.indexOf(element.proto)]
        : [...path(element.parent), 3, element.parent.proto.nestedType.indexOf(element.proto)];
    case "enum":
      return element.parent === undefined
        ? [5, element.file.proto.enumType.indexOf(element.proto)]
        : [...path(element.parent), 4, element.parent.proto.enumType.indexOf(element.proto)];
    case "service":
      return [6, element.file.proto.service.indexOf(element.proto)];
    case "extension":
      return element.parent === undefined
        ? [7, element.file.proto.extension.indexOf(element.proto)]
        : [...path(element.parent), 6, element.parent.proto.extension.indexOf(element.proto)];
    case "field":
      return [...path(element.parent), 2, element.parent.proto.field.indexOf(element.proto)];
    case "oneof":
      return [...path(element.parent), 8, element.parent.proto.oneofDecl.indexOf(element.proto)];
    case "enum_value":
      return [...path(element.parent), 2, element.parent.proto.value.indexOf(element.proto)];
    case "rpc":
      return [...path(element.parent), 2, element.parent.proto.method.indexOf(element.proto)];
  }
}

const OPTIONS_FIELDS: Readonly<Record<Element["kind"], number>> = {
  file: 8,
  field: 8,
  extension: 8,
  message: 7,
  oneof: 2,
  rpc: 4,
  enum: 3,
  enum_value: 3,
  service: 3,
};
