// The formats compared with those of @bufbuild/protovalidate, over texts that are nearly right. If the two differ, the
// grammar of the RFC decides.

import fc from "fast-check";
import { expect, it, test } from "vitest";
import * as theirs from "../../../../node_modules/@bufbuild/protovalidate/dist/esm/lib.js";
import { isEmail } from "./email.ts";
import { isAddress, isHostAndPort, isHostname } from "./host.ts";
import { isIp, isIpPrefix } from "./ip.ts";
import { isHeaderName, isHeaderValue, isProtobufDotFqn, isProtobufFqn, isTuuid, isUlid, isUuid } from "./names.ts";
import { isUri, isUriRef } from "./uri.ts";

/** RFC 3986, appendix A, word for word. */
const OCTET = "(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
const IPV4 = `${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}`;
const H16 = "[0-9A-Fa-f]{1,4}";
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const IPV6 = `(?:${[
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join("|")})`;
const PCT = "%[0-9A-Fa-f]{2}";
const SUB = "!$&'()*+,;=";
const UNRESERVED = "A-Za-z0-9._~\\-";
const PCHAR = `(?:[${UNRESERVED}${SUB}:@]|${PCT})`;
const IP_LITERAL = `\\[(?:${IPV6}(?:%25(?:[${UNRESERVED}]|${PCT})+)?|[vV][0-9A-Fa-f]+\\.[${UNRESERVED}${SUB}:]+)\\]`;
const HOST = `(?:${IP_LITERAL}|(?:[${UNRESERVED}${SUB}]|${PCT})*)`;
const AUTHORITY = `(?:(?:[${UNRESERVED}${SUB}:]|${PCT})*@)?(${HOST})(?::[0-9]*)?`;
const NZ_NC = `(?:[${UNRESERVED}${SUB}@]|${PCT})+`;
const TAIL = `(?:\\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?`;
const ABSOLUTE = `/(?:${PCHAR}+(?:/${PCHAR}*)*)?`;
const grammar = {
  ipv6: new RegExp(`^${IPV6}(?:%[\\s\\S]+)?$`),
  ipv6Prefix: new RegExp(`^${IPV6}/(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$`),
  uri: new RegExp(
    `^[A-Za-z][A-Za-z0-9+.-]*:(?://${AUTHORITY}(?:/${PCHAR}*)*|${ABSOLUTE}|${PCHAR}+(?:/${PCHAR}*)*|)${TAIL}$`,
  ),
  relative: new RegExp(`^(?://${AUTHORITY}(?:/${PCHAR}*)*|${ABSOLUTE}|${NZ_NC}(?:/${PCHAR}*)*|)${TAIL}$`),
};

/** Reports whether the escaped bytes of the host are UTF-8, which the grammar cannot express. */
function inGrammar(text: string, ...all: readonly RegExp[]): boolean {
  return all.some((pattern) => {
    const match = pattern.exec(text);
    return match !== null && Buffer.from(unescape(match[1] ?? ""), "latin1").equals(asUtf8(match[1] ?? ""));
  });
}

function asUtf8(host: string): Buffer {
  const bytes = Buffer.from(unescape(host), "latin1");
  return Buffer.from(bytes.toString("utf8"), "utf8");
}

/**
 * Generates a text with up to four changes at random places, by characters that have a meaning in any of the formats.
 */
function nearly(seeds: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(..."%[]:/?#@.-_~!'0129afAFgvzZ \n\0\x7f,;=+\\|^`é𝒳"),
    fc.constantFrom(
      "::",
      "//",
      "%25",
      "%C3%A9",
      "%ff",
      "1.2.3.4",
      "65535",
      "65536",
      "[::1]",
      "v1.",
      "xn--",
      "/64",
      "ffff:",
    ),
    fc.string({ maxLength: 3 }),
  );
  const change = fc.tuple(fc.nat(), fc.nat(3), piece);
  return fc.tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: 4 })).map(([seed, changes]) =>
    changes.reduce((text, [place, gone, by]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + by + text.slice(at + gone);
    }, seed),
  );
}

const ADDRESSES = [
  "1.2.3.4",
  "255.255.255.255",
  "::",
  "::1",
  "1::8",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
];
const MIXED = [
  "::ffff:1.2.3.4",
  "1:2:3:4:5:6:1.2.3.4",
  "1:2:3:4:5::1.2.3.4",
  "fe80::1%eth0",
  "2001:db8::/32",
  "10.0.0.0/8",
];
const HOSTS = [
  "example.com",
  "a-b.c0.",
  `${"a".repeat(63)}.x`,
  `${"ab.".repeat(84)}c`,
  "xn--9ca.example",
  "127.1",
  "a.1",
  "",
];
const PORTS = ["example.com:80", "[::1]:443", "[::1]", "1.2.3.4:0", "a:65535", "[fe80::1%en0]:1", "a:"];
const MAIL = ["a@b", "foo.bar+baz@example.com", `x@${"a".repeat(63)}.b`, "!#$%&'*+/=?^_`{|}~-@a-b.c"];
const URIS = [
  "https://user:pass@example.com:8080/a/b;c?d=e&f/?#g",
  "urn:isbn:0451450523",
  "mailto:a@b",
  "http://[::1]:80/",
  "http://[fe80::1%25en0]/",
  "http://[v1f.a:b]/",
  "http://caf%C3%A9.example/",
  "foo:",
  "foo:/",
  "//host/a:b",
  "./a:b",
  "a/b:c",
  "?q#f",
  "",
];
const all = [...ADDRESSES, ...MIXED, ...HOSTS, ...PORTS, ...MAIL, ...URIS];

const RUNS = { numRuns: 4000 };

test("addresses and prefixes follow protovalidate for IPv4, and RFC 3986 for IPv6", () => {
  let different = 0;
  fc.assert(
    fc.property(nearly([...ADDRESSES, ...MIXED]), fc.boolean(), (text, strict) => {
      for (const version of [4, 5]) expect(isIp(text, version)).toBe(theirs.isIp.call(text, version));
      expect(isIp(text, 6)).toBe(grammar.ipv6.test(text));
      for (const version of [undefined, 0]) expect(isIp(text, version)).toBe(isIp(text, 4) || isIp(text, 6));
      for (const version of [4, 5]) {
        expect(isIpPrefix(text, version, strict)).toBe(theirs.isIpPrefix.call(text, version, strict));
      }
      expect(isIpPrefix(text, 6)).toBe(grammar.ipv6Prefix.test(text));
      const same = isIpPrefix(text, 6) === theirs.isIpPrefix.call(text, 6);
      if (same) expect(isIpPrefix(text, 6, true)).toBe(theirs.isIpPrefix.call(text, 6, true));
      if (!same || isIp(text, 6) !== theirs.isIp.call(text, 6)) different++;
    }),
    RUNS,
  );
  expect(different).toBeLessThan(RUNS.numRuns / 20);
});

test("host names follow protovalidate, except for a dot after 253 characters", () => {
  fc.assert(
    fc.property(nearly([...HOSTS, ...PORTS, ...ADDRESSES]), fc.boolean(), (text, required) => {
      // As protovalidate takes it: without a dot after 253 characters.
      const taken = text.replace(/^([^:]{253})\.(?=$|:)/, "$1");
      expect(isHostname(text)).toBe(theirs.isHostname.call(taken));
      const [whole, v6, port] = /^\[(.*)\](?::([0-9]+))?$/s.exec(text) ?? [];
      // The RFC decides which texts are addresses of IPv6.
      if (whole === undefined) expect(isHostAndPort(text, required)).toBe(theirs.isHostAndPort.call(taken, required));
      else {
        const isPort = port === undefined ? !required : String(Number(port)) === port && Number(port) < 65536;
        expect(isHostAndPort(text, required)).toBe(isPort && grammar.ipv6.test(v6 ?? ""));
      }
      expect(isAddress(text)).toBe(isHostname(text) || isIp(text));
    }),
    RUNS,
  );
  const name = `${"a.".repeat(126)}a`;
  expect([name, `${name}.`, `${name}a`, "."].map(isHostname)).toEqual([true, true, false, false]);
});

test("email addresses follow the HTML standard", () => {
  fc.assert(
    fc.property(nearly([...MAIL, ...HOSTS.map((host) => `x@${host}`)]), (text) => {
      expect(isEmail(text)).toBe(theirs.isEmail.call(text));
    }),
    RUNS,
  );
});

test("URIs follow RFC 3986, and protovalidate except for its deviations", () => {
  let both = 0;
  fc.assert(
    fc.property(nearly([...URIS, ...all.map((authority) => `a://${authority}/`)]), (text) => {
      const right = inGrammar(text, grammar.uri);
      expect(isUri(text)).toBe(right);
      expect(isUriRef(text)).toBe(inGrammar(text, grammar.uri, grammar.relative));
      // It accepts no IPv6 address that ends in IPv4 form, and no "V" for a version.
      if (text.includes("[")) return;
      both++;
      expect(isUri(text)).toBe(theirs.isUri.call(text));
      // After a malformed fragment, it continues as with a relative reference.
      if ((text.match(/#/g)?.length ?? 0) < 2) expect(isUriRef(text)).toBe(theirs.isUriRef.call(text));
    }),
    RUNS,
  );
  expect(both).toBeGreaterThan(RUNS.numRuns / 2);
});

it.each([["1:2:3:4:5:6:7::1.2.3.4", "::1:%a", "1::2:", "1:2:3:4:5:6:7:8:%a"]])(
  "the validator refuses IPv6 addresses against RFC 4291: %s, although protovalidate accepts them",
  (...texts) => {
    expect(texts.map((text) => isIp(text, 6))).toEqual(texts.map(() => false));
  },
);

it.each([
  ["http://[::ffff:1.2.3.4]/", true],
  ["http://[V1.a]/", true],
  ["http://[::1", false],
  ["http://h:80a/", false],
  ["http://%ff/", false],
  ["http://h/%ff", true],
  ["1a:b", false],
])("%s is a URI: %s", (text, expected) => expect(isUri(text)).toBe(expected));

const NAMES: readonly (readonly [(text: string) => boolean, RegExp, readonly string[]])[] = [
  [isUuid, /^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/, ["00000000-0000-4000-8000-00000000000F"]],
  [isTuuid, /^[0-9a-fA-F]{32}$/, ["0123456789abcdefABCDEF0123456789"]],
  [isUlid, /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/, ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01arz3ndektsv4rrffq69g5fav"]],
  [isProtobufFqn, /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, ["google.protobuf.Timestamp", "_a"]],
  [isProtobufDotFqn, /^\.[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, [".google.protobuf.Timestamp", "._a"]],
];
test.each(NAMES)("%o", (format, pattern, seeds) => {
  expect(seeds.map(format)).toEqual(seeds.map(() => true));
  fc.assert(
    fc.property(nearly(seeds), (text) => format(text) === pattern.test(text)),
    { numRuns: 500 },
  );
});

test("names and values of headers are valid by their characters", () => {
  expect(["x-a", ":path", "a`b", "", "a b", "a:b", "é"].map((name) => isHeaderName(name, true))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(["a b", "é", "\r", "a\0"].map((name) => isHeaderName(name, false))).toEqual([true, true, false, false]);
  expect(["", "a b\tc", "é", "\x01", "a\n", "\x7f"].map((value) => isHeaderValue(value, true))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(["", "\x01\x7f", "a\n"].map((value) => isHeaderValue(value, false))).toEqual([true, true, false]);
});

test("a text of 300,000 characters is checked in linear time, whatever its characters", () => {
  const long = ["a", "a-", "a.", ":", "0:", "%41", "[", "/", "@", "%"].map((unit) => unit.repeat(300_000));
  const formats = [
    isIp,
    isIpPrefix,
    isHostname,
    isEmail,
    isUri,
    isUriRef,
    isAddress,
    ...NAMES.map(([format]) => format),
  ];
  for (const text of long) {
    for (const format of formats) {
      (format as (text: string) => boolean)(text);
      (format as (text: string) => boolean)(`a://${text}\n`);
      (format as (text: string) => boolean)(`a@${text}\n`);
    }
    isHostAndPort(`[${text}]:1`, true);
  }
});
