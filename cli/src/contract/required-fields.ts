// Fields of requests (proto2) that are newly required and that the consumer never sets.
import type { DescMessage, Registry } from "@bufbuild/protobuf";
import { factsOf, parentName, shortName } from "protoc-gen-bff/compiler";
import type { Contract } from "./document.ts";
import type { Finding } from "./finding.ts";
import { placeOf } from "./place.ts";

export function newRequired({ methods, consumer }: Contract, registry: Registry): readonly Finding[] {
  return [...requests(methods, registry)].flatMap(([desc, { sets, method }]) =>
    desc.fields.flatMap((field): readonly Finding[] => {
      const name = `${desc.typeName}.${field.name}`;
      const facts = factsOf(field);
      if (facts.kind !== "field" || facts.presence !== "required" || sets.has(name)) return [];
      const call = `${shortName(parentName(method))}/${shortName(method)}`;
      return [
        {
          severity: "break",
          code: "BFF916",
          element: desc.typeName,
          message: `field "${name}" is required, and ${consumer} does not set it`,
          uses: [`in requests of ${call}`],
          instead: "make it `optional`, and decide in the server what its absence means",
          at: placeOf(field),
        },
      ];
    }),
  );
}

interface Sent {
  readonly sets: ReadonlySet<string>;
  readonly method: string;
}

/** Returns the messages of requests, and the messages in fields that the consumer sets. */
function requests(methods: Contract["methods"], registry: Registry): ReadonlyMap<DescMessage, Sent> {
  const found = new Map<DescMessage, Sent>();
  for (const [method, { facts, sets: names }] of methods) {
    const sets = new Set(names);
    const root = facts.kind === "method" ? registry.getMessage(facts.request) : undefined;
    const open = root === undefined ? [] : [root];
    for (let desc = open.pop(); desc !== undefined; desc = open.pop()) {
      if (found.has(desc)) continue;
      found.set(desc, { sets, method });
      for (const field of desc.fields)
        if (field.message !== undefined && sets.has(`${desc.typeName}.${field.name}`)) open.push(field.message);
    }
  }
  return found;
}
