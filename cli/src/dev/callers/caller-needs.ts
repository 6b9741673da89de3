// Finds the needs of a server that authenticates callers, and those that `dev` can meet.
import type { CallersReport, SourceOfCallers, SourceSetting } from "protoc-gen-bff/compiler";
import { loginVariables, type Secrets } from "./secrets.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Way to become a caller of one source. */
export type Way =
  | {
      readonly kind: "token";
      readonly source: SourceOfCallers;
      readonly audience: string;
      readonly algorithm: string;
    }
  | {
      readonly kind: "login";
      readonly source: SourceOfCallers;
      readonly clientId: string;
      readonly clientSecret: string;
      /** URL to which the browser returns. */
      readonly redirectUri: string;
    }
  /** A header of a gateway in front. */
  | { readonly kind: "header"; readonly source: SourceOfCallers; readonly header: string }
  | { readonly kind: "key"; readonly source: SourceOfCallers; readonly storeFile: string };

/** Ways to call one server. */
export interface Served {
  readonly ways: readonly Way[];
  /** By source. */
  readonly apiKeys: ReadonlyMap<string, string>;
}

export interface CallerNeeds {
  /** Variables that the user has not set, and that the sources need. */
  readonly env: Readonly<Record<string, string>>;
  readonly ways: readonly Way[];
  /** Needs that `dev` does not meet, a line for each. */
  readonly notes: readonly string[];
}

interface CallerNeedsOptions {
  /** As the user has set it. */
  readonly env: Environment;
  /** URL of `dev`'s issuer. */
  readonly issuer: string;
  /** URL of the server in browsers. */
  readonly serverUrl: string;
  readonly secrets: Secrets;
}

export function callerNeeds(report: CallersReport, options: CallerNeedsOptions): CallerNeeds {
  const found = new Finding(options);
  for (const source of report.sources) found.source(source);
  if (report.signs) {
    found.needs("BFF_IDENTITY_ISSUER", () => options.serverUrl);
    found.needs("BFF_IDENTITY_KEY_FILES", () => options.secrets.signingKeyFile());
  }
  return found;
}

class Finding implements CallerNeeds {
  readonly env: Record<string, string> = {};
  readonly ways: Way[] = [];
  readonly notes: string[] = [];
  readonly #options: CallerNeedsOptions;

  constructor(options: CallerNeedsOptions) {
    this.#options = options;
  }

  /** Sets a variable that is not set, and returns its value. */
  needs(name: string, value: () => string): string {
    const set = this.#isSet(name) ?? this.env[name] ?? value();
    if (this.#isSet(name) === undefined) this.env[name] = set;
    return set;
  }

  source(source: SourceOfCallers): void {
    const { kind, name, from } = source;
    if ((kind === "peer" || from.length > 0) && this.#isSet("TLS_CLIENT_CA_FILE") === undefined)
      this.notes.push(
        `${name}: set TLS_CERT_FILE, TLS_KEY_FILE and TLS_CLIENT_CA_FILE; it needs connections with a client certificate, and dev creates none`,
      );
    if (kind === "jwt") this.#jwt(source);
    else if (kind === "session") this.#session(source);
    else if (kind === "api_key") this.#apiKey(source);
    else if (kind === "trusted") this.#trusted(source);
    else if (kind === "assertion") this.#assertion(source);
  }

  #jwt(source: SourceOfCallers): void {
    // Tools name the server to those who have no token yet.
    this.needs(loginVariables(source.name).publicUrl, () => this.#options.serverUrl);
    if (!this.#isIssuedHere(source)) return;
    if (source.keys !== undefined) this.#value(source.keys, () => `${this.#options.issuer}/keys`);
    const [audience] = source.audience.map((setting) => this.#value(setting, () => "dev"));
    if (audience === undefined) return;
    this.ways.push({ kind: "token", source, audience, algorithm: source.algorithms[0] ?? "ES256" });
  }

  #session(source: SourceOfCallers): void {
    const { serverUrl, secrets } = this.#options;
    const { publicUrl, clientSecret } = loginVariables(source.name);
    const at = this.needs(publicUrl, () => serverUrl);
    this.needs("BFF_SESSION_KEYS", () => secrets.sessionKey);
    if (!this.#isIssuedHere(source)) {
      if (this.#isSet(clientSecret) === undefined)
        this.notes.push(`${source.name}: set ${clientSecret} to the value from its provider`);
      return;
    }
    const [clientId] = source.audience.map((setting) => this.#value(setting, () => "dev"));
    if (clientId === undefined) return;
    const secret = this.needs(clientSecret, () => secrets.clientSecret);
    const redirectUri = `${at.replace(/\/$/, "")}/auth/callback`;
    this.ways.push({ kind: "login", source, clientId, clientSecret: secret, redirectUri });
  }

  #apiKey(source: SourceOfCallers): void {
    if (this.#isSet("DATABASE_URL") !== undefined || this.#isSet("BFF_STORE_FILE") !== undefined) {
      this.notes.push(`${source.name}: keys are in the configured store; create one with npx bff-key create`);
      return;
    }
    const storeFile = this.needs("BFF_STORE_FILE", () => this.#options.secrets.storeFile());
    this.ways.push({ kind: "key", source, storeFile });
  }

  #trusted(source: SourceOfCallers): void {
    if (source.from.length > 0) return;
    this.needs("BFF_TRUSTED_PROXIES", () => "127.0.0.1,::1");
    const { header = "", name } = source;
    // The bytes of a message need its type, JSON does not.
    if (header.endsWith("-bin"))
      this.notes.push(`${name}: ${header} contains the bytes of a message, which dev does not create`);
    else this.ways.push({ kind: "header", source, header });
  }

  #assertion({ name, issuer, keys }: SourceOfCallers): void {
    for (const setting of [issuer, keys]) {
      if (setting?.kind !== "env" || this.#setting(setting) !== undefined) continue;
      this.notes.push(
        `${name}: set ${setting.name}; the BFF in front signs the caller, and dev does not replace that BFF`,
      );
    }
  }

  /**
   * Returns true if `dev` is the issuer of the source, because its variable is not set. Any other value names another
   * issuer.
   */
  #isIssuedHere({ name, issuer }: SourceOfCallers): boolean {
    if (issuer === undefined) return false;
    const { issuer: here } = this.#options;
    if (this.#value(issuer, () => here) === here) return true;
    if (issuer.kind !== "env")
      this.notes.push(
        `${name}: its issuer is ${JSON.stringify(issuer.text)}, which dev cannot replace: write issuer: "{env.OIDC_ISSUER}"`,
      );
    return false;
  }

  /** Returns the value of a setting; undefined if only the server can compute it. */
  #value(setting: SourceSetting, otherwise: () => string): string | undefined {
    if (setting.kind !== "env") return setting.kind === "text" ? setting.text : undefined;
    return this.#setting(setting) ?? this.needs(setting.name, otherwise);
  }
  #setting({ name, alternates, default: preset }: SourceSetting & { readonly kind: "env" }): string | undefined {
    const set = [name, ...alternates]
      .map((alternate) => this.#isSet(alternate))
      .find((alternate) => alternate !== undefined);
    return set ?? preset;
  }
  #isSet(name: string): string | undefined {
    return this.#options.env[name] || undefined;
  }
}
