// Descriptors of the options on the way to a cursor.
import type { DescExtension, DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { extensionNamed } from "protoc-gen-bff/internal/language";
import type { ValuePlace } from "../syntax/cursor.ts";

/** The option fields of a path. */
export interface TypedPath {
  /** Message of the option itself, as bff.v1.FieldRule. */
  readonly rule: DescMessage;
  /** One for each part of the path, as far as they are known. */
  readonly fields: readonly DescField[];
  /** The message whose fields may stand at the end of the path. Undefined: the path ends in a scalar. */
  readonly message: DescMessage | undefined;
}

/** Returns the descriptors of a path. Undefined: it is no option of protobff. */
export function typedPath({ option, path }: ValuePlace, registry: Registry, container: string): TypedPath | undefined {
  const rule = extensionOf(option.extension, registry, container)?.message;
  if (rule === undefined) return undefined;
  const fields: DescField[] = [];
  let message: DescMessage | undefined = rule;
  for (const { key } of path) {
    const field: DescField | undefined = message?.fields.find(({ name }) => name === key);
    if (field === undefined) return { rule, fields, message: undefined };
    fields.push(field);
    message = field.message;
  }
  return { rule, fields, message };
}

/** Full name of the last option field of a path: "bff.v1.Bind.by". */
export function fieldNameOf({ fields }: TypedPath): string {
  const last = fields.at(-1);
  return last === undefined ? "" : `${last.parent.typeName}.${last.name}`;
}

/** Returns the option of bff.v1 that a name means in a package. */
export function extensionOf(name: string, registry: Registry, container: string): DescExtension | undefined {
  const found = extensionNamed(name, container, registry);
  return found?.message?.typeName.startsWith("bff.v1.") ? found : undefined;
}
