import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";

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
