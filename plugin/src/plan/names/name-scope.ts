// Names in emitted code.
import type { DescEnum, DescMessage, DescService } from "@bufbuild/protobuf";
import { camel } from "../../text/camel.ts";

const RESERVED = new Set(
  `abstract any args arguments as async await before boolean break case catch class const continue cx debugger declare default delete do else enum env error
  eval export extends false finally for from function get if implements import in instanceof interface let mark module namespace never new null number
  object of package private protected public readonly require return set static string super switch symbol this throw true try type typeof undefined
  unknown var void while with yield cel key items picked value bounded pairs create defined extended unlessEmpty atMost atMostRequested holds single itself shared unmapped supplied endpoint __proto__ Code Date Error Map Math Number Object Promise Set String Symbol BigInt Boolean Uint8Array JSON Array`.split(
    /\s+/,
  ),
);

/** Returns names that are free: the wish, or the wish with `_` after it. */
export class NameScope {
  readonly #taken: Set<string>;
  readonly #outer: NameScope | undefined;
  readonly #reserved: ReadonlySet<string>;
  /** @param reserved words that no name may equal; empty if each name gets a prefix */
  constructor(outer?: NameScope, taken: Iterable<string> = [], reserved: ReadonlySet<string> = RESERVED) {
    this.#outer = outer;
    this.#reserved = reserved;
    this.#taken = new Set(taken);
  }
  has(name: string): boolean {
    return this.#reserved.has(name) || this.#taken.has(name) || (this.#outer?.has(name) ?? false);
  }
  take(wish: string): string {
    let name = wish;
    while (this.has(name)) name += "_";
    this.#taken.add(name);
    return name;
  }
  /** Returns a name that is also free with `suffix` after it. */
  takeWith(wish: string, suffix: string): string {
    let name = wish;
    while (this.has(name) || this.has(name + suffix)) name += "_";
    this.#taken.add(name);
    this.#taken.add(name + suffix);
    return name;
  }
}

export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
export const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
/**
 * Returns the camel case name of a variable. Types, enums and schemas begin with a capital, so the variable must not.
 */
export const lowerCamel = (name: string): string => (/^[A-Z]/.test(name) ? `${camel(name)}_` : camel(name));
/** `userById` → `USER_BY_ID`. */
export const upperSnake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
/** agent.v1.AgentService → `agent`; if that is taken `agentService`, `agentV1`, `agentV1AgentService`. */
export function upstreamNames({ name, file }: DescService): string[] {
  const short = name.replace(/(.)Service$/, "$1");
  const path = file.proto.package.split(".").filter((part) => part !== "");
  const version = path.filter((part) => /^v\d/.test(part));
  const place = path.filter((part) => !/^v\d/.test(part)).at(-1);
  const within = place === undefined || lowerFirst(camel(place)) === lowerFirst(short) ? [] : [place, short];
  const wishes = [[short], [name], within, version.length === 0 ? [] : [short, ...version], [...path, name]];
  return wishes.filter((parts) => parts.length > 0).map((parts) => lowerFirst(camel(parts.join("_"))));
}
/**
 * Returns names for declarations that derive from a message or an enum, the shortest first: `Order_Line`,
 * `ShopV1OrderLine`, `ShopV1LineOfOrder`. The last name encodes the nesting; `ShopV1_OrderLine` encodes that nothing is
 * nested.
 */
export function messageNames(desc: DescMessage | DescEnum): string[] {
  const place = desc.file.proto.package.split(".").map(upperFirst).join("");
  const long = desc.typeName.split(/[._]/).map(upperFirst).join("");
  const nested: string[] = [];
  for (let at: DescMessage | DescEnum | undefined = desc; at !== undefined; at = at.parent) nested.push(at.name);
  return [localName(desc), long, place + (nested.length === 1 ? `_${desc.name}` : nested.join("Of"))];
}
/** A nested type's name as protobuf-es writes it: `Outer_Inner`. */
function localName(desc: DescMessage | DescEnum): string {
  return desc.parent === undefined ? desc.name : `${localName(desc.parent)}_${desc.name}`;
}
