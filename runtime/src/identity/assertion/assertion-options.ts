import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";

/** Options of `assertion` of a source. An omitted option has its default. */
export interface AssertionOptions<P extends Message, Claims extends DescMessage> {
  /** Name of the source. */
  readonly name: string;
  /** BFF_IDENTITY_ISSUER of the signer. */
  readonly issuer: string;
  /** Variables of the environment that the issuer is made of, for faults. */
  readonly issuerVariables?: readonly string[] | undefined;
  /**
   * Address of the issuer's `/.well-known/bff-keys`, or path of a file. The file contains the response of that address,
   * or keys in PEM.
   */
  readonly keys: string;
  /** Full names of the services of this package. Assertions for other services do not count. */
  readonly audience: readonly string[];
  /** Lower-case; by default `x-principal-signed-bin`. */
  readonly header?: string | undefined;
  /** Message type of the header's principal. Default: the principal itself. */
  readonly claims?: Claims | undefined;
  /** As in `Source`. */
  readonly from?: readonly string[] | undefined;
  /** Maps the received message to the principal. By default the message is the principal. */
  readonly principal?: ((claims: MessageShape<Claims>, credential: Credential) => P) | undefined;
}
