// Place of a declaration in its proto, if the image contains source positions.
import type { DescEnum, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import type { UpstreamElement } from "protoc-gen-bff/compiler";

export interface Place {
  readonly file: string;
  /** From 1; undefined: the image was built without. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/** Numbers of fields in descriptor.proto. */
const FILE = { message: 4, enum: 5, service: 6, extension: 7 } as const;
const MESSAGE = { field: 2, message: 3, enum: 4, extension: 6 } as const;
const METHOD_OF_SERVICE = 2;
const VALUE_OF_ENUM = 2;
const NAME = 1;

function fileOf(element: UpstreamElement | DescService | DescFile): DescFile {
  if (element.kind === "file") return element;
  return "file" in element ? element.file : element.parent.file;
}

/** Returns the place of the name in a declaration. */
export function placeOf(element: UpstreamElement | DescService | DescFile): Place {
  const file = fileOf(element);
  const path = element.kind === "file" ? [] : [...pathOf(element), NAME];
  const span = file.proto.sourceCodeInfo?.location.find(
    (location) => location.path.length === path.length && location.path.every((part, i) => part === path[i]),
  )?.span;
  const [line, column] = span ?? [];
  const at = (index: number | undefined): number | undefined => (index === undefined ? undefined : index + 1);
  return { file: file.proto.name, line: at(line), column: at(column) };
}

function pathOf(element: UpstreamElement | DescService): readonly number[] {
  switch (element.kind) {
    case "service":
      return [FILE.service, element.file.proto.service.indexOf(element.proto)];
    case "rpc":
      return [...pathOf(element.parent), METHOD_OF_SERVICE, element.parent.proto.method.indexOf(element.proto)];
    case "field":
      return [...pathOf(element.parent), MESSAGE.field, element.parent.proto.field.indexOf(element.proto)];
    case "enum_value":
      return [...pathOf(element.parent), VALUE_OF_ENUM, element.parent.proto.value.indexOf(element.proto)];
    case "extension":
      return element.parent === undefined
        ? [FILE.extension, element.file.proto.extension.indexOf(element.proto)]
        : [...pathOf(element.parent), MESSAGE.extension, element.parent.proto.extension.indexOf(element.proto)];
    case "message":
      return ofType(element, element.file.proto.messageType, element.parent?.proto.nestedType, "message");
    case "enum":
      return ofType(element, element.file.proto.enumType, element.parent?.proto.enumType, "enum");
  }
}

function ofType<T extends DescMessage | DescEnum>(
  element: T,
  top: readonly unknown[],
  nested: readonly unknown[] | undefined,
  kind: "message" | "enum",
): readonly number[] {
  return element.parent === undefined || nested === undefined
    ? [FILE[kind], top.indexOf(element.proto)]
    : [...pathOf(element.parent), MESSAGE[kind], nested.indexOf(element.proto)];
}
