import { Failure } from "@protobff/runtime/internal/failure";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { KeySet } from "@protobff/runtime/internal/identity/jwt/key-set";
import { unavailable } from "@protobff/runtime/internal/identity/refusals";
import type { Routes } from "@protobff/runtime/internal/identity/routes";
import type { Place, Source } from "@protobff/runtime/internal/identity/source";
import type { SessionStore } from "./session-store.ts";
import type { Sessions } from "./sessions.ts";

async function callerOf(finding: Promise<{ readonly caller: Caller } | undefined>): Promise<Caller | undefined> {
  try {
    return (await finding)?.caller;
  } catch (cause) {
    throw cause instanceof Failure ? cause : unavailable("the sessions' store is away", cause);
  }
}

interface SessionSourceParts {
  readonly name: string;
  readonly cookie: string;
  readonly from: readonly string[];
  readonly sessions: Sessions;
  readonly store: SessionStore;
  /** Keys of logout tokens. */
  readonly keys: KeySet;
  readonly routes: Routes;
}

/**
 * Authenticates callers by a session's cookie. Each request looks the session up, so that an ended session ends
 * everywhere at once.
 */
export class SessionSource implements Source {
  readonly name: string;
  readonly place: Place;
  readonly ambient = true;
  readonly from: readonly string[];
  readonly routes: Routes;
  /** Sessions that have begun do not need the provider. */
  readonly opened = Promise.resolve();
  readonly #parts: SessionSourceParts;

  constructor(parts: SessionSourceParts) {
    this.name = parts.name;
    this.place = { kind: "cookie", name: parts.cookie };
    this.from = parts.from;
    this.routes = parts.routes;
    this.#parts = parts;
  }
  owns(): boolean {
    return true;
  }
  async verify(id: string): Promise<Caller | undefined> {
    return callerOf(this.#parts.sessions.find(id));
  }
  readonly verifyAgain: Source["verify"] = (id) => callerOf(this.#parts.sessions.look(id));

  async close(): Promise<void> {
    await Promise.all([this.#parts.keys.close(), this.#parts.store.close()]);
  }
}
