import type { Expression, Node } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/** Texts in the value of metadata that no header can hold (gRPC over HTTP/2, "ASCII-Value"). */
export const metadataValues: Check = {
  rules: {
    BFF516:
      "The value of metadata is printable ASCII. A header cannot contain other characters, and a line break would end it.",
  },
  run(model, report) {
    const seen = new Set<Expression["text"]>();
    for (const call of blocksOf(model).flatMap(callsIn)) {
      for (const { key, by } of call.metadata) {
        if (key.endsWith("-bin") || seen.has(by.text)) continue;
        seen.add(by.text);
        for (const { at, value } of texts(by.root)) {
          if (/^[\x20-\x7e]*$/.test(value)) continue;
          const broken = /[\r\n]/.test(value);
          fault(report, "BFF516", at, {
            message: broken
              ? `metadata "${key}" would contain a line break`
              : `metadata "${key}" would contain characters that a header cannot contain`,
            hint: broken ? "leave out the line break" : `send it as bytes, under "${key}-bin"`,
          });
        }
      }
    }
  },
};

/** The literal texts that become part of a value as they are. */
function texts(node: Node): { readonly at: Node["at"]; readonly value: string }[] {
  if (node.kind === "constant") return typeof node.value === "string" ? [{ at: node.at, value: node.value }] : [];
  if (node.kind !== "call") return [];
  if (node.overload === "conditional") return node.args.slice(1).flatMap(texts);
  return node.overload === "add_string" ? node.args.flatMap(texts) : [];
}
