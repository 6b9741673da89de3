// The files of clients beside buf.gen.yaml.
import { type NamedText, textsIn } from "../project/other-side.ts";
import { type Answers, shapeOf } from "./answers.ts";
import { CLIENT_FILE, type ClientReads, parseClient } from "./document.ts";

/** Reads all clients of a folder, and those of another side of a comparison, by name. */
export function clientsIn(folder: string, others: readonly NamedText[] = []): readonly ClientReads[] {
  return merged([...textsIn(folder, CLIENT_FILE), ...others].map(({ name, text }) => parseClient(text, name)));
}

/** Returns a sentence for each client whose file was written for other answers than those of any side. */
export function staleFiles(clients: readonly ClientReads[], sides: readonly Answers[]): readonly string[] {
  const shapes = sides.map(shapeOf);
  return clients
    .filter(({ shape }) => shape === undefined || !shapes.includes(shape))
    .map(({ client }) => `${client}${CLIENT_FILE} is of other answers: write it again with protobff contract --client`);
}

/** Joins the files of one client on both sides; the places of the first one are kept. */
function merged(clients: readonly ClientReads[]): readonly ClientReads[] {
  const found = new Map<string, ClientReads>();
  for (const each of clients) {
    const known = found.get(each.client);
    if (known === undefined) {
      found.set(each.client, each);
      continue;
    }
    const messages = new Map(known.messages);
    for (const [name, reads] of each.messages) {
      const { fields, all, cannotTell } = messages.get(name) ?? { fields: new Map(), all: [], cannotTell: [] };
      messages.set(name, {
        fields: new Map([...reads.fields, ...fields]),
        all: [...all, ...reads.all],
        cannotTell: [...cannotTell, ...reads.cannotTell],
      });
    }
    found.set(each.client, { ...known, messages });
  }
  return [...found.values()];
}
