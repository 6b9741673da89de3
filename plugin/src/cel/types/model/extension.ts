// Extensions of proto2: they are fields on the wire, but not in any type that protobuf-es generates for the message.
import type { DescExtension, DescFile, DescMessage } from "@bufbuild/protobuf";

/**
 * Returns the extension of a message that a name, with or without its package, may mean. Only extensions in the
 * message's file are known.
 */
export function extensionNamed(desc: DescMessage, name: string): DescExtension | undefined {
  const plain = name.replace(/^[[(](.*)[\])]$/, "$1");
  return extensionsIn(desc.file).find(
    (extension) =>
      extension.extendee.typeName === desc.typeName && (extension.name === plain || extension.typeName === plain),
  );
}

/** Hint for a read of an extension. */
export const NO_EXTENSIONS = "read a field of the message itself, or leave it out: extensions are not supported";

function extensionsIn(scope: DescFile | DescMessage): readonly DescExtension[] {
  const direct = scope.kind === "file" ? scope.extensions : scope.nestedExtensions;
  const messages = scope.kind === "file" ? scope.messages : scope.nestedMessages;
  return [...direct, ...messages.flatMap(extensionsIn)];
}
