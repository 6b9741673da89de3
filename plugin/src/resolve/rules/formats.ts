// Formats of strings: the runtime function for each, and the message of validate.proto for a text of another format.
import type { RuleCheck, Scalar } from "../../model/rules.ts";
import type { RuleSettings } from "./rule-settings.ts";

interface Format {
  /** Name of the runtime function. */
  readonly fn: string;
  readonly others?: readonly Scalar[];
  /** "IP address" */
  readonly what: string;
  /**
   * Description of the format in the message for an empty text, if it differs. `true`: an empty text has no separate
   * check.
   */
  readonly empty?: string | true;
}

const FORMATS: Readonly<Record<string, Format>> = {
  email: { fn: "isEmail", what: "email address" },
  hostname: { fn: "isHostname", what: "hostname" },
  ip: { fn: "isIp", what: "IP address" },
  ipv4: { fn: "isIp", others: [4], what: "IPv4 address" },
  ipv6: { fn: "isIp", others: [6], what: "IPv6 address" },
  uri: { fn: "isUri", what: "URI" },
  uri_ref: { fn: "isUriRef", what: "URI Reference", empty: true },
  address: { fn: "isAddress", what: "hostname, or ip address" },
  uuid: { fn: "isUuid", what: "UUID" },
  tuuid: { fn: "isTuuid", what: "trimmed UUID" },
  ip_with_prefixlen: { fn: "isIpPrefix", what: "IP prefix" },
  ipv4_with_prefixlen: { fn: "isIpPrefix", others: [4], what: "IPv4 address with prefix length" },
  ipv6_with_prefixlen: { fn: "isIpPrefix", others: [6], what: "IPv6 address with prefix length" },
  ip_prefix: { fn: "isIpPrefix", others: [0, true], what: "IP prefix" },
  ipv4_prefix: { fn: "isIpPrefix", others: [4, true], what: "IPv4 prefix" },
  ipv6_prefix: { fn: "isIpPrefix", others: [6, true], what: "IPv6 prefix" },
  host_and_port: {
    fn: "isHostAndPort",
    others: [true],
    what: "host (hostname or IP address) and port pair",
    empty: "host and port pair",
  },
  ulid: { fn: "isUlid", what: "ULID" },
  protobuf_fqn: { fn: "isProtobufFqn", what: "fully-qualified Protobuf name" },
  protobuf_dot_fqn: { fn: "isProtobufDotFqn", what: "fully-qualified Protobuf name with a leading dot" },
};

/** Returns the check for the field of `oneof well_known`. */
export function formatCheck(settings: RuleSettings): readonly RuleCheck[] {
  for (const [name, format] of Object.entries(FORMATS))
    if (settings.flag(name) === true) return checksOf(settings, name, name, format);
  const regex = settings.number("well_known_regex");
  const strict = settings.flag("strict") !== false;
  if (regex === 1)
    return checksOf(settings, "well_known_regex", "well_known_regex.header_name", {
      fn: "isHeaderName",
      others: [strict],
      what: "HTTP header name",
    });
  if (regex === 2)
    return checksOf(settings, "well_known_regex", "well_known_regex.header_value", {
      fn: "isHeaderValue",
      others: [strict],
      what: "HTTP header value",
      empty: true,
    });
  return [];
}

function checksOf(
  settings: RuleSettings,
  name: string,
  id: string,
  { fn, others = [], what, empty = what }: Format,
): readonly RuleCheck[] {
  const { at } = settings.place.field(name);
  const path = settings.steps(name);
  const right: RuleCheck = {
    rule: { id: `string.${id}`, message: `must be a valid ${what}`, path },
    at,
    test: { kind: "format", name: fn, others, empty: empty === true },
  };
  if (empty === true) return [right];
  const message = `value is empty, which is not a valid ${empty}`;
  return [right, { rule: { id: `string.${id}_empty`, message, path }, at, test: { kind: "notEmpty", bytes: false } }];
}
