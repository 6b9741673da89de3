// Fields that a change removes from answers, and that clients read.
import { type Finding, phrase } from "../diff/finding.ts";
import { type Answers, typeOf } from "./answers.ts";
import type { ClientReads } from "./document.ts";

/**
 * Returns a finding for each client and field that is removed, or has another type, and is or may be read.
 *
 * @param clients of both sides; a deployed client still reads what the older file lists
 */
export function readRemovals(before: Answers, after: Answers, clients: readonly ClientReads[]): readonly Finding[] {
  return [...before.messages].flatMap(([name, message]) =>
    message.fields.flatMap((field): readonly Finding[] => {
      const same = after.messages.get(name)?.fields.find((each) => each.name === field.name);
      if (same !== undefined && typeOf(same) === typeOf(field)) return [];
      const change = same === undefined ? "removes" : "changes the type of";
      return clients.flatMap(({ client, messages }): readonly Finding[] => {
        const { fields, all, cannotTell } = messages.get(name) ?? {
          fields: new Map<string, string>(),
          all: [],
          cannotTell: [],
        };
        const place = fields.get(field.name);
        const unsure = all[0] ?? cannotTell[0];
        if (place === undefined && unsure === undefined) return [];
        const reads = place === undefined ? phrase`, which may be read at ${unsure ?? ""}` : phrase`, read at ${place}`;
        return [
          {
            kind: "clients",
            level: "worse",
            message: [`${change} `, { code: field.name }, ...reads, ` by ${client}`],
            where: [name.slice(name.lastIndexOf(".") + 1)],
          },
        ];
      });
    }),
  );
}
