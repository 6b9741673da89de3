import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { issuerSubject } from "../one-issuer.ts";
import type { SourceSpec } from "../spec.ts";
import type { AssertionOptions } from "./assertion-options.ts";
import { AssertionSource } from "./assertion-source.ts";
import { issuerKeys, problemOfKeys } from "./issuer-keys.ts";

/**
 * Returns a source of callers that another deployment has authenticated and sends by `identify: SIGNED`.
 *
 * @example
 * const keys = "https://gateway.example/.well-known/bff-keys";
 * const gateway = assertion({ name: "gateway", issuer: "gateway", keys, audience: ["shop.v1.ShopService"] });
 */
export function assertion<P extends Message = Principal, Claims extends DescMessage = DescMessage>(
  options: AssertionOptions<P, Claims>,
): SourceSpec<P> {
  const { name, issuer, keys, audience, header = "", issuerVariables: variables = [] } = options;
  return {
    name,
    issued: { place: `assertion ${header}`, issuer, variables },
    configure(settings) {
      if (issuer === "")
        settings.fault(issuerSubject(name, variables), "is empty", "the BFF_IDENTITY_ISSUER of the signer");
      const problem = problemOfKeys(keys);
      const remedy = "an address with https:// (or http:// on loopback), or the path of a file with the public keys";
      if (problem !== undefined) settings.fault(`keys of source ${name}`, problem, remedy);
      if (audience.length === 0) settings.fault(`audience of source ${name}`, "is empty", "names of services");
    },
    open: (parts) =>
      new AssertionSource(options as unknown as AssertionOptions<Message, DescMessage>, parts.type, {
        clock: parts.clock,
        keys: issuerKeys(keys, {
          clock: parts.clock,
          failed: (error) => parts.fault(`keys of source ${name} cannot be had`, error),
        }),
      }),
  };
}
