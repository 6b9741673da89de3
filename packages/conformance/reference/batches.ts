// Joins calls for single keys into calls for many keys.
import { type CelInput, isCelList, isCelMap } from "@bufbuild/cel";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { celOf } from "./values.ts";

/** Items of an answer by the texts of their keys. */
type Items = ReadonlyMap<string, CelInput>;

interface Open {
  readonly keys: Map<string, CelInput>;
  /** The call that has a key, once they are sent. */
  readonly sent: Promise<ReadonlyMap<string, Promise<Items>>>;
}

/** The batches of one response. */
export class Batches {
  readonly #open = new Map<string, Open>();

  /**
   * Returns the item of a key; undefined if there is none.
   *
   * @param group keys of one group are sent together
   * @param max number of keys of a call
   */
  async item(group: string, key: CelInput, max: number, send: (keys: readonly CelInput[]) => Promise<Items>) {
    const keys = this.#open.get(group)?.keys ?? new Map<string, CelInput>();
    keys.set(String(key), key);
    const open = this.#open.get(group) ?? { keys, sent: this.#sent(group, keys, max, send) };
    this.#open.set(group, open);
    const items = await (await open.sent).get(String(key));
    return items?.get(String(key));
  }

  /** Waits for all keys of the moment, and sends them. */
  async #sent(
    group: string,
    keys: ReadonlyMap<string, CelInput>,
    max: number,
    send: (keys: readonly CelInput[]) => Promise<Items>,
  ): Promise<ReadonlyMap<string, Promise<Items>>> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#open.delete(group);
    const all = [...keys.values()];
    const found = new Map<string, Promise<Items>>();
    for (let at = 0; at < all.length; at += max) {
      const chunk = all.slice(at, at + max);
      const items = send(chunk);
      items.catch(() => undefined);
      for (const key of chunk) found.set(String(key), items);
    }
    return found;
  }
}

/** Returns the items of an answer: a map, or a list whose items have their key in a field. The first of equals wins. */
export function itemsOf(answer: ReflectMessage, name: string, key: string | undefined): Items {
  const field = answer.desc.fields.find((candidate) => candidate.name === name);
  const values = field && celOf(answer, field);
  const found = new Map<string, CelInput>();
  if (isCelMap(values)) for (const [itemKey, item] of values) found.set(String(itemKey), item as CelInput);
  for (const item of isCelList(values) ? values : []) {
    const id = isReflectMessage(item) ? item.desc.fields.find((candidate) => candidate.name === key) : undefined;
    if (id === undefined || !isReflectMessage(item)) continue;
    const text = String(celOf(item, id));
    if (!found.has(text)) found.set(text, item);
  }
  return found;
}
