// Changes of a plan for what-if runs, checked against the settings that exist.
import { didYouMean } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { parseDuration } from "../../read/values/duration.ts";
import type { Effects } from "../../resolve/model/call.ts";
import type { Entry, Leaf } from "../model/calls.ts";
import type { Plan, PlanFile } from "../model/plan.ts";
import { CALL_SETTINGS, type EditedCall, RPC_SETTINGS, type Setting, type Unit, UPSTREAM_SETTINGS } from "./setting.ts";

/** One change, such as `billing.v1: timeout 50ms`. */
export interface PlanEdit {
  /** Package, service or rpc; undefined: every upstream that has the setting. */
  readonly target: string | undefined;
  /** Path in the options, as in `cache.ttl`. */
  readonly key: string;
  /** A value as in the options, `off`, or a factor such as `×2`. */
  readonly value: string;
}

/** One setting of the plan, for people and searches. */
export interface SettingReport {
  /** `rpc`: served by the BFF; `call`: an rpc of an upstream. */
  readonly kind: "rpc" | "call" | "upstream";
  /** `package.Service` or `package.Service/Method`. */
  readonly item: string;
  readonly key: string;
  readonly unit: Unit;
  /** Null: not set. */
  readonly value: number | null;
  /** Place of the value, as in `policy/v1/policy.proto:12`; undefined: a default. */
  readonly at?: string;
}

/** A changed plan, and the reasons for changes that are impossible. */
interface EditedPlan {
  readonly plan: Plan;
  /** The settings after the changes, with the places of the values before. */
  readonly settings: readonly SettingReport[];
  readonly faults: readonly string[];
}

/**
 * Returns the plan with the changes.
 *
 * @example
 * editPlan(plan, [{ target: "billing.v1", key: "timeout", value: "50ms" }]).faults; // []
 */
export function editPlan(plan: Plan, edits: readonly PlanEdit[]): EditedPlan {
  const editor = new Editor(plan);
  const faults = edits.flatMap((edit) => apply(edit, editor.items));
  const reports = editor.items.flatMap(reportsOf);
  const once = new Map(reports.map((report) => [`${report.kind} ${report.item} ${report.key}`, report]));
  return { plan: editor.plan(), settings: [...once.values()], faults };
}

// ---- items ----

/** A setting of one item, which can be changed. */
interface BoundSetting extends Pick<Setting<unknown>, "key" | "unit"> {
  readonly before: Leaf<number> | undefined;
  readonly read: () => Leaf<number> | undefined;
  /** Returns the reason why the value is impossible. */
  readonly write: (value: number | undefined) => string | undefined;
}
interface Item {
  readonly kind: SettingReport["kind"];
  readonly name: string;
  readonly settings: readonly BoundSetting[];
}

/** Items in the order in which changes look for their settings, and the present values of the items. */
class Editor {
  readonly items: readonly Item[];
  readonly #plan: Plan;
  readonly #changed = new Map<object, object>();

  constructor(plan: Plan) {
    const effects = effectsOf(plan);
    const { files } = plan;
    const calls = files.flatMap(({ entries, clients }) => [...entries, ...clients]);
    this.#plan = plan;
    this.items = [
      ...calls.map((entry) => {
        const name = fullName(entry.method);
        const call: EditedCall = { policy: entry.policy, effects: effects.get(name) ?? "once" };
        return this.#item("call", name, CALL_SETTINGS, call, entry.policy);
      }),
      ...files.flatMap(({ upstreams }) =>
        upstreams.map((item) => this.#item("upstream", item.service.typeName, UPSTREAM_SETTINGS, item)),
      ),
      ...files.flatMap(({ services }) =>
        services.flatMap(({ methods }) =>
          methods.map((item) => this.#item("rpc", fullName(item.method.desc), RPC_SETTINGS, item)),
        ),
      ),
    ];
  }

  /** @param id the item's object in the plan */
  #item<T extends object>(
    kind: Item["kind"],
    name: string,
    settings: readonly Setting<T>[],
    item: T,
    id: object = item,
  ): Item {
    const now = (): T => this.#present<T>(id, item);
    const bound = settings.map(
      ({ key, unit, read, write }): BoundSetting => ({
        key,
        unit,
        before: read(item),
        read: () => read(now()),
        write: (value) => {
          const changed = write(now(), value);
          if (typeof changed === "string") return changed;
          this.#changed.set(id, changed);
          return undefined;
        },
      }),
    );
    return { kind, name, settings: bound };
  }
  #present<T extends object>(id: object, item: T): T {
    return (this.#changed.get(id) as T | undefined) ?? item;
  }

  plan(): Plan {
    return { ...this.#plan, files: this.#plan.files.map((file) => this.#file(file)) };
  }
  #file(file: PlanFile): PlanFile {
    const call = <T extends Entry>(entry: T): T => {
      const { policy } = this.#present<Pick<Entry, "policy">>(entry.policy, entry);
      return { ...entry, policy };
    };
    return {
      ...file,
      entries: file.entries.map(call),
      clients: file.clients.map(call),
      upstreams: file.upstreams.map((upstream) => this.#present(upstream, upstream)),
      services: file.services.map((service) => ({
        ...service,
        methods: service.methods.map((method) => this.#present(method, method)),
      })),
    };
  }
}

/** Returns the strongest effects of each called method. */
function effectsOf({ messages }: Plan): ReadonlyMap<string, Effects> {
  const effects = new Map<string, Effects>();
  const rank: readonly Effects[] = ["none", "idempotent", "once"];
  for (const { calls } of messages)
    for (const { method, effects: found } of calls.keys()) {
      const before = effects.get(fullName(method)) ?? "none";
      effects.set(fullName(method), rank.indexOf(found) > rank.indexOf(before) ? found : before);
    }
  return effects;
}

function reportsOf({ kind, name, settings }: Item): readonly SettingReport[] {
  return settings.map(({ key, unit, before, read }) => {
    const at = before?.at;
    return { kind, item: name, key, unit, value: read()?.value ?? null, ...(at && { at: `${at.file}:${at.line}` }) };
  });
}

// ---- changes ----

/** Returns true if a package, a service or an rpc contains the item. */
const covers = (target: string | undefined, { name }: Item): boolean =>
  target === undefined || name === target || name.startsWith(`${target}.`) || name.startsWith(`${target}/`);

/** Applies a change to the items of the first kind that has its setting, and returns its faults. */
function apply(edit: PlanEdit, all: readonly Item[]): readonly string[] {
  const { target, key, value } = edit;
  const matched = all.filter((item) => covers(target, item));
  if (matched.length === 0) return [unknownTarget(target ?? "", all)];
  const found = matched.flatMap(({ kind, name, settings }) =>
    settings.filter((setting) => setting.key === key).map((setting) => ({ kind, name, setting })),
  );
  const [first] = found;
  if (first === undefined) return [unknownKey(edit, matched)];
  // A change without a target adds the setting to no item.
  const present = target === undefined ? found.filter(({ setting }) => setting.read() !== undefined) : found;
  const kind = present[0]?.kind;
  if (kind === undefined)
    return [`nothing has ${key}: name an rpc or a service, as in "${first.name}: ${key} ${value}"`];
  return present
    .filter((candidate) => candidate.kind === kind)
    .flatMap(({ name, setting }) => {
      const amount = amountOf(value, setting);
      const fault = typeof amount === "string" ? amount : setting.write(amount.value);
      return fault === undefined ? [] : [`${key} of ${name} cannot be "${value}": ${fault}`];
    });
}

function unknownTarget(target: string, items: readonly Item[]): string {
  const names = [...new Set(items.map(({ name }) => name))];
  const parts = names.flatMap((name) => [name, name.replace(/\/.*/, ""), name.replace(/\.[^.]*$/, "")]);
  const like = didYouMean(target, new Set(parts));
  return `nothing in the plan is "${target}": ${like === undefined ? `there are ${names.join(", ")}` : `did you mean "${like}"?`}`;
}
function unknownKey({ target, key }: PlanEdit, items: readonly Item[]): string {
  const keys = [
    ...new Set([...WORLD_KEYS, ...items.flatMap(({ settings }) => settings.map((setting) => setting.key))]),
  ];
  const like = didYouMean(key, keys);
  const of = target === undefined ? "" : ` of ${target}`;
  return `"${key}" is no setting${of}: ${like === undefined ? `write one of ${keys.join(", ")}` : `did you mean "${like}"?`}`;
}
/** Settings of the world around the BFF, which the simulation applies. */
export const WORLD_KEYS: readonly string[] = ["latency", "errors", "rate"];

/** Returns the amount in the setting's unit, undefined for off, or a fault. */
function amountOf(value: string, { unit, read }: BoundSetting): { readonly value: number | undefined } | string {
  if (value === "off") return { value: undefined };
  const factor = /^[×x*] ?(\d+(?:\.\d+)?)$/.exec(value)?.[1];
  if (factor === undefined) return VALUES[unit](value);
  const before = read()?.value;
  if (before === undefined) return "it is not set: write a value in place of a factor";
  const amount = before * Number(factor);
  return { value: unit === "count" ? Math.max(1, Math.round(amount)) : amount };
}
const VALUES: Readonly<Record<Unit, (value: string) => { readonly value: number } | string>> = {
  ms: (value) => {
    const parsed = parseDuration(value);
    return parsed.ok ? { value: parsed.milliseconds } : `the duration ${parsed.problem}: ${parsed.hint}`;
  },
  count: (value) => (/^[1-9]\d{0,8}$/.test(value) ? { value: Number(value) } : 'write a whole number, as in "3"'),
  share: (value) => {
    const [, number, percent] = /^(\d+(?:\.\d+)?)( ?%)?$/.exec(value) ?? [];
    const share = Number(number) / (percent === undefined ? 1 : 100);
    return share >= 0 && share <= 1 ? { value: share } : 'write a share from 0 to 1, or percent, as in "3%"';
  },
};
