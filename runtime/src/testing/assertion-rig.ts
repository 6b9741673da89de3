import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { type ConfigFault, EnvReader } from "../environment/env-reader.ts";
import type { Caller } from "../identity/caller.ts";
import { incomingOf } from "../identity/incoming-request.ts";
import { callerOf } from "../identity/principal.ts";
import { openPropagation, type Propagation, readSigning } from "../identity/propagation/propagation.ts";
import { FakeClock } from "./fake-clock.ts";

export const GATEWAY = "https://gateway.example";
export const SERVICE = "test.v1.TestService";

/** A proxy in front that signs the caller's identity, with keys in separate files. */
export class AssertionRig {
  readonly clock: FakeClock;
  readonly folder = mkdtempSync(join(tmpdir(), "bff-assertion-"));
  readonly #type: DescMessage;
  propagation: Propagation;

  /** @param type message of the principals that it signs */
  constructor(clock = new FakeClock(), keys: readonly string[] = ["first"], type: DescMessage = PrincipalSchema) {
    this.clock = clock;
    this.#type = type;
    for (const name of keys) this.write(name);
    this.propagation = this.signing(...keys);
  }
  /** Writes a new key to a new or existing file. */
  write(name: string): KeyObject {
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(this.path(name), privateKey.export({ type: "pkcs8", format: "pem" }));
    return createPublicKey(privateKey);
  }
  path(name: string): string {
    return join(this.folder, `${name}.pem`);
  }
  /** Returns a signer with the first of these keys, which publishes all. */
  signing(...keys: readonly string[]): Propagation {
    const faults: ConfigFault[] = [];
    const paths = keys.map((name) => this.path(name)).join(",");
    const signing = readSigning(new EnvReader({ BFF_IDENTITY_ISSUER: GATEWAY, BFF_IDENTITY_KEY_FILES: paths }, faults));
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
    const { clock } = this;
    return openPropagation(this.#type, signing, { clock, audit: () => {}, fault: () => {} });
  }
  caller(subject = "ada", expires = 0n): Caller {
    const credential = create(CredentialSchema, { source: "user", issuer: "https://login.example", subject, expires });
    return callerOf({ type: PrincipalSchema, credential, principal: undefined });
  }
  /** The header. */
  header(caller = this.caller(), audience = SERVICE, propagation = this.propagation): string {
    const identityHeader = propagation.propagator.header(caller, "signed", audience);
    if (identityHeader === undefined) throw new Error("no header");
    return identityHeader.value;
  }
  /** Returns the answer of `/.well-known/bff-keys`. */
  async published(propagation = this.propagation): Promise<string> {
    const answer = await propagation.routes.get("/.well-known/bff-keys")?.({
      method: "GET",
      query: new URLSearchParams(),
      headers: incomingOf(new Headers()),
      signal: new AbortController().signal,
      body: async () => new Uint8Array(),
    });
    return String(answer?.body);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
