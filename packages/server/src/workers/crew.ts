import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import type { MetricsSnapshot } from "../metrics/snapshot.ts";
import type { Load, ReadyState } from "../overload/load.ts";
import type { Dealer } from "./dealer.ts";
import { Member, type Place, type Process } from "./member.ts";
import type { Report } from "./messages.ts";

/** Receives the events of a process. */
export interface Listener {
  report(report: Report): void;
  /** The process has ended. @param code as in a shell: 128 plus the signal's number for a killed process */
  exited(code: number, died: string): void;
}

interface CrewOptions {
  readonly size: number;
  readonly graceMs: number;
  readonly clock: Clock;
  readonly dealer: Dealer;
  start(number: number, listener: Listener): Process;
  /** Receives the metrics of a worker; `gone` reports its end. */
  counted(member: Member, snapshot: MetricsSnapshot): void;
  /** A worker has confirmed a purge. */
  purged(member: Member, round: number): void;
  gone(member: Member): void;
  /** Reports an event; the text is a complete sentence without a full stop. */
  report(event: WorkerEvent, text: string, fields: Readonly<Record<string, unknown>>): void;
  /** All workers have ended and none can be restarted: the code to exit with. */
  failed(code: number): void;
}
type WorkerEvent = "died" | "gave up" | "replaced" | "kept" | "silent" | "back" | "killed";

/** Minimum lifetime of a sound worker, in milliseconds. A shorter one counts as a death at once. */
const STEADY_MS = 10_000;
/** Pause before the restart after a death at once, in milliseconds: doubled each time, up to the second value. */
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** Number of deaths at once in a row that ends the server. */
const MAX_DEATHS = 10;
/** Time limit for a new worker to be ready, in milliseconds. */
const START_MS = 60_000;
/** Time beyond its grace that a worker gets to end by itself, in milliseconds. */
const MARGIN_MS = 2_000;
/** Interval of the pings to workers, and longest silence before a worker is reported, in milliseconds. */
const PING_MS = 5_000;
const SILENT_MS = 15_000;

/** `running`: connections are accepted. `stopping`: no worker is started. */
type CrewState = "starting" | "running" | "stopping";
export const CREW_TRANSITIONS: Transitions<CrewState> = {
  starting: ["running", "stopping"],
  running: ["stopping"],
  stopping: [],
};

/** The workers: starts them, restarts them when they die, and replaces or ends them. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #places: readonly Place[];
  readonly #members = new Set<Member>();
  #restarts = 0;
  #state: CrewState = "starting";
  /** Workers to replace, one after the other. */
  readonly #replaced = new Set<Member>();
  #replacing = false;
  #early = false;
  #ping: Timer | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.size }, (_, i) => ({
      number: i + 1,
      member: undefined,
      deaths: 0,
      timer: undefined,
    }));
  }

  /** Number of workers that were started in place of a dead one. */
  get restarts(): number {
    return this.#restarts;
  }
  /** Workers that accept connections. */
  get serving(): readonly Member[] {
    return [...this.#members].filter(({ state }) => state === "serving");
  }
  /** Workers that can answer a request for metrics. */
  get answering(): readonly Member[] {
    return [...this.#members].filter(({ state }) => state !== "starting");
  }
  /** All workers, also those that start. */
  get all(): readonly Member[] {
    return [...this.#members];
  }
  get state(): ReadyState {
    if (this.#stopping) return "draining";
    const ready = this.serving.filter(({ load }) => load !== undefined);
    if (ready.length === 0) return "starting";
    return ready.every(({ load }) => load === "overloaded") ? "overloaded" : "ready";
  }
  /** Refusals of its servers under overload. */
  get load(): Load {
    return this.serving.some(({ load = "calm" }) => load !== "calm") ? "shedding" : "calm";
  }

  /**
   * Resolves when all workers can serve. The first starts alone, so that a fault of all workers is found and reported
   * by one.
   *
   * @returns undefined, or the code of a worker that failed
   */
  async start(): Promise<number | undefined> {
    const [first, ...others] = this.#places;
    if (first === undefined) return undefined;
    for (const places of [[first], others]) {
      const members = places.map((place) => this.#begin(place));
      for (const member of members) {
        if (await member.up.promise) continue;
        await this.#killAll();
        return member.code === 0 ? 1 : member.code;
      }
    }
    this.#pingLater();
    return undefined;
  }
  /** Connections are accepted from now on. */
  begun(): void {
    if (!this.#stopping) this.#enter("running");
    if (this.#early) this.replace();
  }

  /**
   * Replaces each worker by a new one, which is ready before the old one ends. Until all are up the request is only
   * remembered. A call during a replacement also replaces the workers that are new by then.
   */
  replace(): void {
    if (this.#state === "starting") this.#early = true;
    else this.#replace(this.serving);
  }
  #replace(members: readonly Member[]): void {
    for (const member of members) this.#replaced.add(member);
    if (this.#replacing) return;
    this.#replacing = true;
    void this.#replaceWanted();
  }
  async #replaceWanted(): Promise<void> {
    for (const old of this.#replaced) {
      this.#replaced.delete(old);
      if (old.state === "serving" && !this.#stopping) await this.#replaceOne(old);
    }
    this.#replacing = false;
  }
  async #replaceOne(old: Member): Promise<void> {
    const { place } = old;
    const member = this.#begin(place, true);
    const timely = await this.#within(START_MS, member.ready.promise);
    if (this.#stopping) return;
    member.trial = false;
    if (timely !== true) return this.#refuse(member, old, timely === undefined);
    const by = member.process?.pid;
    const fields = { worker: place.number, pid: old.process?.pid, by };
    this.#options.report("replaced", `worker ${nameOf(old)} is replaced by ${by}`, fields);
    await this.#end(old, true);
  }
  /** The new one is of no use, and others would be none either: those that serve stay. */
  async #refuse(member: Member, old: Member, late: boolean): Promise<void> {
    member.isStopped = true;
    old.place.member = old;
    if (late) member.process?.kill("SIGKILL");
    await member.gone.promise;
    const why = late ? `was not ready after ${START_MS / 1000} s` : `ended with ${member.code}`;
    const fields = { worker: old.place.number, pid: old.process?.pid };
    this.#options.report("kept", `worker ${nameOf(old)} stays, since the one to replace it ${why}`, fields);
    for (const other of this.#replaced) if (!other.isStopped) this.#replaced.delete(other);
    if (old.state === "gone") this.#emptied(old);
    else if (old.isStopped) await this.#end(old, true);
  }

  /** From now on none is started, and those that serve are not ready. */
  leave(): void {
    this.#stop();
    for (const { timer } of this.#places) if (timer !== undefined) this.#options.clock.clearTimeout(timer);
    for (const member of this.#members) {
      if (member.state === "serving") member.send({ bff: "leave" });
      // It has no connection, and its start may take long.
      else if (member.state === "starting") member.process?.kill("SIGKILL");
    }
  }
  /** Ends all. @returns whether all of them have ended by themselves, and well */
  async end(): Promise<boolean> {
    this.#stop();
    if (this.#ping !== undefined) this.#options.clock.clearTimeout(this.#ping);
    const serving = [...this.#members].filter(({ state }) => state !== "starting");
    await Promise.all(serving.map((member) => this.#end(member, false)));
    await Promise.all([...this.#members].map(({ gone }) => gone.promise));
    return serving.every(({ code }) => code === 0);
  }
  /** Ends all at once. */
  kill(): void {
    for (const { process } of this.#members) process?.kill("SIGKILL");
  }
  async #killAll(): Promise<void> {
    this.#stop();
    this.kill();
    await Promise.all([...this.#members].map(({ gone }) => gone.promise));
  }

  get #stopping(): boolean {
    return this.#state === "stopping";
  }
  #stop(): void {
    if (!this.#stopping) this.#enter("stopping");
  }
  #enter(state: CrewState): void {
    this.#state = transition(CREW_TRANSITIONS, this.#state, state);
  }
  #begin(place: Place, trial = false): Member {
    const member = new Member(place, this.#options.clock.now());
    member.trial = trial;
    place.member = member;
    this.#members.add(member);
    member.process = this.#options.start(place.number, {
      report: (report) => this.#reported(member, report),
      exited: (code, died) => this.#exited(member, code, died),
    });
    return member;
  }
  #reported(member: Member, report: Report): void {
    const { clock, dealer } = this.#options;
    member.beatAt = clock.now();
    switch (report.bff) {
      case "up":
        this.#up(member);
        break;
      case "ready":
        member.load ??= "calm";
        member.ready.resolve(true);
        if (member.state === "serving") dealer.add(member);
        break;
      case "taken":
        dealer.taken(member);
        break;
      case "closed":
        member.open -= report.count;
        break;
      case "leaving":
        member.isStopped = true;
        if (!this.#stopping) this.#replace([member]);
        break;
      case "pong":
        if (member.load !== undefined) member.load = report.load;
        break;
      case "purged":
        this.#options.purged(member, report.round);
        break;
      case "snapshot":
        this.#options.counted(member, report.snapshot);
    }
  }
  #up(member: Member): void {
    if (member.state !== "starting") return;
    if (this.#stopping) {
      member.process?.kill("SIGKILL");
      return;
    }
    const { dealer } = this.#options;
    member.enter("serving");
    // While others are there, it gets connections when it is ready. Without any it answers that it is not.
    if (this.#state === "starting" || dealer.takers === 0) dealer.add(member);
    member.up.resolve(true);
  }
  #exited(member: Member, code: number, died: string): void {
    member.enter("gone");
    member.code = code;
    this.#members.delete(member);
    this.#options.dealer.remove(member);
    member.up.resolve(false);
    member.ready.resolve(false);
    member.gone.resolve();
    this.#options.gone(member);
    // Until all workers are up, `start` reports their ends.
    if (this.#state !== "running") return;
    const { place, isStopped, trial, process } = member;
    const fields = { worker: place.number, pid: process?.pid, code };
    if (!isStopped && !trial) this.#options.report("died", `worker ${nameOf(member)} ${died}`, fields);
    if (place.member === member && !trial) this.#emptied(member);
  }
  /** Restarts the worker of an empty place, or gives up after too many deaths. */
  #emptied({ place, isStopped, startedAt, code }: Member): void {
    const { clock, report, failed } = this.#options;
    place.member = undefined;
    const atOnce = !isStopped && clock.now() - startedAt < STEADY_MS;
    place.deaths = atOnce ? place.deaths + 1 : 0;
    if (place.deaths >= MAX_DEATHS) {
      const times = `${place.deaths} times in a row within ${STEADY_MS / 1000} s of its start`;
      report("gave up", `worker ${place.number} has died ${times}, last with ${code}`, { worker: place.number, code });
      this.leave();
      void this.end().then(() => failed(code === 0 ? 1 : code));
      return;
    }
    const pauseMs = place.deaths === 0 ? 0 : Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** (place.deaths - 1));
    const again = (): void => {
      place.timer = undefined;
      if (this.#stopping || place.member !== undefined) return;
      if (!isStopped) this.#restarts++;
      this.#begin(place);
    };
    place.timer = clock.setTimeout(again, pauseMs, undefined);
  }

  /** Ends a worker. Resolves when its process has ended, by itself or killed after the time limit. */
  async #end(member: Member, replaced: boolean): Promise<void> {
    if (member.state === "gone") return;
    const { dealer, graceMs, report } = this.#options;
    dealer.remove(member);
    member.isStopped = true;
    if (member.state !== "ending") {
      member.enter("ending");
      member.send({ bff: "end", replaced });
    }
    if (
      (await this.#within(
        graceMs + MARGIN_MS,
        member.gone.promise.then(() => true),
      )) === true
    )
      return;
    report("killed", `worker ${nameOf(member)} has not ended in time and is killed`, {
      worker: member.place.number,
      pid: member.process?.pid,
    });
    member.process?.kill("SIGKILL");
    await member.gone.promise;
  }
  /** Returns undefined if the time is over first. */
  async #within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#options;
    const late = Promise.withResolvers<undefined>();
    const timer = clock.setTimeout(late.resolve, ms, undefined);
    const first = await Promise.race([promise, late.promise]);
    clock.clearTimeout(timer);
    return first;
  }

  #pingLater(): void {
    this.#ping = this.#options.clock.setTimeout(() => this.#pingAll(), PING_MS, undefined);
  }
  #pingAll(): void {
    const now = this.#options.clock.now();
    for (const member of this.#members) {
      if (member.state !== "serving") continue;
      this.#look(member, now);
      member.send({ bff: "ping" });
    }
    this.#pingLater();
  }
  /**
   * Reports a silent worker but does not kill it. It may be busy with a large request, and its successor would be
   * killed for the same reason.
   */
  #look(member: Member, now: number): void {
    const silent = now - member.beatAt >= SILENT_MS;
    if (silent === member.silent) return;
    member.silent = silent;
    const fields = { worker: member.place.number, pid: member.process?.pid };
    if (silent) {
      const seconds = Math.round((now - member.beatAt) / 1000);
      this.#options.report(
        "silent",
        `worker ${nameOf(member)} has not answered for ${seconds} s: its event loop is blocked`,
        fields,
      );
    } else this.#options.report("back", `worker ${nameOf(member)} answers again`, fields);
  }
}

function nameOf({ place, process }: Member): string {
  return `${place.number} (${process?.pid ?? "not started"})`;
}
