// Whom a request of one's own can be from: callers that `protobff dev` knows, told by its issuer. Their credentials stay in this process.

/** Somebody, and the header by which the server knows. */
interface Known {
  readonly as: string;
  readonly header: string;
  readonly value: string;
}

const LONGEST_MS = 5_000;
const MOST_BYTES = 1 << 20;
const MOST = 500;

export class KnownCallers {
  readonly #address: string | undefined;

  /** @param address of the list, as JSON, on this machine; undefined: there is none */
  constructor(address: string | undefined) {
    this.#address = address;
  }

  /** Their names, the usual one first. Rejects where they cannot be asked for. */
  async names(): Promise<readonly string[]> {
    return (await this.#all()).map(({ as }) => as);
  }

  /** The header that somebody sends; undefined: there is nobody of that name. Rejects where nobody can be asked for. */
  async headerOf(name: string): Promise<readonly [name: string, value: string] | undefined> {
    const found = (await this.#all()).find(({ as }) => as === name);
    return found && [found.header, found.value];
  }

  /** Anew each time: tokens end. */
  async #all(): Promise<readonly Known[]> {
    if (this.#address === undefined) return [];
    const response = await fetch(this.#address, { redirect: "error", signal: AbortSignal.timeout(LONGEST_MS) });
    const text = await textOf(response);
    if (!response.ok) throw new Error(text.slice(0, 500).trim());
    const all: unknown = JSON.parse(text);
    if (!Array.isArray(all) || all.length > MOST || !all.every(isKnown))
      throw new Error("what came is no list of callers");
    return all;
  }
}

function isKnown(one: unknown): one is Known {
  if (typeof one !== "object" || one === null) return false;
  const { as, header, value } = one as { readonly [Name in keyof Known]?: unknown };
  return typeof as === "string" && typeof header === "string" && typeof value === "string";
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error(`what came has more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
