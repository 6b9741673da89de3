import type { DescService } from "@bufbuild/protobuf";

/** Source of answers that a capture lacks. `fail`: none. */
export type Missing =
  | { readonly kind: "fail" }
  | { readonly kind: "sample" }
  | {
      readonly kind: "live";
      /** Addresses by the full names of services. */
      readonly urls: ReadonlyMap<string, string>;
    };

const FORM = "fail, sample or live=billing.v1.BillingService=http://localhost:9001,…";

/**
 * Parses the text of `--missing`.
 *
 * @param upstreams of the build
 * @throws TypeError for another form, a service that the build does not call, or an invalid URL
 */
export function parseMissing(text: string, upstreams: readonly DescService[]): Missing {
  if (text === "fail" || text === "sample") return { kind: text };
  if (!text.startsWith("live="))
    throw new TypeError(`--missing ${JSON.stringify(text)} is none of its forms: write ${FORM}`);
  const urls = new Map<string, string>();
  for (const part of text.slice("live=".length).split(",")) {
    const [, service = "", url = ""] = /^\s*([\w.]+)=(\S+)\s*$/.exec(part) ?? [];
    if (service === "") throw new TypeError(`--missing ${JSON.stringify(part)} is no address: write ${FORM}`);
    const names = upstreams.map(({ typeName }) => typeName);
    if (!names.includes(service))
      throw new TypeError(`--missing: the build does not call ${service}; it calls ${names.join(", ")}`);
    if (urls.has(service)) throw new TypeError(`--missing: ${service} has two addresses`);
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol))
      throw new TypeError(
        `--missing: ${JSON.stringify(url)} of ${service} is no URL: write it as http://localhost:9001`,
      );
    urls.set(service, url);
  }
  return { kind: "live", urls };
}
