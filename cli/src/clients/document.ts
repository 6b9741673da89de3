// The file that lists what a client reads: `web.client.json`.
import { isObject, isTexts } from "../contract/json.ts";
import { Refusal } from "../terminal.ts";

/** Ending of the names of these files. */
export const CLIENT_FILE = ".client.json";

/** Reads of one message by a client. */
export interface MessageReads {
  /** One place for each field that the client names, as `web/src/Card.tsx:14`. */
  readonly fields: ReadonlyMap<string, string>;
  /** Places that take the whole message. */
  readonly all: readonly string[];
  /** Places where the reads depend on data or on other programs. */
  readonly cannotTell: readonly string[];
}

/** Reads of a BFF's answers by one client. */
export interface ClientReads {
  readonly client: string;
  /** Digest of the answers that the client was compared with; undefined in older files. */
  readonly shape?: string | undefined;
  /** Share of the fields that are decided by name, from 0 to 1. */
  readonly decided: number;
  readonly messages: ReadonlyMap<string, MessageReads>;
}

/** Renders the file, in an order that does not depend on the program's. */
export function renderClient({ client, shape, decided, messages }: ClientReads): string {
  const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  // A place that takes many messages is enough once in each.
  const first = (places: readonly string[]): readonly string[] => [...places].sort().slice(0, 1);
  const document = {
    version: 1,
    client,
    shape,
    decided: Number(decided.toFixed(3)),
    messages: Object.fromEntries(
      sorted(messages).map(([name, { fields, all, cannotTell }]) => [
        name,
        { fields: Object.fromEntries(sorted(fields)), all: first(all), cannotTell: first(cannotTell) },
      ]),
    ),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Parses the file. Throws a `Refusal` with the remedy if the text has another form. */
export function parseClient(text: string, path: string): ClientReads {
  const fault = (what: string): Refusal =>
    new Refusal(`${path} ${what}: write it again with \`protobff contract --client\``, 2);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault("is no JSON");
  }
  const { version, client, shape, decided, messages }: Readonly<Record<string, unknown>> = isObject(value) ? value : {};
  if (version !== 1) throw fault(`has version ${JSON.stringify(version)}, and this protobff reads 1`);
  if (typeof client !== "string" || typeof decided !== "number" || !isObject(messages))
    throw fault("lacks `client`, `decided` or `messages`");
  const parsed = Object.entries(messages).map(([name, entry]): [string, MessageReads] => {
    const { fields, all, cannotTell }: Readonly<Record<string, unknown>> = isObject(entry) ? entry : {};
    if (!isObject(fields) || !isTexts(Object.values(fields)) || !isTexts(all) || !isTexts(cannotTell))
      throw fault(`has no \`fields\`, \`all\` and \`cannotTell\` of "${name}"`);
    return [name, { fields: new Map(Object.entries(fields) as [string, string][]), all, cannotTell }];
  });
  return { client, shape: typeof shape === "string" ? shape : undefined, decided, messages: new Map(parsed) };
}
