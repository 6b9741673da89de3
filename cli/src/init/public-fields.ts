// Public and withheld fields of a new BFF, as text for the terminal.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isRequired } from "./copies.ts";
import { snakeCase } from "./names.ts";
import type { BegunBff } from "./plan-bff.ts";
import { type PrivateField, privateReason } from "./private-fields.ts";

/** Maximum number of printed lines of a list; the proto has all. */
const MOST = 20;

/** @param proto the BFF's proto, from the package's folder */
export function publicLines(bff: BegunBff, proto: string): readonly string[] {
  const messages = answered(bff);
  const count = messages.reduce((all, { fields }) => all + fields.length, 0);
  const withheld = withheldBy(bff);
  const required = bff.requestFields.filter(
    ({ field }) => isRequired(field) && privateReason(field, "request") !== undefined,
  );
  return [
    `public from now on, ${count} ${count === 1 ? "field" : "fields"} of answers:`,
    ...listed(messages.map(({ name, fields }) => `${name}: ${fields.join(", ")}`)),
    ...(withheld.length === 0
      ? []
      : [`left out, since ${withheld.length === 1 ? "it looks" : "they look"} private:`, ...listed(withheld)]),
    ...(required.length === 0
      ? []
      : [
          `required from clients although private by ${required.length === 1 ? "its name" : "their names"}, since upstreams require it: ${required.map(({ name }) => name).join(", ")}`,
        ]),
    `to prune: delete what clients must not have from ${proto}, and then the comment protobff:unreviewed there`,
  ];
}

function listed(all: readonly string[]): readonly string[] {
  const lines = all.slice(0, MOST).map((text) => `  ${text}`);
  return all.length <= MOST ? lines : [...lines, `  and ${all.length - MOST} more`];
}

interface PublicMessage {
  readonly name: string;
  readonly fields: readonly string[];
}

/** The response, and the copies that it reaches. */
function answered(bff: BegunBff): readonly PublicMessage[] {
  const copies = new Map(bff.copies.messages().map((copy) => [copy.desc, copy]));
  const types = bff.responseFields.flatMap(({ type }) => {
    if (type === "bool") return [];
    return type.kind === "message" ? [type] : messageOf(type);
  });
  const reached = new Set<DescMessage>(types);
  for (const desc of reached)
    for (const message of (copies.get(desc)?.fields ?? []).flatMap(messageOf)) reached.add(message);
  return [
    { name: bff.response, fields: bff.responseFields.map(({ name }) => name) },
    ...[...reached].flatMap((desc) => {
      const copy = copies.get(desc);
      return copy === undefined || copy.fields.length === 0
        ? []
        : [{ name: copy.name, fields: copy.fields.map(({ name }) => snakeCase(name)) }];
    }),
  ];
}

const messageOf = ({ message }: DescField): readonly DescMessage[] => (message === undefined ? [] : [message]);

function withheldBy({ steps, copies, requestFields }: BegunBff): readonly string[] {
  const sent = new Set(requestFields.flatMap(({ field }) => messageOf(field)));
  for (const desc of sent) for (const message of desc.fields.flatMap(messageOf)) sent.add(message);
  const line = ({ field, reason }: PrivateField, isSent: boolean): string =>
    `${field.parent.typeName}.${field.name} (${reason}${isSent ? "; not sent to the upstream" : ""})`;
  const all = [
    ...steps.flatMap(({ withheld }) => withheld.answer.map((field) => line(field, false))),
    ...steps.flatMap(({ withheld }) => withheld.request.map((field) => line(field, true))),
    ...copies.messages().flatMap(({ desc, withheld }) => withheld.map((field) => line(field, sent.has(desc)))),
  ];
  return [...new Set(all)];
}
