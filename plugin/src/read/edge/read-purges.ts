import type { Purge } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrPurge } from "../../ir/edge.ts";
import { checkReference } from "../values/names.ts";
import { readTagTexts } from "../values/read-tags.ts";
import { type Declared, text } from "../values/values.ts";

/** Reads the events that purge tags. An incomplete one is left out. */
export function readPurges(values: readonly Declared<Purge>[], report: Report): readonly IrPurge[] {
  return values.flatMap((declared) => readPurge(declared, report) ?? []);
}

const EXAMPLES = {
  subject: '`subject: "orders.*.changed"`',
  jetstream: '`jetstream: "ORDERS"`, the name of a stream',
  type: "`type` with the name of a message",
  tag: '`tag: "order:{event.id}"`',
} as const;

function readPurge({ value, place }: Declared<Purge>, report: Report): IrPurge | undefined {
  const subject = text(value.subject, place, "subject");
  const jetstream = text(value.jetstream, place, "jetstream");
  const type = text(value.type, place, "type");
  const tags = readTagTexts(value.tag, place, "event", report);
  checkReference(type, "a message", report);
  if (subject !== undefined) checkSubject(subject, report);
  const missing = Object.entries({ subject, jetstream, type, tag: tags[0] }).find(([, part]) => part === undefined);
  if (missing === undefined && subject && jetstream && type) return { at: place.at, subject, jetstream, type, tags };
  const [name = "tag"] = missing ?? [];
  return fault(report, "BFF815", place.at, {
    message: `this "purge" has no "${name}"`,
    hint: `add ${EXAMPLES[name as keyof typeof EXAMPLES]}`,
  });
}

/** Checks the words of a subject: `*` is a whole word, and `>` the last one. */
function checkSubject({ value, at }: Text, report: Report): void {
  const words = value.split(".");
  const isWord = (word: string, i: number): boolean =>
    word === "*" || (word === ">" && i === words.length - 1) || /^[^\s*>]+$/.test(word);
  if (words.every(isWord)) return;
  fault(report, "BFF816", at, {
    message: `${JSON.stringify(value)} is not a subject of NATS`,
    hint: 'write words with dots between them, as in "orders.*.changed"; "*" matches a word, and ">" at the end all further words',
  });
}
