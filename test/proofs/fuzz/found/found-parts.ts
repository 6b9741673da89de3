// Parts of the cases in found-cases.ts.
export interface Found {
  readonly what: string;
  /** Options of the service. */
  readonly service?: string;
  /** More RPCs of the service. */
  readonly rpcs?: string;
  /** True if its rpc is not declared free of side effects. */
  readonly effects?: true;
  /** Callers may be known. */
  readonly known?: true;
  /** Its page comes in parts, too. */
  readonly parts?: true;
  /** The message `Sub`, where another one is composed. */
  readonly sub?: string;
  /** More messages. */
  readonly messages?: string;
  readonly let: readonly string[];
  readonly fields: readonly string[];
}

/** Options of a file with known callers. */
export const IDENTITY = `identity: { type: "Principal" source: { name: "user" jwt: { issuer: "https://auth.shop.example" audience: "shop" } set: [ { name: "subject" by: "credential.subject" }, { name: "realms" by: "credential.scopes" } ] } }`;

export const item = (name: string, more = ""): string =>
  `{ name: "${name}" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }${more} } }`;
export const spare = (name: string, more = ""): string =>
  item(name, more).replace('" call', '" supplementary: true call');
