import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Credential, Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { issuerSubject } from "../one-issuer.ts";
import type { SourceSpec } from "../spec.ts";
import { AssertionSource } from "./assertion-source.ts";
import { issuerKeys, problemOfKeys } from "./issuer-keys.ts";

/** `assertion` of a source. What is left out has the default of the option. */
export interface AssertionOptions<P extends Message, Claims extends DescMessage> {
  /** Of the source. */
  readonly name: string;
  /** BFF_IDENTITY_ISSUER of who signs. */
  readonly issuer: string;
  /** Variables of the environment that the issuer is made of, for faults. */
  readonly issuerVariables?: readonly string[] | undefined;
  /** Where its public keys are: the address of its `/.well-known/bff-keys`, or a file with what that answers, or with keys in PEM. */
  readonly keys: string;
  /** Full names of the services of this package: what is signed for others counts for nothing. */
  readonly audience: readonly string[];
  /** Lower-case; by default `x-principal-signed-bin`. */
  readonly header?: string | undefined;
  /** What it holds; by default the principal itself. */
  readonly claims?: Claims | undefined;
  /** As in `Source`. */
  readonly from?: readonly string[] | undefined;
  /** By default what it holds. */
  readonly principal?: ((claims: MessageShape<Claims>, credential: Credential) => P) | undefined;
}

/** A source of callers whom another deployment has known, and tells us by `identify: SIGNED`. */
export function assertion<P extends Message = Principal, Claims extends DescMessage = DescMessage>(
  options: AssertionOptions<P, Claims>,
): SourceSpec<P> {
  const { name, issuer, keys, audience, header = "", issuerVariables: variables = [] } = options;
  return {
    name,
    issued: { place: `assertion ${header}`, issuer, variables },
    configure(settings) {
      if (issuer === "")
        settings.fault(issuerSubject(name, variables), "is empty", "the BFF_IDENTITY_ISSUER of whoever signs");
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
