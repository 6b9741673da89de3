// Values of the proof's upstream, and of what a client must see of them: written from the contract, not from the compiler.

/** A value that cannot be computed. */
export const MISSING: unique symbol = Symbol("missing");

/** An upstream's item. No value is a default, so a default in an answer is always wrong. */
export interface Item {
  readonly id: string;
  readonly name: string;
  readonly cents: bigint;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly width: number;
}
export function itemOf(id: string): Item {
  const at = id.charCodeAt(0) - 96;
  const tags = [`t-${id}`, "all"];
  return { id, name: `n-${id}`, cents: BigInt(at + 1), tags, attributes: { k: `v-${id}` }, width: at + 2 };
}

/** Faults of one request. */
export interface World {
  readonly name: "healthy" | "one item" | "one call" | "everything" | "anonymous";
  /** The items that the upstream refuses to give. */
  readonly failing: ReadonlySet<string>;
  readonly anonymous: boolean;
}
export const SINGLE_ID = "e";
export const IDS = ["a", "b", "c", "d"] as const;
const world = (name: World["name"], failing: readonly string[]): World => ({
  name,
  failing: new Set(failing),
  anonymous: name === "anonymous",
});
export const HEALTHY = world("healthy", []);
export const WORLDS: readonly World[] = [
  world("one item", ["c"]),
  world("one call", [SINGLE_ID]),
  world("everything", [...IDS, SINGLE_ID]),
  world("anonymous", []),
];

/** How a composed message gets its item, and what a client learns where it does not. */
export interface Source {
  readonly name: "call" | "batch" | "ignored" | "condition";
  /** The step of the composed message. */
  readonly step: string;
  /** Whether a client must be resolved of an item without a value. */
  readonly recorded: boolean;
  /** Returns the ids for which there is no item in a world. */
  readonly without: (world: World, ids: readonly string[]) => readonly string[];
}
const failing = (world: World, ids: readonly string[]): readonly string[] => ids.filter((id) => world.failing.has(id));
const CALL = 'call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }';
export const SOURCES: readonly Source[] = [
  { name: "call", step: `{ name: "item" supplementary: true ${CALL} } }`, recorded: true, without: failing },
  {
    name: "batch",
    step: `{ name: "item" supplementary: true call: { method: "up.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "args.id" items: "items" key: "id" } } }`,
    // The upstream leaves out what it does not have, which is no failure.
    recorded: false,
    without: failing,
  },
  {
    name: "ignored",
    step: `{ name: "item" ${CALL} on_error: { on: [UNAVAILABLE] ignore: true } } }`,
    recorded: false,
    without: failing,
  },
  {
    name: "condition",
    step: `{ name: "item" supplementary: true if: "args.id != 'b'" ${CALL} } }`,
    recorded: true,
    without: (world, ids) => ids.filter((id) => id === "b" || world.failing.has(id)),
  },
];
