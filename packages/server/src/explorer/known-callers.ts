// Callers that a page's request may use: those of `protobff dev`, listed by its issuer. Their credentials stay in this
// process.

/** A caller, and the header that identifies it. */
interface Known {
  readonly as: string;
  readonly header: string;
  readonly value: string;
}

const MAX_MS = 5_000;
const MAX_BYTES = 1 << 20;
const MOST = 500;

export class KnownCallers {
  readonly #address: string | undefined;

  /** @param address of the list, as JSON, on this machine; undefined: there is none */
  constructor(address: string | undefined) {
    this.#address = address;
  }

  /** Returns the callers' names, the default first. Rejects if the list cannot be fetched. */
  async names(): Promise<readonly string[]> {
    return (await this.#all()).map(({ as }) => as);
  }

  /** Returns the header of a caller; undefined for an unknown name. Rejects if the list cannot be fetched. */
  async headerOf(name: string): Promise<readonly [name: string, value: string] | undefined> {
    const found = (await this.#all()).find(({ as }) => as === name);
    return found && [found.header, found.value];
  }

  /** Fetches the list each time, because tokens expire. */
  async #all(): Promise<readonly Known[]> {
    if (this.#address === undefined) return [];
    const response = await fetch(this.#address, { redirect: "error", signal: AbortSignal.timeout(MAX_MS) });
    const text = await textOf(response);
    if (!response.ok) throw new Error(text.slice(0, 500).trim());
    const all = jsonOf(text);
    if (!Array.isArray(all) || all.length > MOST || !all.every(isKnown))
      throw new Error("what came is no list of callers");
    return all;
  }
}

/** The message of the engine would quote a credential. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("what came is no JSON");
  }
}

function isKnown(entry: unknown): entry is Known {
  if (typeof entry !== "object" || entry === null) return false;
  const { as, header, value } = entry as { readonly [Name in keyof Known]?: unknown };
  return typeof as === "string" && typeof header === "string" && typeof value === "string";
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`what came has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
