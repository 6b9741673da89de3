// Holds docs/runtime.md#callers
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ConfigFault, EnvReader } from "../../environment/env-reader.ts";
import { clientAddress, Networks, plainAddress, readNetworks } from "./networks.ts";

describe("addresses", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["2001:db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::1", "::1"],
    ["::", "::"],
    ["::192.0.2.1", "::c000:201"],
    ["", ""],
    ["unknown", ""],
    ["192.0.2.1:80", ""],
    ["192.0.2", ""],
    ["192.0.2.01", ""],
    ["_hidden", ""],
  ])("the plain address of %j is %j", (text, address) => expect(plainAddress(text)).toBe(address));
});

describe("networks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.1.2.3/8", "10.9.9.9", true], // bits beyond the length say nothing
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::ffff:10.0.0.0/104", "10.9.9.9", true],
    ["::ffff:10.0.0.0/104", "11.9.9.9", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["2001:DB8:0::/32", "2001:db8:ffff::1", true],
    ["fd00:0:0::/8", "fd12::1", true],
    ["::/0", "2001:db8::1", true],
    ["::/0", "", false],
    ["fd00::/8", "fdff::1", true],
  ])("the network %s contains %s: %s", (network, address, has) =>
    expect(new Networks([network]).has(address)).toBe(has),
  );

  test.each(["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "a.example", "/8", "::ffff:10.0.0.0/8"])(
    "%s is not a network",
    (text) => expect(() => new Networks([text])).toThrow(RangeError),
  );

  test("a network of IPv4 contains the addresses of its prefix (RFC 4632)", () => {
    const address = fc.nat({ max: 2 ** 32 - 1 });
    const text = (bits: number): string => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
    fc.assert(
      fc.property(address, address, fc.nat({ max: 32 }), (left, right, length) => {
        const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
        const expected = (left & mask) >>> 0 === (right & mask) >>> 0;
        expect(new Networks([`${text(left)}/${length}`]).has(text(right))).toBe(expected);
      }),
    );
  });

  test("a malformed network in the environment is a fault", () => {
    const faults: ConfigFault[] = [];
    const read = (BFF_TRUSTED_PROXIES: string) => readNetworks(new EnvReader({ BFF_TRUSTED_PROXIES }, faults));
    expect(read("")).toBeUndefined();
    expect(read("10.0.0.0/8, ::1")?.has("::1")).toBe(true);
    expect(faults).toEqual([]);
    expect(read("10.0.0.0/8,load-balancer")).toBeUndefined();
    expect(faults).toMatchObject([
      {
        variable: "BFF_TRUSTED_PROXIES",
        problem: 'has "load-balancer" in it, which is neither an address nor a network',
      },
    ]);
  });
});

describe("the client's address", () => {
  const trusted = new Networks(["10.0.0.0/8", "::1", "2001:db8:1::/48"]);
  test.each<[string, string, readonly string[], string]>([
    ["nobody is trusted", "203.0.113.9", ["198.51.100.1"], "203.0.113.9"],
    ["one proxy", "10.0.0.1", ["198.51.100.1"], "198.51.100.1"],
    ["what a client writes itself is further left", "10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"],
    ["several proxies", "10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.3", "10.0.0.2"], "198.51.100.1"],
    ["all are trusted", "10.0.0.1", ["10.0.0.7, 10.0.0.2"], "10.0.0.7"],
    ["no header", "10.0.0.1", [], "10.0.0.1"],
    ["an empty one", "10.0.0.1", [""], "10.0.0.1"],
    ["a proxy that does not know", "10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"],
    ["ports", "10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"],
    ["ports of IPv6", "::1", ["[2001:db8:2::1]:4711, [2001:db8:1::5]"], "2001:db8:2::1"],
    ["IPv4 mapped into IPv6", "10.0.0.1", ["::ffff:198.51.100.1, ::ffff:10.0.0.2"], "198.51.100.1"],
    ["more hops than anybody has", "10.0.0.1", [`198.51.100.1${", 10.0.0.2".repeat(5000)}`], "10.0.0.2"],
    ["junk", "10.0.0.1", ["198.51.100.1, <script>"], "10.0.0.1"],
  ])("%s", (_, direct, forwarded, client) => expect(clientAddress(direct, forwarded, trusted)).toBe(client));

  test("the proxy determines the client's address, whatever the client writes", () => {
    fc.assert(
      fc.property(fc.string(), (written) => {
        expect(clientAddress("10.0.0.1", [`${written}, 198.51.100.1`], trusted)).toBe("198.51.100.1");
      }),
    );
  });
});
