// Extensions that copies and spreads drop: no field of a copy can name them.

import type { DescMessage, Registry } from "@bufbuild/protobuf";
import { caution, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import type { MessageConversion } from "../../model/conversion.ts";

const SHOWN = 3;

/** Warns of a message whose extensions get lost where it is copied or spread. */
export function suspectDropped(
  desc: DescMessage,
  { what, at, registry }: { readonly what: string; readonly at: Origin; readonly registry: Registry },
  suspect: Report,
): void {
  const names = extensionsOf(desc, registry);
  const isSet = desc.proto.options?.messageSetWireFormat === true;
  if (names.length === 0 && !isSet) return;
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  const lost = isSet ? "all that a MessageSet holds" : `${names.slice(0, SHOWN).join(", ")}${more}`;
  caution(suspect, "BFF570", at, {
    message: `${what} drops the extensions of "${desc.typeName}": ${lost}`,
    hint: `pass the message on whole, in a field of the type "${desc.typeName}", or accept the loss with "off=BFF570"`,
  });
}

/** Warns of copies of such messages, where their aliases are declared. */
export function suspectCopies(ir: Ir, copies: Iterable<MessageConversion>, suspect: Report): void {
  const declared = new Map(
    ir.files.flatMap((file) => (file.target ? file.messages : [])).map((message) => [message.desc, message]),
  );
  for (const { from, to, owner, position } of copies) {
    const message = declared.get(owner);
    const at = [message?.alias, ...(message?.otherAliases ?? [])][position]?.at;
    if (at === undefined) continue;
    suspectDropped(from, { what: `the copy "${to.typeName}"`, at, registry: ir.registry }, suspect);
  }
}

function extensionsOf(desc: DescMessage, registry: Registry): readonly string[] {
  if (desc.proto.extensionRange.length === 0) return []; // of most messages, so that the registry is not searched
  return [...registry].flatMap((type) =>
    type.kind === "extension" && type.extendee.typeName === desc.typeName ? [type.typeName] : [],
  );
}
