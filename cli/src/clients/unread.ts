// Fields of answers that no client reads.
import type { Answers } from "./answers.ts";
import type { ClientReads } from "./document.ts";

/** Fields that no client names. */
interface Unread {
  /** As `web.v1.Card.rating`. */
  readonly unread: readonly string[];
  /** Fields that some client may read, each with its first such place. */
  readonly unknown: readonly { readonly field: string; readonly place: string; readonly reason: string }[];
  readonly read: number;
}

/** Sorts the fields of answers by what the clients do with them. */
export function unreadFields({ messages }: Answers, clients: readonly ClientReads[]): Unread {
  const unread: string[] = [];
  const unknown: { field: string; place: string; reason: string }[] = [];
  let read = 0;
  for (const [name, message] of [...messages].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const field of message.fields) {
      const readers = clients.flatMap(({ messages }) => messages.get(name) ?? []);
      const full = `${name}.${field.name}`;
      const [all] = readers.flatMap(({ all }) => all);
      const [cannotTell] = readers.flatMap(({ cannotTell }) => cannotTell);
      if (readers.some(({ fields }) => fields.has(field.name))) read += 1;
      else if (all !== undefined) unknown.push({ field: full, place: all, reason: "takes the whole message" });
      else if (cannotTell !== undefined)
        unknown.push({ field: full, place: cannotTell, reason: "reads unknown fields" });
      else unread.push(full);
    }
  return { unread, unknown, read };
}
