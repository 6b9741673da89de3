import { BlockList, isIP } from "node:net";
import type { Settings } from "../settings.ts";

/** Variable with the proxies whose `x-forwarded-for` is trusted. */
export const TRUSTED_PROXIES = "BFF_TRUSTED_PROXIES";

/**
 * Reads the networks of BFF_TRUSTED_PROXIES. Returns undefined if it is not set, or if it is invalid, which is
 * reported.
 */
export function readNetworks(settings: Pick<Settings, "strings" | "fault">): Networks | undefined {
  const texts = settings.strings(TRUSTED_PROXIES, "");
  if (texts.length === 0) return undefined;
  try {
    return new Networks(texts);
  } catch (thrown) {
    const problem = thrown instanceof RangeError ? thrown.message : String(thrown);
    settings.fault(TRUSTED_PROXIES, problem, "addresses and networks separated by commas, like 10.0.0.0/8, fd00::/8");
    return undefined;
  }
}

/** A set of IP addresses: single ones, and networks in CIDR notation (RFC 4632; RFC 4291, 2.3). */
export class Networks {
  readonly #list = new BlockList();

  /** @throws RangeError for a text that is neither an address nor a network */
  constructor(texts: readonly string[]) {
    for (const text of texts) this.#add(text);
  }
  #add(text: string): void {
    const [, written = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    // In an IPv4-mapped address the bits from 96 on are those of IPv4.
    const address = plainAddress(written);
    const family = familyOf(address);
    const most = family === "ipv4" ? 32 : 128;
    const mapped = isIP(written) === 6 && family === "ipv4";
    const bits = length === undefined ? most : Number(length) - (mapped ? 96 : 0);
    if (isIP(written) === 0 || bits < 0 || bits > most)
      throw new RangeError(`has ${JSON.stringify(text.slice(0, 60))} in it, which is neither an address nor a network`);
    this.#list.addSubnet(address, bits, family);
  }

  /**
   * Reports whether an address is in one of the networks.
   *
   * @param address as `plainAddress` gives it; "" is in no network
   */
  has(address: string): boolean {
    return address !== "" && this.#list.check(address, familyOf(address));
  }
}

const familyOf = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Returns the canonical form of an address, so that equal addresses have equal texts. The form has no zone, and an
 * IPv4-mapped address becomes IPv4. Returns "" if the text is no address.
 */
export function plainAddress(text: string): string {
  const unzoned = text.replace(/%.*$/s, "");
  const version = isIP(unzoned);
  if (version === 0) return "";
  if (version === 4) return unzoned;
  const mapped = MAPPED.exec(unzoned)?.[1];
  if (mapped !== undefined) return mapped;
  // WHATWG's form is that of RFC 5952, except that mapped addresses are in hexadecimal.
  const canonical = URL.parse(`http://[${unzoned}]/`)?.hostname.slice(1, -1) ?? "";
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const bytes = [high, low].map((part) => Number.parseInt(part, 16)).flatMap((word) => [word >> 8, word & 255]);
  return bytes.join(".");
}

/** Maximum number of hops that are followed. */
const MAX_HOPS = 32;

/**
 * Returns the address of the client that began a request through proxies. Each proxy appends the address of its peer to
 * `x-forwarded-for`. The header is read from the right, up to the first address that is not trusted.
 *
 * @param direct the connection's other end
 * @param forwarded the values of the header, in order
 */
export function clientAddress(direct: string, forwarded: readonly string[], trusted: Networks): string {
  if (!trusted.has(direct)) return direct;
  let address = direct;
  let left = MAX_HOPS;
  for (const hop of hopsFromRight(forwarded)) {
    if (left-- === 0) break;
    const hopAddress = plainAddress(withoutPort(hop.trim()));
    if (hopAddress === "") return address; // a trusted proxy does not report an address
    address = hopAddress;
    if (!trusted.has(hopAddress)) return hopAddress;
  }
  return address;
}

/** Returns the hops from the last one on, without reading those before. */
function* hopsFromRight(forwarded: readonly string[]): Generator<string> {
  for (const value of forwarded.toReversed())
    for (let end = value.length, comma = 0; comma >= 0; end = comma) {
      comma = end === 0 ? -1 : value.lastIndexOf(",", end - 1);
      yield value.slice(comma + 1, end);
    }
}

/** Removes a port, which some proxies add: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(hop) ?? [];
  return v6 ?? v4 ?? hop;
}
