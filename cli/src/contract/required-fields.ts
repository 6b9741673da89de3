// Fields of requests (proto2) that are newly required and that the consumer never sets.
import type { Registry } from "@bufbuild/protobuf";
import { elementName, parentName, shortName, unsetRequired } from "protoc-gen-bff/compiler";
import type { Contract } from "./document.ts";
import type { Finding } from "./finding.ts";
import { placeOf } from "./place.ts";

export function newRequired({ methods, consumer }: Contract, registry: Registry): readonly Finding[] {
  const found = [...methods].flatMap(([method, { facts, sets }]) => {
    const fields = facts.kind === "method" ? unsetRequired(registry, facts.request, new Set(sets)) : [];
    return fields.map((field) => [field, method] as const);
  });
  // A message of several methods is reported for the first.
  const first = new Map(found.toReversed());
  return [...first].toReversed().map(([field, method]): Finding => {
    const call = `${shortName(parentName(method))}/${shortName(method)}`;
    return {
      severity: "break",
      code: "BFF916",
      element: field.parent.typeName,
      message: `field "${elementName(field)}" is required, and ${consumer} does not set it`,
      uses: [`in requests of ${call}`],
      instead: "make it `optional`, and decide in the server what its absence means",
      at: placeOf(field),
    };
  });
}
